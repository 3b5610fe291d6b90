//! `[database]`: where the metadata is.

use serde::Deserialize;

use super::ConfigError;
use crate::data_dir::DataDir;
use crate::store::DatabaseUrl;

/// Where the metadata is.
#[derive(Clone, Debug)]
pub struct DatabaseConfig {
    /// The address; it prints without its password.
    pub url: DatabaseUrl,
    /// Whether it is the file in the data directory, which one process has for itself and migrates
    /// when it starts.
    pub is_default: bool,
}

/// The section as it is written.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DatabaseSection {
    url: Option<String>,
}

impl DatabaseSection {
    /// The address: `url`, which a flag or the environment gave, before the one in the file, before the
    /// file of SQLite in the data directory.
    ///
    /// # Errors
    /// When it is not an address of a database.
    pub fn resolve(
        self,
        url: Option<String>,
        data_dir: &DataDir,
    ) -> Result<DatabaseConfig, ConfigError> {
        let Some(text) = url.or(self.url) else {
            let url = DatabaseUrl::in_directory(data_dir.path());
            return Ok(DatabaseConfig { url, is_default: true });
        };
        let url = text
            .parse()
            .map_err(|_| ConfigError::invalid("database.url", "is sqlite:PATH or postgres://…"))?;
        Ok(DatabaseConfig { url, is_default: false })
    }
}
