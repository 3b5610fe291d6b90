//! The request for an upgrade (SL Fig. 8).

use serde::{Deserialize, Serialize};

use super::product::are_features;
use crate::encoding::base64_bytes;
use crate::ids::{Label, Version};
use crate::limits;
use crate::primitives::SPKI_LENGTH;
use crate::signed::{Document, FORMAT};

/// The payload of a client's request for a license of a newer version in place of the one it has. Signed
/// with the client's key: "a platform challenge is not performed because a valid, digitally signed license
/// is presented".
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UpgradeRequest {
    /// Version of this structure, 1.
    pub format: u32,
    /// The license it has, in DER.
    #[serde(with = "base64_bytes")]
    pub license: Vec<u8>,
    /// The version that is wanted, or a newer one.
    pub version: Version,
    /// The features that the license has to enable, as [`are_features`] wants them.
    pub features: Vec<Label>,
    /// The key that the license is to be encrypted to: RSA-3072, SubjectPublicKeyInfo in DER.
    #[serde(with = "base64_bytes")]
    pub encryption_key: Vec<u8>,
}

impl Document for UpgradeRequest {
    const TYPE: &'static str = "trybuy-license-upgrade";
    const PAYLOAD_CAP: usize = limits::CLIENT_DOCUMENT_PAYLOAD;

    fn is_valid(&self) -> bool {
        self.format == FORMAT
            && self.license.len() <= limits::CERTIFICATE
            && are_features(&self.features)
            && self.encryption_key.len() == SPKI_LENGTH
    }
}
