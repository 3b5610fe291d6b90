//! `[webhooks]`: what vendors' webhooks may reach.

use serde::Deserialize;

/// What vendors' webhooks may reach.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct WebhooksConfig {
    /// Whether they may reach addresses that are not public: this machine and the networks around it.
    /// Default: no, as anybody with a token could reach what only the server can.
    pub allow_private: bool,
}
