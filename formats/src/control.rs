//! The control information: application id 183, licensee id 184, license termination date 185 and
//! the terms that decide expiry. Specification: `docs/formats/control-information.md`.

use serde::{Deserialize, Serialize};

use crate::ids::{
    ApplicationId, Digest, FileKeyCommitment, KeyId, LicenseeId, Name, Platform, TrialId, Version,
};
use crate::instant::Instant;
use crate::keys::LicenseSecret;
use crate::limits;
use crate::policy::{Expiration, Layout, Limits, OnExpiry};
use crate::primitives::{PrimitiveError, SignatureKey, VerificationKey};
use crate::salted_box;
use crate::signed::{self, Document, SignError, SignedError, Verified};

/// Derivation of the inner key (`CI-5`).
const LABEL: &[u8] = b"trybuy/v1/control";

/// The payload of the control information (`CI-3`).
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ControlInformation {
    /// Version of this structure, 1.
    pub format: u32,
    /// Application id 183.
    pub application: ApplicationId,
    /// The application's name for people.
    pub name: Name,
    /// The release that the file holds.
    pub release: Version,
    /// The platform it was made for.
    pub platform: Platform,
    /// Licensee id 184.
    pub licensee_id: LicenseeId,
    /// The trial.
    pub trial_id: TrialId,
    /// Trial or purchase.
    pub kind: LicenseKind,
    /// The number of this head, from 1 (`TF-8`).
    pub head_number: u64,
    /// When the server signed it.
    pub issued_at: Instant,
    /// License termination date 185; none for a purchase without an end. A trial has one.
    pub ends_at: Option<Instant>,
    /// What happens at that date.
    pub expiration: Expiration,
    /// Limits beside the date.
    pub limits: Limits,
    /// What becomes of a program that runs when the license ends.
    #[serde(default, skip_serializing_if = "OnExpiry::is_finish")]
    pub on_expiry: OnExpiry,
    /// The Builder's key that the envelope is made for.
    pub builder_key_id: KeyId,
    /// The oldest release of the Builder that may run the application.
    pub minimum_builder: Option<Version>,
    /// The commitment to the file key.
    pub file_key_commitment: FileKeyCommitment,
    /// Where the control information stands.
    pub layout: Layout,
    /// The lengths of the sections.
    pub sections: Sections,
    /// Length of the decoded program, in bytes.
    pub program_size: u64,
    /// SHA-256 of the decoded program.
    pub program_digest: Digest,
    /// SHA-256 of the licensing terms that were accepted.
    pub terms_digest: Digest,
}

/// What kind of license a file carries.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LicenseKind {
    /// A trial.
    Trial,
    /// A purchased license.
    Purchase,
}

/// The lengths of the sections of a release, in bytes (`TF-4`).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sections {
    /// Documentation 188.
    pub documentation: u64,
    /// Licensing terms 189.
    pub terms: u64,
    /// Relicensing terms 189.
    pub relicensing: u64,
    /// Program section 181 (`SF-4`).
    pub program: u64,
}

impl Document for ControlInformation {
    const TYPE: &'static str = "trybuy-control";
    const PAYLOAD_CAP: usize = limits::CONTROL_PAYLOAD;

    fn is_valid(&self) -> bool {
        self.format == signed::FORMAT
            && (1..=limits::INTEGER).contains(&self.head_number)
            && (self.kind != LicenseKind::Trial || self.ends_at.is_some())
            && self.expiration.is_valid()
            && self.limits.are_valid()
            && (1..=limits::PROGRAM).contains(&self.program_size)
            && self.sections.are_within_caps()
    }
}

/// Why control information could not be sealed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SealControlError {
    /// It could not be signed.
    #[error(transparent)]
    Sign(#[from] SignError),
    /// It could not be encrypted.
    #[error("the control information could not be encrypted")]
    Encrypt(#[source] PrimitiveError),
}

/// Why sealed control information was refused.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ControlError {
    /// The Builder license does not open it: another license, or damaged.
    #[error("the control information was encrypted for another Builder license, or is damaged")]
    Sealed,
    /// It is open, but its signature was refused.
    #[error(transparent)]
    Signed(#[from] SignedError),
}

/// Signs control information, then encrypts it for a licensed Builder (`CI-1`, `CI-5`).
///
/// # Errors
/// When the control information is out of its ranges, or the library fails.
pub fn seal(
    control: &ControlInformation,
    signer: &SignatureKey,
    secret: &LicenseSecret,
) -> Result<Vec<u8>, SealControlError> {
    let document = signed::sign(signer, control)?;
    salted_box::seal(secret, LABEL, &[], document.as_bytes()).map_err(SealControlError::Encrypt)
}

/// Decrypts control information, then verifies it with the pinned key of the server (`CI-2`).
///
/// # Errors
/// Why it was refused.
pub fn open(
    sealed: &[u8],
    server: &VerificationKey,
    secret: &LicenseSecret,
) -> Result<Verified<ControlInformation>, ControlError> {
    if sealed.len() > limits::SEALED_CONTROL {
        return Err(ControlError::Sealed);
    }
    let document =
        salted_box::open(secret, LABEL, &[], sealed).map_err(|_| ControlError::Sealed)?;
    let document = String::from_utf8(document).map_err(|_| SignedError::Malformed)?;
    Ok(signed::open(server, &document)?)
}
