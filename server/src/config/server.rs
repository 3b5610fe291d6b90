//! `[server]`: name and address, and what flags and the environment put over the file.

use serde::Deserialize;
use trybuy_formats::ids::Name;
use url::Url;

use super::ConfigError;

/// What was given by flag or environment; `None` leaves it to the file.
#[derive(Clone, Debug, Default)]
pub struct Overrides {
    /// `--name`, `TRYBUY_NAME`
    pub name: Option<String>,
    /// `--public-url`, `TRYBUY_PUBLIC_URL`
    pub public_url: Option<String>,
    /// `--database-url`, `TRYBUY_DATABASE_URL`
    pub database_url: Option<String>,
    /// `--blobs-url`, `TRYBUY_BLOBS_URL`
    pub blobs_url: Option<String>,
    /// `--behind-proxy`, `TRYBUY_BEHIND_PROXY`
    pub behind_proxy: Option<bool>,
}

/// Name and address of the server.
#[derive(Clone, Debug)]
pub struct ServerConfig {
    /// Its name for people.
    pub name: Name,
    /// Where it is reached from outside; none: where it listens.
    pub public_url: Option<Url>,
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Section {
    name: Option<String>,
    public_url: Option<String>,
}

impl Section {
    pub(super) fn resolve(
        self,
        name: Option<String>,
        public_url: Option<String>,
    ) -> Result<ServerConfig, ConfigError> {
        let name = name.or(self.name).unwrap_or_else(|| "trybuy".to_owned());
        let name = name
            .parse()
            .map_err(|_| ConfigError::invalid("server.name", "has 1 to 100 characters"))?;
        let public_url = public_url.or(self.public_url).map(|text| address(&text)).transpose()?;
        Ok(ServerConfig { name, public_url })
    }
}

/// An address to which paths can be appended.
fn address(text: &str) -> Result<Url, ConfigError> {
    let wrong = || {
        ConfigError::invalid(
            "server.public_url",
            "is an address such as https://try.example.com, without query or fragment",
        )
    };
    let url = Url::parse(text).map_err(|_| wrong())?;
    let plain = matches!(url.scheme(), "http" | "https")
        && url.query().is_none()
        && url.fragment().is_none()
        && url.username().is_empty()
        && url.password().is_none();
    if plain { Ok(url) } else { Err(wrong()) }
}
