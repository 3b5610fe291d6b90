//! What a license server says of its records.

use std::process::Command;

use anyhow::{Context as _, Result};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;
use trybuy_formats::licensing::records::RecordsMark;

use super::Company;
use crate::command::Outcome;

impl Company {
    /// How far the license server's records go, as it says itself.
    ///
    /// # Errors
    /// When it does not answer.
    pub fn records(&self) -> Result<RecordsMark> {
        let url = format!("{}/api/v1/license-server", self.license_server_server.url());
        let mut curl = Command::new("curl");
        curl.args(["--silent", "--show-error", "--max-time", "60", &url]);
        let answer = Outcome::of(&mut curl)?.success()?.json()?;
        said(answer["records"].as_str().context("a statement")?)
    }
}

/// How far a signed statement says that records go. Nobody's signature is looked at.
pub(super) fn said(statement: &str) -> Result<RecordsMark> {
    let payload = statement.split('.').nth(1).context("a payload")?;
    let payload: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload)?)?;
    Ok(serde_json::from_value(payload["mark"].clone())?)
}
