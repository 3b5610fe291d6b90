//! `trybuy-server gateway key`

use anyhow::Result;
use trybuy_formats::primitives::RequestSignatureKey;

use super::files::{Files, load};
use super::init::id_of;
use crate::cli::output;
use crate::data_dir::DataDir;
use crate::gateway::ROLE;
use crate::gateway::access::shown_key;

/// Shows the key that a license server knows the gateway by.
pub(super) fn show(data_dir: &DataDir, json: bool) -> Result<()> {
    let directory = data_dir.role(ROLE);
    let key = load(&Files(&directory).request_key(), RequestSignatureKey::from_pkcs8)?;
    let public_key = shown_key(&key);
    if json {
        let shown = serde_json::json!({ "key": public_key, "key_id": id_of(&key) });
        return output::print(&format!("{shown}\n"));
    }
    output::print(&format!("{public_key}\n"))
}
