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

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Section {
    url: Option<String>,
}

impl Section {
    pub(super) fn resolve(
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
