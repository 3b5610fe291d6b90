//! `gateway.toml`: what a gateway stands in front of, and what it asks of those who come.

use std::num::NonZeroU32;
use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;
use trybuy_formats::ids::{Label, ProductId, Version};
use trybuy_formats::licensing::product::{are_features, in_order};
use trybuy_formats::limits;
use url::Url;

use super::access::{DirectUsers, NamedUsers, Rates, Requirement, StaleList};
use super::{InvalidUpstream, Limits, ROLE, Upstream};
use crate::config::{
    ConfigError, DatabaseConfig, DatabaseSection, RoleOverrides, read_role_file, span_text,
};
use crate::data_dir::DataDir;

/// The file that `init` writes: every setting with its default, as comments.
pub const TEMPLATE: &str = include_str!("../../defaults/gateway.toml");

/// The configuration of a gateway, complete and checked.
#[derive(Clone, Debug)]
pub struct GatewayConfig {
    /// The service behind it.
    pub service: Upstream,
    /// What a license has to be.
    pub requirement: Requirement,
    /// Where the license server is.
    pub license_server: Url,
    /// How often it is asked for news. Default: 15s.
    pub refresh: Duration,
    /// What becomes of licenses when no newer revocation list comes. Default: accept.
    pub stale_list: StaleList,
    /// The certificate chain that it shows, in PEM.
    pub tls_certificate: PathBuf,
    /// The key of that certificate, in PEM.
    pub tls_key: PathBuf,
    /// The socket of direct-connect clients, if there is one. In the gateway's directory only its own user
    /// reaches it.
    pub direct: Option<PathBuf>,
    /// Who may be a direct-connect client. Default: only the gateway's own user.
    pub direct_users: DirectUsers,
    /// What clients and the service may take.
    pub limits: Limits,
    /// How often a client may ask for what costs something.
    pub rates: Rates,
    /// Where its metadata is.
    pub database: DatabaseConfig,
}

