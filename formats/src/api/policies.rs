//! Policies, and for whom they are; classes of licensees; profiles. Below `/vendor`, with a bearer
//! token.

use serde::{Deserialize, Serialize};

use crate::ids::{ApplicationId, Label, PolicyChangeId, TrialId};
use crate::instant::Instant;
use crate::policy::TrialPolicy;
use crate::subject::{Scope, Subject};

/// `PUT /vendor/applications/{id}/policies/{scope}`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SetPolicy {
    /// The whole policy.
    pub policy: TrialPolicy,
    /// The profile it was taken from, for the history.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profile: Option<Label>,
    /// What it is set in place of; without it, whatever there is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub in_place_of: Option<InPlaceOf>,
}

/// What a policy or a profile was made from. Where there is another one meanwhile, nothing is set
/// ([`PolicyChanged`](crate::slug::Slug::PolicyChanged)), so that of two changes at the same time none is
/// lost.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InPlaceOf {
    /// The policy of that scope, or of that profile; none where there was none.
    pub policy: Option<TrialPolicy>,
}

/// Answers `GET /vendor/applications/{id}/policies?licensee=SUBJECT`, and a change of one.
///
/// Without a licensee, all policies of the application: its own first, then those of classes and
/// licensees. With one, those that concern that licensee in their order of precedence: the first one
/// is in force.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct PolicyAnswer {
    /// The application.
    pub application: ApplicationId,
    /// The policies.
    pub policies: Vec<PolicyEntry>,
    /// The change that was made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub change: Option<PolicyChangeId>,
}

/// `POST /vendor/applications/{id}/existing-trials`: lets trials that were granted before follow a change
/// of a policy, where it is in force for them; some at a time, from the first to the last.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FollowPolicies {
    /// The change they follow, for the history.
    pub change: PolicyChangeId,
    /// Where to go on; none to begin.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<TrialId>,
}

/// Answers [`FollowPolicies`].
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct FollowAnswer {
    /// How many of these trials changed.
    pub changed: u64,
    /// Where to go on; none after the last.
    pub next: Option<TrialId>,
}

/// A policy, and for whom it is.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct PolicyEntry {
    /// For whom.
    pub scope: Scope,
    /// For a class: the member that the licensee is there as.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub member: Option<Subject>,
    /// The policy.
    pub policy: TrialPolicy,
    /// When it was last changed.
    pub changed_at: Instant,
}

/// `GET /vendor/applications/{id}/policy-changes`: at most 1000, the newest first.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct PolicyHistory {
    /// The changes.
    pub changes: Vec<PolicyChange>,
}

/// One change of a policy.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct PolicyChange {
    /// For whom it is.
    pub scope: Scope,
    /// The policy from then on; none where it was removed.
    pub policy: Option<TrialPolicy>,
    /// The profile it was taken from.
    pub profile: Option<Label>,
    /// To how many granted trials it was applied, if that was asked for.
    pub applied_to: Option<u64>,
    /// When.
    pub changed_at: Instant,
    /// The label of the token that changed it, or the token's id.
    pub changed_by: String,
}

/// `PUT /vendor/profiles/{name}`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SetProfile {
    /// The policy.
    pub policy: TrialPolicy,
    /// What it is set in place of; without it, whatever there is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub in_place_of: Option<InPlaceOf>,
}

/// `GET /vendor/profiles`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ProfilesAnswer {
    /// The profiles, by name.
    pub profiles: Vec<Profile>,
}

/// A policy with a name, to be set for applications.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Profile {
    /// Its name.
    pub name: Label,
    /// The policy.
    pub policy: TrialPolicy,
    /// When it was last changed.
    pub changed_at: Instant,
}

/// `PUT /vendor/classes/{name}`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SetClass {
    /// Its rank: where a licensee is in several classes, that with the lowest one counts.
    pub rank: u32,
}

/// `GET /vendor/classes`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ClassesAnswer {
    /// The classes, by rank and name.
    pub classes: Vec<Class>,
}

/// A class of licensees.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Class {
    /// Its name.
    pub name: Label,
    /// Its rank.
    pub rank: u32,
    /// Who belongs to it.
    pub members: Vec<Subject>,
}
