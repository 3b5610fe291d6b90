//! `clearinghouse.toml`

use std::num::NonZeroU32;

use serde::Deserialize;
use trybuy_formats::api::SecretText;
use trybuy_formats::ids::ClearinghouseId;
use trybuy_formats::keys::ProviderSecret;

use super::ROLE;
use crate::config::{
    ConfigError, DatabaseConfig, DatabaseSection, HttpConfig, RoleOverrides, read_role_file,
};
use crate::data_dir::DataDir;

/// The file that `init` writes: every setting with its default, as comments.
pub const TEMPLATE: &str = include_str!("../../defaults/clearinghouse.toml");

/// The configuration of a clearinghouse, complete and checked.
pub struct ClearinghouseConfig {
    /// Its id.
    pub id: ClearinghouseId,
    /// Where the master license database is.
    pub database: DatabaseConfig,
    /// The secret that a payment provider signs with; none where operators record all fees.
    pub provider_secret: Option<ProviderSecret>,
    /// Connections.
    pub http: HttpConfig,
    /// Rate limits.
    pub rate_limits: RateLimitsConfig,
}

/// How often an address may ask for what costs something. A whole minute's share may come at once.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RateLimitsConfig {
    /// Orders. Default: 30.
    pub orders_per_minute: NonZeroU32,
    /// Messages about payments with a wrong signature. Default: 120.
    pub failures_per_minute: NonZeroU32,
}

/// The file as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    clearinghouse: Section,
    #[serde(default)]
    database: DatabaseSection,
    #[serde(default)]
    payments: PaymentsSection,
    #[serde(default)]
    http: HttpConfig,
    #[serde(default)]
    rate_limits: RateLimitsConfig,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Section {
    id: ClearinghouseId,
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct PaymentsSection {
    secret: Option<SecretText>,
}

impl Default for RateLimitsConfig {
    fn default() -> Self {
        let of = |count| NonZeroU32::new(count).expect("the defaults are not zero");
        Self { orders_per_minute: of(30), failures_per_minute: of(120) }
    }
}

impl ClearinghouseConfig {
    /// Reads the configuration file in the data directory and puts the overrides over it.
    ///
    /// # Errors
    /// When the file is missing or malformed, or a value is out of its range.
    pub fn load(data_dir: &DataDir, overrides: RoleOverrides) -> Result<Self, ConfigError> {
        let file: File = read_role_file(&data_dir.role(ROLE))?;
        let http = file.http.with_behind_proxy(overrides.behind_proxy);
        http.check()?;
        Ok(Self {
            id: file.clearinghouse.id,
            database: file.database.resolve(overrides.database_url, data_dir)?,
            provider_secret: file.payments.secret.map(|text| secret(&text)).transpose()?,
            http,
            rate_limits: file.rate_limits,
        })
    }
}

/// The text is not repeated.
fn secret(text: &str) -> Result<ProviderSecret, ConfigError> {
    ProviderSecret::parse(text).ok_or_else(|| {
        ConfigError::invalid("payments.secret", "is `whsec_` and 24 to 64 bytes in base64")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn loaded(text: &str) -> Result<ClearinghouseConfig, ConfigError> {
        let dir = tempfile::tempdir().expect("a directory");
        let data_dir = DataDir::new(dir.path());
        let role = data_dir.role(ROLE);
        role.create().expect("made");
        std::fs::write(role.config(), text).expect("written");
        ClearinghouseConfig::load(&data_dir, RoleOverrides::default())
    }

    #[test]
    fn the_template_holds_the_defaults() {
        let uncommented: String = TEMPLATE
            .lines()
            .map(|line| line.strip_prefix("#: ").unwrap_or(line).to_owned() + "\n")
            .collect();
        let text = uncommented.replace("\"ID\"", "\"main\"");
        let file: File = toml::from_str(&text).expect("the template is a configuration");
        assert_eq!(file.http, HttpConfig::default());
        assert_eq!(file.rate_limits, RateLimitsConfig::default());
        assert!(loaded(&text).is_ok_and(|config| config.id.as_str() == "main"));
    }

    #[test]
    fn wrong_settings_are_refused() {
        for wrong in [
            "",
            "[clearinghouse]\nid = \"A B\"",
            "[clearinghouse]\nid = \"a\"\nnmae = \"b\"",
            "[clearinghouse]\nid = \"a\"\n[payments]\nsecret = \"secret\"",
            "[clearinghouse]\nid = \"a\"\n[http]\nrequest_timeout = \"0s\"",
            "[clearinghouse]\nid = \"a\"\n[rate_limits]\norders_per_minute = 0",
        ] {
            assert!(loaded(wrong).is_err(), "{wrong}");
        }
    }
}