/// The configuration file as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    service: ServiceSection,
    license: LicenseSection,
    license_server: LicenseServerSection,
    #[serde(default)]
    tls: TlsSection,
    #[serde(default)]
    direct: DirectSection,
    #[serde(default)]
    limits: LimitsSection,
    #[serde(default)]
    database: DatabaseSection,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ServiceSection {
    url: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LicenseSection {
    product_id: ProductId,
    version: Version,
    #[serde(default)]
    features: Vec<Label>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LicenseServerSection {
    url: Url,
    #[serde(default = "default_refresh", deserialize_with = "span_text::duration")]
    refresh: Duration,
    #[serde(default)]
    stale_list: StaleList,
}

fn default_refresh() -> Duration {
    Duration::from_secs(15)
}

#[derive(Deserialize)]
#[serde(default, deny_unknown_fields)]
struct TlsSection {
    certificate: PathBuf,
    key: PathBuf,
}

impl Default for TlsSection {
    fn default() -> Self {
        Self { certificate: "tls.pem".into(), key: "tls.key".into() }
    }
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct DirectSection {
    socket: Option<PathBuf>,
    users: Vec<NamedUsers>,
}

#[derive(Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct LimitsSection {
    connections: usize,
    connections_per_client: usize,
    #[serde(deserialize_with = "span_text::duration")]
    handshake_timeout: Duration,
    #[serde(deserialize_with = "span_text::duration")]
    idle_timeout: Duration,
    #[serde(deserialize_with = "span_text::duration")]
    connect_timeout: Duration,
    #[serde(deserialize_with = "span_text::duration")]
    service_timeout: Duration,
    #[serde(deserialize_with = "span_text::duration")]
    shutdown_limit: Duration,
    license_requests_per_minute: NonZeroU32,
    wrong_tokens_per_minute: NonZeroU32,
}

impl Default for LimitsSection {
    fn default() -> Self {
        let (limits, rates) = (Limits::default(), Rates::default());
        Self {
            connections: limits.connections,
            connections_per_client: limits.connections_per_client,
            handshake_timeout: limits.handshake_timeout,
            idle_timeout: limits.idle_timeout,
            connect_timeout: limits.connect_timeout,
            service_timeout: limits.upstream_timeout,
            shutdown_limit: limits.shutdown_limit,
            license_requests_per_minute: rates.license_requests_per_minute,
            wrong_tokens_per_minute: rates.wrong_tokens_per_minute,
        }
    }
}

impl LimitsSection {
    fn rates(&self) -> Rates {
        Rates {
            license_requests_per_minute: self.license_requests_per_minute,
            wrong_tokens_per_minute: self.wrong_tokens_per_minute,
        }
    }
}

impl From<LimitsSection> for Limits {
    fn from(section: LimitsSection) -> Self {
        Self {
            connections: section.connections,
            connections_per_client: section.connections_per_client,
            handshake_timeout: section.handshake_timeout,
            idle_timeout: section.idle_timeout,
            connect_timeout: section.connect_timeout,
            upstream_timeout: section.service_timeout,
            shutdown_limit: section.shutdown_limit,
        }
    }
}

impl GatewayConfig {
    /// Reads the configuration file of a gateway and puts the overrides over it.
    ///
    /// # Errors
    /// When the file is missing or malformed, or a value is out of its range.
    pub fn load(data_dir: &DataDir, overrides: RoleOverrides) -> Result<Self, ConfigError> {
        let directory = data_dir.role(ROLE);
        let file: File = read_role_file(&directory)?;
        let service = file.service.url.parse().map_err(|wrong| {
            let wrong: InvalidUpstream = wrong;
            ConfigError::invalid("service.url", format!("is wrong: {wrong}"))
        })?;
        if file.license_server.refresh.is_zero() {
            return Err(ConfigError::invalid("license_server.refresh", "is longer than 0s"));
        }
        if !matches!(file.license_server.url.scheme(), "http" | "https") {
            return Err(ConfigError::invalid("license_server.url", "is http://… or https://…"));
        }
        let features = in_order(file.license.features);
        if !are_features(&features) {
            let most = format!("has at most {} features", limits::FEATURES);
            return Err(ConfigError::invalid("license.features", most));
        }
        Ok(Self {
            service,
            requirement: Requirement {
                product_id: file.license.product_id,
                version: file.license.version,
                features,
            },
            license_server: file.license_server.url,
            refresh: file.license_server.refresh,
            stale_list: file.license_server.stale_list,
            tls_certificate: directory.path().join(file.tls.certificate),
            tls_key: directory.path().join(file.tls.key),
            direct_users: DirectUsers::named(&file.direct.users)
                .map_err(|unknown| ConfigError::invalid("direct.users", unknown.to_string()))?,
            direct: file.direct.socket.map(|socket| directory.path().join(socket)),
            rates: file.limits.rates(),
            limits: checked(file.limits.into())?,
            database: file.database.resolve(overrides.database_url, data_dir)?,
        })
    }
}

fn checked(limits: Limits) -> Result<Limits, ConfigError> {
    for (setting, span) in [
        ("limits.handshake_timeout", limits.handshake_timeout),
        ("limits.idle_timeout", limits.idle_timeout),
        ("limits.connect_timeout", limits.connect_timeout),
        ("limits.service_timeout", limits.upstream_timeout),
    ] {
        if span.is_zero() {
            return Err(ConfigError::invalid(setting, "is longer than 0s"));
        }
    }
    if limits.connections == 0 || limits.connections_per_client == 0 {
        return Err(ConfigError::invalid("limits.connections", "is at least 1"));
    }
    Ok(limits)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn loaded(text: &str) -> Result<GatewayConfig, ConfigError> {
        let folder = tempfile::tempdir().expect("a directory");
        let data_dir = DataDir::new(folder.path());
        let directory = data_dir.role(ROLE);
        directory.create().expect("made");
        std::fs::write(directory.config(), text).expect("written");
        GatewayConfig::load(&data_dir, RoleOverrides::default())
    }

    const LEAST: &str = "[service]\nurl = \"http://127.0.0.1:8000\"\n\
        [license]\nproduct_id = \"com.example.suite\"\nversion = \"5.0.0\"\n\
        [license_server]\nurl = \"http://127.0.0.1:8082\"\n";

    #[test]
    fn the_template_holds_the_defaults() {
        let uncommented: String = TEMPLATE
            .lines()
            .map(|line| line.strip_prefix("#: ").unwrap_or(line).to_owned() + "\n")
            .collect();
        let file: File = toml::from_str(&uncommented).expect("the template is a configuration");
        assert_eq!(file.limits, LimitsSection::default());
        assert_eq!(file.direct.users, DirectSection::default().users);
        assert_eq!(file.license_server.refresh, default_refresh());
        assert_eq!(file.license_server.stale_list, StaleList::default());
        assert!(loaded(TEMPLATE).is_ok());
    }

    #[test]
    fn wrong_settings_are_named() {
        assert!(loaded(LEAST).is_ok());
        let features: Vec<String> = (0..=limits::FEATURES).map(|at| format!("f{at}")).collect();
        let many = format!("features = {features:?}\n[license_server]");
        for (text, named) in [
            (LEAST.replace("http://127.0.0.1:8000", "ftp://x"), "service.url"),
            (LEAST.replace("http://127.0.0.1:8082", "ftp://x"), "license_server.url"),
            (LEAST.replace("[license_server]", &many), "license.features"),
            (format!("{LEAST}[limits]\nidle_timeout = \"0s\"\n"), "limits.idle_timeout"),
            (format!("{LEAST}[limits]\nconnections = 0\n"), "limits.connections"),
            (format!("{LEAST}[direct]\nusers = [0, \"no such user\"]\n"), "direct.users"),
        ] {
            let refused = loaded(&text).err();
            let setting = refused.and_then(|refused| match refused {
                ConfigError::Invalid { setting, .. } => Some(setting),
                _ => None,
            });
            assert_eq!(setting, Some(named));
        }
        assert!(matches!(loaded("[service]"), Err(ConfigError::Malformed { .. })));
    }
}
