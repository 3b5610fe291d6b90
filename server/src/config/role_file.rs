//! The configuration files of the roles of the licensing system: each role has its own, with its own
//! sections, in its directory.

use std::io;

use serde::de::DeserializeOwned;

use super::{ConfigError, FILE_CAP, read_text};
use crate::data_dir::RoleDir;

/// What was given by flag or environment; `None` leaves it to the file.
#[derive(Clone, Debug, Default)]
pub struct RoleOverrides {
    /// `--database-url`, `TRYBUY_DATABASE_URL`
    pub database_url: Option<String>,
    /// `--behind-proxy`, `TRYBUY_BEHIND_PROXY`
    pub behind_proxy: Option<bool>,
}

/// Reads the configuration file of a role as it is written.
///
/// # Errors
/// When the file is missing or malformed.
pub fn read_role_file<T: DeserializeOwned>(directory: &RoleDir) -> Result<T, ConfigError> {
    let path = directory.config();
    let text = read_text(&path, FILE_CAP).map_err(|source| match source.kind() {
        io::ErrorKind::NotFound => ConfigError::RoleNotInitialised {
            role: directory.role(),
            path: directory.path().to_owned(),
        },
        _ => ConfigError::Unreadable { path: path.clone(), source },
    })?;
    toml::from_str(&text)
        .map_err(|source| ConfigError::Malformed { path, source: Box::new(source) })
}
