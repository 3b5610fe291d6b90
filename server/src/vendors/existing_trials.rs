//! Changes of a policy that trials follow which were granted before.

use std::collections::HashMap;

use trybuy_formats::api::{FollowAnswer, FollowPolicies};
use trybuy_formats::expiry;
use trybuy_formats::ids::{ApplicationId, LicenseeId};
use trybuy_formats::instant::Instant;
use trybuy_formats::policy::TrialPolicy;

use super::policies::{PolicyError, own_application};
use crate::app::App;
use crate::store::{GrantedTrial, StoreError, Subjects, TrialRevision, Vendor};

/// How many trials are looked at in one request.
const AT_ONCE: u32 = 200;

/// Gives the next trials of an application the policy that is now in force for each licensee, where they
/// have another one and are not over. Their Builders get it as a new head at their next contact.
///
/// Repeating it changes nothing more, so one that was broken off is simply asked for again.
///
/// # Errors
/// When the vendor has no such application, or there is no such change.
pub async fn follow_policies(
    app: &App,
    vendor: &Vendor,
    application: &ApplicationId,
    request: FollowPolicies,
) -> Result<FollowAnswer, PolicyError> {
    own_application(app, vendor, application).await?;
    let mut policies = Policies::load(app, application).await?;
    let page = app.store.granted_trials(application, request.after, AT_ONCE).await?;
    let mut revisions = Vec::new();
    for trial in &page {
        let policy = policies.of(app, trial).await?;
        revisions.extend(revision(trial, policy, app.clock.now()));
    }
    let changed = app.store.revise_trials(&revisions).await?;
    if !app.store.policy_applied(request.change, application, changed).await? {
        return Err(PolicyError::NoChange);
    }
    Ok(FollowAnswer { changed, next: page.last().map(|trial| trial.id) })
}

/// The trial under another policy; none where that changes nothing, or the trial is over with both.
fn revision(trial: &GrantedTrial, policy: TrialPolicy, now: Instant) -> Option<TrialRevision> {
    // The body of its file depends on the layout.
    let policy = TrialPolicy { layout: trial.policy.layout, ..policy };
    let ends_at = match trial.extended_to {
        Some(end) => end,
        None => trial.started_at.plus(policy.duration),
    };
    let is_over = |end, policy: &TrialPolicy| expiry::over(end, policy.expiration, now).is_some();
    let stays_over = is_over(trial.ends_at, &trial.policy) && is_over(Some(ends_at), &policy);
    let same = trial.policy == policy && trial.ends_at == Some(ends_at);
    (!stays_over && !same).then_some(TrialRevision { id: trial.id, policy, ends_at })
}

/// The policy in force for each licensee, asked for once.
struct Policies<'a> {
    application: &'a ApplicationId,
    own: TrialPolicy,
    /// Whether there are any others.
    has_overrides: bool,
    known: HashMap<LicenseeId, TrialPolicy>,
}

impl<'a> Policies<'a> {
    async fn load(app: &App, application: &'a ApplicationId) -> Result<Self, PolicyError> {
        let found = app.store.application(application).await?.ok_or(PolicyError::NoApplication)?;
        let has_overrides = !app.store.policy_overrides(application).await?.is_empty();
        Ok(Self { application, own: found.policy, has_overrides, known: HashMap::new() })
    }

    async fn of(&mut self, app: &App, trial: &GrantedTrial) -> Result<TrialPolicy, StoreError> {
        if !self.has_overrides {
            return Ok(self.own);
        }
        if let Some(policy) = self.known.get(&trial.licensee_id) {
            return Ok(*policy);
        }
        let subjects = Subjects::of(trial.licensee_id, &trial.email);
        let applicable = app.store.applicable_policies(self.application, &subjects).await?;
        let policy = applicable.first().map_or(self.own, |scoped| scoped.policy);
        self.known.insert(trial.licensee_id, policy);
        Ok(policy)
    }
}
