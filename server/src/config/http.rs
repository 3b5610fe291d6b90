//! `[http]`: connections.

use std::time::Duration;

use serde::Deserialize;

use super::{ConfigError, span_text};

/// Connections.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct HttpConfig {
    /// Whether a reverse proxy stands in front, so that the client's address is the last one in
    /// `X-Forwarded-For`. Default: no; the header is then not looked at, as anybody can send it.
    pub behind_proxy: bool,
    /// How long an answer of the API may take. Default: 10s.
    #[serde(deserialize_with = "span_text::duration")]
    pub request_timeout: Duration,
    /// How long a connection may stand still while a head, an upload or a download is on its way.
    /// Default: 60s.
    #[serde(deserialize_with = "span_text::duration")]
    pub idle_timeout: Duration,
    /// How long running requests may take after the signal to stop. Default: 30s.
    #[serde(deserialize_with = "span_text::duration")]
    pub shutdown_limit: Duration,
    /// Connections at the same time; further ones wait. Default: 4096.
    pub connections: usize,
    /// Connections of one client address at the same time; further ones are closed. Not behind a
    /// proxy, which has to limit them itself. Default: 256.
    pub connections_per_client: usize,
}

impl Default for HttpConfig {
    fn default() -> Self {
        Self {
            behind_proxy: false,
            request_timeout: Duration::from_secs(10),
            idle_timeout: Duration::from_secs(60),
            shutdown_limit: Duration::from_secs(30),
            connections: 4096,
            connections_per_client: 256,
        }
    }
}

impl HttpConfig {
    /// With what a flag or the environment says of a proxy, if it says anything.
    pub fn with_behind_proxy(mut self, behind_proxy: Option<bool>) -> Self {
        self.behind_proxy = behind_proxy.unwrap_or(self.behind_proxy);
        self
    }

    /// Whether the values are within their ranges.
    ///
    /// # Errors
    /// Names the setting that is not.
    pub fn check(&self) -> Result<(), ConfigError> {
        for (setting, span) in [
            ("http.request_timeout", self.request_timeout),
            ("http.idle_timeout", self.idle_timeout),
        ] {
            if span.is_zero() {
                return Err(ConfigError::invalid(setting, "is at least 1s"));
            }
        }
        for (setting, count) in [
            ("http.connections", self.connections),
            ("http.connections_per_client", self.connections_per_client),
        ] {
            if !(1..=1_000_000).contains(&count) {
                return Err(ConfigError::invalid(setting, "is between 1 and 1000000"));
            }
        }
        Ok(())
    }
}
