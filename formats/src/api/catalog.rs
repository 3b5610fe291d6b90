//! The catalog (T&B Fig. 2).

use serde::{Deserialize, Serialize};

use crate::ids::{ApplicationId, Digest, Name, Platform, Version};
use crate::instant::Instant;
use crate::policy::TrialPolicy;

/// `GET /applications?q=WORDS&platform=P&after=CURSOR&limit=N`: a page of the catalog.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ApplicationPage {
    /// The applications of this page.
    pub applications: Vec<ApplicationSummary>,
    /// Where the next page begins; none on the last one.
    pub next: Option<String>,
}

/// One line of the catalog.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ApplicationSummary {
    /// Application id.
    pub id: ApplicationId,
    /// Name for people.
    pub name: Name,
    /// One line.
    pub summary: String,
    /// The newest release.
    pub version: Version,
    /// The platforms of the newest release.
    pub platforms: Vec<Platform>,
}

/// `GET /applications/{id}`: everything about one application.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ApplicationDetails {
    /// Application id.
    pub id: ApplicationId,
    /// Name for people.
    pub name: Name,
    /// One line.
    pub summary: String,
    /// Homepage.
    pub homepage: Option<String>,
    /// Categories.
    pub categories: Vec<String>,
    /// The vendor's name.
    pub vendor: String,
    /// Documentation 188 (Markdown).
    pub documentation: String,
    /// Licensing terms 189.
    pub terms: String,
    /// Their SHA-256, to be sent back as acceptance.
    pub terms_digest: Digest,
    /// Relicensing terms 189; empty where there are none.
    pub relicensing: String,
    /// The policy of its trials.
    pub policy: TrialPolicy,
    /// All releases that can be had, the newest first.
    pub releases: Vec<ReleaseSummary>,
}

/// One release.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ReleaseSummary {
    /// Version.
    pub version: Version,
    /// Platform.
    pub platform: Platform,
    /// Bytes of the decoded program: what it takes in memory.
    pub program_size: u64,
    /// Bytes of the download, about.
    pub download_size: u64,
    /// The oldest release of the Builder that may run it.
    pub minimum_builder: Option<Version>,
    /// When it was published.
    pub published_at: Instant,
}
