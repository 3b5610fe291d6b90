//! The configuration: flag over environment over file over default.
//!
//! The file is `server.toml` in the data directory; flags and the environment come in as
//! [`Overrides`] (clap reads both). Each concern has its own file in `config/`; what concerns meet in
//! is checked once, here, before the server starts.

mod blobs;
mod builder;
mod database;
mod email;
mod http;
mod rate_limits;
mod role_file;
mod server;
pub(crate) mod span_text;
mod uploads;
mod webhooks;

use std::fs;
use std::io;
use std::path::PathBuf;

use serde::Deserialize;

pub use self::blobs::{BlobsConfig, BlobsPlace};
pub use self::builder::BuilderConfig;
pub use self::database::{DatabaseConfig, DatabaseSection};
pub use self::http::HttpConfig;
pub use self::rate_limits::RateLimitsConfig;
pub use self::role_file::{RoleOverrides, read_role_file};
pub use self::server::{Overrides, ServerConfig};
pub use self::uploads::UploadsConfig;
pub use self::webhooks::WebhooksConfig;
use crate::data_dir::DataDir;
use crate::mail::Mailer;

/// The file that `init` writes: every setting with its default, as comments.
pub const TEMPLATE: &str = include_str!("../defaults/server.toml");
/// The licensing terms of the Builder that `init` writes.
pub const BUILDER_TERMS: &str = include_str!("../defaults/builder-terms.md");

/// The largest configuration file, in bytes.
const FILE_CAP: u64 = 1 << 20;

/// The configuration of a server, complete and checked.
#[derive(Clone, Debug)]
pub struct Config {
    /// Name and address.
    pub server: ServerConfig,
    /// Where the metadata is.
    pub database: DatabaseConfig,
    /// Where the programs are.
    pub blobs: BlobsConfig,
    /// What Builders are licensed under.
    pub builder: BuilderConfig,
    /// How codes reach e-mail addresses; none where addresses need not be verified.
    pub email: Option<Mailer>,
    /// Connections.
    pub http: HttpConfig,
    /// Uploads of releases.
    pub uploads: UploadsConfig,
    /// Rate limits.
    pub rate_limits: RateLimitsConfig,
    /// What vendors' webhooks may reach.
    pub webhooks: WebhooksConfig,
}

/// The configuration file as it is written.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct File {
    server: server::Section,
    database: DatabaseSection,
    blobs: blobs::Section,
    builder: builder::Section,
    email: email::Section,
    http: HttpConfig,
    uploads: UploadsConfig,
    rate_limits: RateLimitsConfig,
    webhooks: WebhooksConfig,
}

/// Why there is no configuration.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// The data directory has no configuration file.
    #[error("{} is not the data directory of a server", .0.display())]
    NotInitialised(PathBuf),
    /// The data directory has no configuration file of a role.
    #[error("{} is not the directory of a {role}", path.display())]
    RoleNotInitialised {
        /// The role.
        role: &'static str,
        /// The directory.
        path: PathBuf,
    },
    /// A file cannot be read.
    #[error("{} cannot be read", path.display())]
    Unreadable {
        /// Which one.
        path: PathBuf,
        /// What the system says.
        #[source]
        source: io::Error,
    },
    /// The configuration file is not what it should be.
    #[error("{} is not a configuration", path.display())]
    Malformed {
        /// Which one.
        path: PathBuf,
        /// Where and why.
        #[source]
        source: Box<toml::de::Error>,
    },
    /// A value is out of its range.
    #[error("the setting `{setting}` {wrong}")]
    Invalid {
        /// Its name, as in the file.
        setting: &'static str,
        /// What is wrong with it.
        wrong: String,
    },
}

impl ConfigError {
    /// A value out of its range.
    pub(crate) fn invalid(setting: &'static str, wrong: impl Into<String>) -> Self {
        Self::Invalid { setting, wrong: wrong.into() }
    }
}

impl Config {
    /// Reads the configuration file of a data directory and puts the overrides over it.
    ///
    /// # Errors
    /// When the file is missing or malformed, or a value is out of its range.
    pub fn load(data_dir: &DataDir, overrides: Overrides) -> Result<Self, ConfigError> {
        let path = data_dir.config();
        match read_text(&path, FILE_CAP) {
            Ok(text) => Self::from_text(&text, data_dir, overrides),
            Err(source) if source.kind() == io::ErrorKind::NotFound => {
                Err(ConfigError::NotInitialised(data_dir.path().to_owned()))
            }
            Err(source) => Err(ConfigError::Unreadable { path, source }),
        }
    }

