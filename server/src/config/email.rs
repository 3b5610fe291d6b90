//! `[email]`: whether e-mail addresses have to be verified, and how mails leave.

use serde::Deserialize;

use super::ConfigError;
use crate::data_dir::DataDir;
use crate::mail::{Mailer, Sender, Transport};

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Section {
    verify: bool,
    transport: Option<String>,
    from: Option<String>,
}

impl Section {
    /// What is written is checked, also where it is not asked for.
    pub(super) fn resolve(self, data_dir: &DataDir) -> Result<Option<Mailer>, ConfigError> {
        let transport = self.transport.map(|text| transport(&text, data_dir)).transpose()?;
        let from = self.from.map(|text| sender(&text)).transpose()?;
        if !self.verify {
            return Ok(None);
        }
        let missing = |setting| ConfigError::invalid(setting, "is needed with `email.verify`");
        let transport = transport.ok_or_else(|| missing("email.transport"))?;
        let from = from.ok_or_else(|| missing("email.from"))?;
        Ok(Some(Mailer::new(transport, from)))
    }
}

/// The text may hold a password, so it is not repeated.
fn transport(text: &str, data_dir: &DataDir) -> Result<Transport, ConfigError> {
    Transport::parse(text, data_dir.path()).ok_or_else(|| {
        ConfigError::invalid(
            "email.transport",
            "is smtps://USER:PASSWORD@HOST:PORT, smtp://…, or file:DIRECTORY",
        )
    })
}

fn sender(text: &str) -> Result<Sender, ConfigError> {
    text.parse().map_err(|_| {
        ConfigError::invalid("email.from", "is an address such as `Example <try@example.com>`")
    })
}
