//! The control information: application id 183, licensee id 184, license termination date 185 and
//! the terms that decide expiry. Specification: `docs/formats/control-information.md`.

use serde::{Deserialize, Serialize};

use crate::ids::{
    ApplicationId, Digest, FileKeyCommitment, KeyId, LicenseeId, Name, Platform, TrialId, Version,
};
use crate::instant::Instant;
use crate::policy::{Expiration, Layout, Limits};

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
    /// License termination date 185; none for a license without an end.
    pub ends_at: Option<Instant>,
    /// What happens at that date.
    pub expiration: Expiration,
    /// Limits beside the date.
    pub limits: Limits,
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
