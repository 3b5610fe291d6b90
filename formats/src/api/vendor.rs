//! What vendors do, below `/vendor`, with a bearer token.

use serde::{Deserialize, Serialize};

use crate::ids::{
    ApplicationId, Digest, Email, LicenseeId, Name, Note, Platform, ReleaseId, TrialId, Version,
};
use crate::instant::Instant;
use crate::policy::TrialPolicy;
use crate::subject::Subject;

/// Answers `PUT /vendor/applications/{id}/releases/{version}/{platform}`, whose body is a release
/// in the server format.
///
/// The first release of an application creates it, with the policy of the header `Trial-Policy`
/// (a [`TrialPolicy`] in JSON). Sending the same release again answers 200 and changes nothing;
/// another content under the same version and platform is refused (`release-exists`).
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct PublishAnswer {
    /// The release.
    pub release: VendorRelease,
    /// Whether the application is new on the server.
    pub created_application: bool,
    /// The policy in force; later releases leave it as it is.
    pub policy: TrialPolicy,
}

/// A release, as its vendor sees it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct VendorRelease {
    /// The release.
    pub id: ReleaseId,
    /// Its application.
    pub application: ApplicationId,
    /// Its version.
    pub version: Version,
    /// Its platform.
    pub platform: Platform,
    /// Bytes on the server.
    pub stored_size: u64,
    /// Bytes of the decoded program.
    pub program_size: u64,
    /// SHA-256 of the decoded program.
    pub program_digest: Digest,
    /// When it was published.
    pub published_at: Instant,
}

/// `GET /vendor/releases?application=ID`: the vendor's releases, the newest first.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ReleasesAnswer {
    /// The releases.
    pub releases: Vec<VendorRelease>,
}

/// `GET /vendor/applications/{id}/requests?after=CURSOR&limit=N`: who asked for trials (step 310:
/// "information about the user can be automatically provided to the owners").
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct RequestersAnswer {
    /// The requests of this page, the oldest first.
    pub requests: Vec<Requester>,
    /// Where the next page begins; none on the last one.
    pub next: Option<String>,
}

/// One request for a trial.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Requester {
    /// The trial.
    pub trial_id: TrialId,
    /// The licensee.
    pub licensee_id: LicenseeId,
    /// The holder's name.
    pub name: Name,
    /// The holder's e-mail address.
    pub email: Email,
    /// When the holder showed that the address is theirs.
    #[serde(default)]
    pub email_verified_at: Option<Instant>,
    /// The platform.
    pub platform: Platform,
    /// The release.
    pub version: Version,
    /// When.
    pub requested_at: Instant,
    /// License termination date.
    pub ends_at: Option<Instant>,
    /// SHA-256 of the terms that were accepted.
    pub terms_digest: Digest,
    /// The first release that had these terms.
    pub terms_version: Option<Version>,
    /// The name that was typed, where the vendor asked for one.
    pub accepted_as: Option<Name>,
    /// When anything of the file was sent for the first time.
    pub delivered_at: Option<Instant>,
    /// The day on which it was run for the first time: its beginning in UTC. Only Builders whose holders
    /// chose to do so report it.
    #[serde(default)]
    pub first_run_on: Option<Instant>,
    /// When it was bought, or given as the full license.
    pub purchased_at: Option<Instant>,
    /// Whether the licensee has the full license of the application, by this trial or on another Builder.
    #[serde(default)]
    pub converted: bool,
    /// Whether it counts as one of the licensee's trials: not the same trial on another Builder, nor a
    /// license that was bought without one.
    pub counted: bool,
}

/// Answers `GET /vendor/applications/{id}/terms/{digest}`: what somebody accepted, long after another
/// release replaced it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct TermsAnswer {
    /// SHA-256 of the text.
    pub digest: Digest,
    /// Licensing or relicensing terms of a release.
    pub text: String,
}

/// `PUT /vendor/blocks/{subject}`: from now on, whom the subject names gets no new trial of the vendor's
/// applications. Trials that were granted run on.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PutBlock {
    /// The vendor's reason, which nobody else is shown; without it, that of a block that is there stays.
    #[serde(default)]
    pub reason: Option<Note>,
}

/// Whom a vendor gives no new trial.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Block {
    /// Who.
    pub subject: Subject,
    /// Why, in the vendor's words.
    pub reason: Option<Note>,
    /// Since when.
    pub created_at: Instant,
}

/// Answers `GET /vendor/blocks?after=CURSOR&limit=N`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct BlocksAnswer {
    /// The blocks of this page, by their subjects.
    pub blocks: Vec<Block>,
    /// Where the next page begins; none on the last one.
    pub next: Option<String>,
}
