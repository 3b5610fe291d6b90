//! Trials (T&B steps 408-420).

use serde::{Deserialize, Serialize};

use crate::control::LicenseKind;
use crate::ids::{ApplicationId, Digest, Name, Platform, TrialId, Version};
use crate::instant::Instant;
use crate::policy::TrialPolicy;

/// `POST /applications/{id}/acceptance-codes`: a code to retype, for `retype-code`. Signed, no body.
/// Without `Debug`: it holds a secret.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AcceptanceCode {
    /// The code; it is accepted once.
    pub code: String,
    /// Until when.
    pub expires_at: Instant,
}

/// `POST /applications/{id}/trials`: requests a trial (step 408). Signed.
///
/// Where the Builder's licensee has a trial of the application that has not ended, the answer is
/// that trial (200), otherwise a new one (201). Without `Debug`: it may hold a code.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RequestTrial {
    /// The platform the program is wanted for.
    pub platform: Platform,
    /// A certain release; none for the newest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<Version>,
    /// One of the Builder's trials of the application that is over: the next one goes on with its
    /// file, so that in the leading layout only another head is needed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub renews: Option<TrialId>,
    /// The Builder's running trial of the application, where it cannot be run any more, as a limit is used
    /// up: it ends now, and the next one begins, if the licensee may have another.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub used_up: Option<TrialId>,
    /// Access condition C; may be missing only to get an existing trial again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acceptance: Option<AcceptanceProof>,
}

/// `POST /applications/{id}/offer`: what a trial would be for the Builder that asks. Signed, no body.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct OfferAnswer {
    /// The policy that the vendor chose for this licensee.
    pub policy: TrialPolicy,
    /// SHA-256 of the licensing terms in force.
    pub terms_digest: Digest,
    /// The trials that the licensee had.
    pub trials_used: u32,
    /// The trials that the licensee may have.
    pub trials_allowed: u32,
}

/// The user's acceptance of the licensing terms, as the vendor asked for it. Without `Debug`: it may hold a
/// code.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AcceptanceProof {
    /// The digest of the terms that were shown.
    pub terms_digest: Digest,
    /// The name that was typed, for `explicit`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<Name>,
    /// The code that was typed back, for `retype-code`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
}

/// Answers a request for a trial, and `GET /trials/{id}`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct TrialAnswer {
    /// The trial.
    pub trial: TrialSummary,
    /// The policy that it was granted under.
    pub policy: TrialPolicy,
    /// Where the transmission file is: an address with a capability, useless to anybody else.
    pub download_url: String,
    /// Its exact length in bytes.
    pub length: u64,
    /// Its strong entity tag.
    pub etag: String,
    /// The length of the head alone, in bytes.
    pub head_length: u64,
    /// Whether anything of the file was ever sent. Until then nobody can have run the program.
    pub delivered: bool,
    /// The server's time.
    pub time: Instant,
}

/// A trial, as its licensee sees it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct TrialSummary {
    /// The trial.
    pub id: TrialId,
    /// Its application.
    pub application: ApplicationId,
    /// The application's name.
    pub name: Name,
    /// Its release.
    pub version: Version,
    /// Its platform.
    pub platform: Platform,
    /// Trial or purchase.
    pub kind: LicenseKind,
    /// When it began.
    pub started_at: Instant,
    /// License termination date.
    pub ends_at: Option<Instant>,
    /// The number of the newest head.
    pub head_number: u64,
    /// The day on which it was run for the first time, if the Builder reported it.
    #[serde(default)]
    pub first_run_on: Option<Instant>,
}

/// `POST /trials/{id}/first-run`: the day on which a trial was run for the first time, from a Builder
/// whose holder chose to tell. Signed. The answer is what is on record: the first report counts.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FirstRun {
    /// The day: its beginning in UTC.
    pub on: Instant,
}

/// `GET /trials`: the trials of the Builder that asks. Signed.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct TrialsAnswer {
    /// The trials, the newest first.
    pub trials: Vec<TrialSummary>,
}
