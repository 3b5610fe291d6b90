//! The configuration of a license server: flag over environment over file over default.

use std::num::NonZeroU32;

use serde::Deserialize;
use trybuy_formats::ids::LicenseServerId;
use trybuy_formats::instant::{DAY, Span};
use trybuy_formats::limits;
use url::Url;

use super::ROLE;
use crate::config::{
    ConfigError, DatabaseConfig, DatabaseSection, HttpConfig, RoleOverrides, read_role_file,
    span_text,
};
use crate::data_dir::DataDir;

/// The file that `init` writes: every setting with its default, as comments.
pub const TEMPLATE: &str = include_str!("../../defaults/license-server.toml");

/// The configuration of a license server, complete and checked.
#[derive(Clone, Debug)]
pub struct LicenseServerConfig {
    /// Its id.
    pub id: LicenseServerId,
    /// Where the secure license store is.
    pub database: DatabaseConfig,
    /// Where packs are ordered; no slash at its end. None where orders travel as files.
    pub clearinghouse: Option<String>,
    /// How licenses are issued.
    pub licenses: LicensesConfig,
    /// Rate limits.
    pub rate_limits: LicenseRateLimits,
    /// Connections.
    pub http: HttpConfig,
}

/// `[licenses]`
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LicensesConfig {
    /// How long a temporary license lasts. Default: 60d.
    #[serde(deserialize_with = "span_text::span")]
    pub temporary: Span,
    /// How long a revocation list is valid. Default: 7d.
    #[serde(deserialize_with = "span_text::span")]
    pub revocation_list: Span,
}

impl Default for LicensesConfig {
    fn default() -> Self {
        let days = |days| Span::seconds(days * DAY.as_seconds());
        Self { temporary: days(60), revocation_list: days(7) }
    }
}

/// `[rate_limits]`
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LicenseRateLimits {
    /// Requests of clients from one address. Default: 6000.
    pub requests_per_minute: NonZeroU32,
    /// Requests with a wrong signature from one address. Default: 120.
    pub failures_per_minute: NonZeroU32,
}

impl Default for LicenseRateLimits {
    fn default() -> Self {
        let of = |count| NonZeroU32::new(count).expect("the defaults are not zero");
        Self { requests_per_minute: of(6000), failures_per_minute: of(120) }
    }
}

/// The configuration file as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    id: LicenseServerId,
    #[serde(default)]
    database: DatabaseSection,
    #[serde(default)]
    clearinghouse: Clearinghouse,
    #[serde(default)]
    licenses: LicensesConfig,
    #[serde(default)]
    rate_limits: LicenseRateLimits,
    #[serde(default)]
    http: HttpConfig,
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Clearinghouse {
    url: Option<Url>,
}

impl LicenseServerConfig {
    /// Reads the configuration file of a data directory and puts the overrides over it.
    ///
    /// # Errors
    /// When the file is missing or malformed, or a value is out of its range.
    pub fn load(data_dir: &DataDir, overrides: RoleOverrides) -> Result<Self, ConfigError> {
        Self::resolve(read_role_file(&data_dir.role(ROLE))?, data_dir, overrides)
    }

    fn resolve(
        file: File,
        data_dir: &DataDir,
        overrides: RoleOverrides,
    ) -> Result<Self, ConfigError> {
        let RoleOverrides { database_url, behind_proxy } = overrides;
        let http = file.http.with_behind_proxy(behind_proxy);
        http.check()?;
        file.licenses.check()?;
        let url = file.clearinghouse.url;
        Ok(Self {
            id: file.id,
            database: file.database.resolve(database_url, data_dir)?,
            clearinghouse: url.map(|url| url.as_str().trim_end_matches('/').to_owned()),
            licenses: file.licenses,
            rate_limits: file.rate_limits,
            http,
        })
    }
}

impl LicensesConfig {
    fn check(&self) -> Result<(), ConfigError> {
        for (setting, span) in [
            ("licenses.temporary", self.temporary),
            ("licenses.revocation_list", self.revocation_list),
        ] {
            if !(Span::seconds(1)..=limits::DURATION).contains(&span) {
                return Err(ConfigError::invalid(setting, "is between 1s and 36525d"));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_template_holds_the_defaults() {
        let uncommented: String = TEMPLATE
            .replace("\"ID\"", "\"server\"")
            .lines()
            .map(|line| line.strip_prefix("#: ").unwrap_or(line).to_owned() + "\n")
            .collect();
        let file: File = toml::from_str(&uncommented).expect("the template is a configuration");
        let default: File = toml::from_str("id = \"server\"").expect("nothing else is needed");
        assert_eq!(file.licenses, default.licenses);
        assert_eq!(file.rate_limits, default.rate_limits);
        assert_eq!(file.http, default.http);
    }

    #[test]
    fn a_span_of_nothing_is_refused() {
        let directory = tempfile::tempdir().expect("a directory");
        let data_dir = DataDir::new(directory.path());
        for setting in ["temporary", "revocation_list"] {
            let text = format!("id = \"server\"\n[licenses]\n{setting} = \"0s\"");
            let file = toml::from_str(&text).expect("well-formed");
            let refused = LicenseServerConfig::resolve(file, &data_dir, RoleOverrides::default());
            assert!(matches!(refused, Err(ConfigError::Invalid { .. })), "{text}");
        }
    }
}
