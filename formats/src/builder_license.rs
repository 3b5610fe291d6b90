//! The Builder license: what makes a Builder installation (103, 112) a licensed one.
//! Specification: `docs/formats/builder-license.md`.

use serde::{Deserialize, Serialize};

use crate::encoding::base64_bytes;
use crate::ids::{Digest, Email, KeyId, LicenseId, LicenseeId, Name, Platform};
use crate::instant::Instant;
use crate::limits;
use crate::primitives::WRAPPED_LENGTH;
use crate::signed::{self, Document};

/// The payload of a Builder license (`BL-2`).
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BuilderLicense {
    /// Version of this structure, 1.
    pub format: u32,
    /// The license; it stays the same when the license is renewed.
    pub license_id: LicenseId,
    /// Licensee ids 103, 1 to 16; the first one is the holder's own.
    pub licensee_ids: Vec<LicenseeId>,
    /// Trial or full.
    pub kind: BuilderKind,
    /// To whom it was given.
    pub holder: Holder,
    /// The Builder's platform.
    pub platform: Platform,
    /// The Builder's decryption key.
    pub builder_key_id: KeyId,
    /// The Builder's request key: an Ed25519 public key of 32 bytes.
    #[serde(with = "base64_bytes")]
    pub request_key: Vec<u8>,
    /// The license secret, sealed to the Builder's decryption key (`BL-3`).
    #[serde(with = "base64_bytes")]
    pub sealed_secret: Vec<u8>,
    /// When the server signed it.
    pub issued_at: Instant,
    /// Its end date; a trial Builder's time bomb, which every trial has.
    pub ends_at: Option<Instant>,
    /// SHA-256 of the Builder's licensing terms that were accepted.
    pub terms_digest: Digest,
}

impl Document for BuilderLicense {
    const TYPE: &'static str = "trybuy-builder-license";
    const PAYLOAD_CAP: usize = limits::BUILDER_LICENSE_PAYLOAD;

    fn is_valid(&self) -> bool {
        self.format == signed::FORMAT
            && (1..=limits::LICENSEE_IDS).contains(&self.licensee_ids.len())
            && self.request_key.len() == 32
            && self.sealed_secret.len() == WRAPPED_LENGTH
            && (self.kind != BuilderKind::Trial || self.ends_at.is_some())
    }
}

/// The kinds of Builder license (step 412: "a valid licensed copy or valid trial copy").
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BuilderKind {
    /// Ends; can be renewed.
    Trial,
    /// May have no end.
    Full,
}

/// The person or company that a Builder is licensed to, as they gave it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Holder {
    /// Name.
    pub name: Name,
    /// E-mail address.
    pub email: Email,
}
