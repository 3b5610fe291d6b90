//! Buying, and what vendors sell and give.

use serde::{Deserialize, Serialize};

use super::{AcceptanceProof, SecretText};
use crate::ids::{Digest, LicenseeId, Platform, TrialId};
use crate::instant::{Instant, Span};
use crate::subject::Subject;

/// `POST /applications/{id}/purchases`: redeems a purchase key. Signed. The answer is that of a trial.
///
/// The same key again, from a Builder of the same licensee, gets the same license. Without `Debug`: it holds
/// a secret.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BuyApplication {
    /// The key, as it was typed.
    pub key: SecretText,
    /// The platform the program is wanted for.
    pub platform: Platform,
    /// The trial that becomes the purchased license; none for the newest one, or for another license
    /// where the Builder has no trial.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trial: Option<TrialId>,
    /// The digest of the relicensing terms that were accepted, where there are any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub relicensing_digest: Option<Digest>,
    /// Access condition C, where the Builder has no trial yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acceptance: Option<AcceptanceProof>,
}

/// `POST /vendor/applications/{id}/keys`: makes purchase keys.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CreateKeys {
    /// How many, 1 to 1000.
    pub count: u32,
    /// What they are for, in the vendor's words, at most 200 characters.
    #[serde(default)]
    pub label: String,
    /// How long a license lasts from its purchase; none for ever.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub license_duration: Option<Span>,
    /// On how many Builders the buyer may use each, 1 to 100.
    pub builders: u32,
}

/// Answers [`CreateKeys`], and `GET /vendor/applications/{id}/keys?after=ID`: the oldest first.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeysAnswer {
    /// The keys of this page.
    pub keys: Vec<KeyInfo>,
    /// Where the next page begins; none on the last one.
    pub next: Option<String>,
}

/// A purchase key, as its vendor sees it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyInfo {
    /// Its id, which is no secret.
    pub id: String,
    /// The key itself. A secret.
    pub key: String,
    /// The keys that were made together have one batch.
    pub batch: String,
    /// What they are for.
    pub label: String,
    /// How long a license lasts from its purchase.
    pub license_duration: Option<Span>,
    /// On how many Builders the buyer may use it.
    pub builders: u32,
    /// When it was made.
    pub created_at: Instant,
    /// Who bought with it.
    pub licensee_id: Option<LicenseeId>,
    /// When.
    pub redeemed_at: Option<Instant>,
    /// When the license ends.
    pub ends_at: Option<Instant>,
    /// When it was revoked.
    pub revoked_at: Option<Instant>,
}

/// `POST /vendor/applications/{id}/grants`: gives something to one licensee who has asked for the
/// application.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GiveLicensee {
    /// To whom: a licensee id or an e-mail address.
    pub licensee: Subject,
    /// What.
    pub gift: Gift,
}

/// What a vendor gives by hand.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Gift {
    /// So many trials beyond those that the policy allows, 1 to 10.
    Trials {
        /// The number.
        number: u32,
    },
    /// More time for the newest trial, from now or from its end, whichever is later.
    Extension {
        /// How much.
        by: Span,
    },
    /// The full license, as if it had been bought.
    License {
        /// How long it lasts; none for ever.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        duration: Option<Span>,
    },
}

/// Answers [`GiveLicensee`].
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct GiftAnswer {
    /// To whom it was given.
    pub licensee_id: LicenseeId,
    /// The end of what was given; none for ever, or where it has none.
    pub ends_at: Option<Instant>,
}