    /// The configuration in a text as the file of a data directory holds it.
    ///
    /// # Errors
    /// When the text is malformed, or a value is out of its range.
    pub fn from_text(
        text: &str,
        data_dir: &DataDir,
        overrides: Overrides,
    ) -> Result<Self, ConfigError> {
        let file: File = toml::from_str(text).map_err(|source| ConfigError::Malformed {
            path: data_dir.config(),
            source: Box::new(source),
        })?;
        let config = Self {
            server: file.server.resolve(overrides.name, overrides.public_url)?,
            database: file.database.resolve(overrides.database_url, data_dir)?,
            blobs: file.blobs.resolve(overrides.blobs_url, data_dir)?,
            builder: file.builder.resolve(data_dir)?,
            email: file.email.resolve(data_dir)?,
            http: file.http.with_behind_proxy(overrides.behind_proxy),
            uploads: file.uploads,
            rate_limits: file.rate_limits,
            webhooks: file.webhooks,
        };
        config.http.check()?;
        config.uploads.check()?;
        Ok(config)
    }
}

/// A text file of at most `cap` bytes.
fn read_text(path: &std::path::Path, cap: u64) -> io::Result<String> {
    if fs::metadata(path)?.len() > cap {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, "the file is too large"));
    }
    fs::read_to_string(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn loaded(file: &str, overrides: Overrides) -> Result<Config, ConfigError> {
        let dir = tempfile::tempdir().expect("a directory");
        let data_dir = DataDir::new(dir.path());
        fs::write(data_dir.config(), file).expect("written");
        fs::write(data_dir.builder_terms(), BUILDER_TERMS).expect("written");
        Config::load(&data_dir, overrides)
    }

    #[test]
    fn the_template_holds_the_defaults() {
        let uncommented: String = TEMPLATE
            .lines()
            .map(|line| line.strip_prefix("#: ").unwrap_or(line).to_owned() + "\n")
            .collect();
        let file: File = toml::from_str(&uncommented).expect("the template is a configuration");
        let default = File::default();
        assert_eq!(file.http, default.http);
        assert_eq!(file.uploads, default.uploads);
        assert_eq!(file.rate_limits, default.rate_limits);
        assert_eq!(file.webhooks, default.webhooks);
        assert_eq!(file.builder, default.builder);
        let bare = loaded(TEMPLATE, Overrides::default()).expect("loaded");
        assert_eq!(bare.server.name.as_str(), "trybuy");
    }

    #[test]
    fn an_override_wins_over_the_file() {
        let file = "[server]\nname = \"From file\"\n";
        assert_eq!(
            loaded(file, Overrides::default()).expect("loaded").server.name.as_str(),
            "From file"
        );
        let overrides = Overrides { name: Some("From flag".to_owned()), ..Overrides::default() };
        assert_eq!(loaded(file, overrides).expect("loaded").server.name.as_str(), "From flag");
    }

    #[test]
    fn wrong_settings_are_named() {
        for (file, named) in [
            ("[server]\nname = \"\"", "server.name"),
            ("[server]\npublic_url = \"ftp://x\"", "server.public_url"),
            ("[builder]\nlicense_duration = \"0s\"", "builder.license_duration"),
            ("[http]\nrequest_timeout = \"0s\"", "http.request_timeout"),
            ("[uploads]\nmaximum_size = 0", "uploads.maximum_size"),
            ("[blobs]\nurl = \"ftp://x/y\"", "blobs.url"),
            ("[email]\nverify = true", "email.transport"),
            ("[email]\nverify = true\ntransport = \"file:mails\"", "email.from"),
            ("[email]\nfrom = \"nobody\"", "email.from"),
            ("[email]\ntransport = \"mail.example.com\"", "email.transport"),
            ("[email]\ntransport = \"smtp://\"", "email.transport"),
            ("[email]\ntransport = \"file:\"", "email.transport"),
        ] {
            let refused = loaded(file, Overrides::default()).err();
            let setting = refused.and_then(|refused| match refused {
                ConfigError::Invalid { setting, .. } => Some(setting),
                _ => None,
            });
            assert_eq!(setting, Some(named));
        }
        for file in ["[server]\nnmae = \"x\"", "[htpp]", "[http]\nrequest_timeout = \"10\""] {
            assert!(
                matches!(loaded(file, Overrides::default()), Err(ConfigError::Malformed { .. })),
                "{file}"
            );
        }
    }
}
