//! Changes of a policy that trials follow which were granted before.

mod followers;

use trybuy_formats::api::{FollowAnswer, FollowPolicies};
use trybuy_formats::expiry;
use trybuy_formats::ids::{ApplicationId, TrialId};
use trybuy_formats::instant::Instant;
use trybuy_formats::policy::TrialPolicy;

use self::followers::Followers;
use super::policies::{PolicyError, own_application};
use crate::app::App;
use crate::store::{GrantedTrial, PolicyRevisions, StoreError, TrialRevision, Vendor};

/// How many trials are looked at in one request.
const AT_ONCE: u32 = 200;
/// How often trials that something else changes at the same time are looked at again.
const ATTEMPTS: usize = 16;

/// Lets the next trials of an application follow a change: those that the changed policy is in force for,
/// or that a removed one was for, get what is in force now. Their Builders get it as a new head at their
/// next contact.
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
    let FollowPolicies { change, after } = request;
    own_application(app, vendor, application).await?;
    let record = app.store.policy_change(application, change).await?;
    let record = record.ok_or(PolicyError::NoChange)?;
    let mut changed = 0;
    for _ in 0..ATTEMPTS {
        let page = app.store.granted_trials(application, after, AT_ONCE).await?;
        // What is in force is read after the trials: whoever changes it now looks at them later.
        let mut followers = Followers::load(app, vendor, application, &record).await?;
        let mut revisions = Vec::new();
        for trial in &page {
            let policy = followers.policy_of(app, trial).await?;
            revisions.extend(policy.and_then(|policy| revision(trial, policy, app.clock.now())));
        }
        let revisions = PolicyRevisions { change, revisions: &revisions };
        let revised = app.store.revise_trials(revisions).await?;
        changed += revised;
        if revised == revisions.revisions.len() as u64 {
            return Ok(FollowAnswer { changed, next: next(&page) });
        }
    }
    Err(StoreError::Contention.into())
}

/// Where to go on after a page; none after the last one.
fn next(page: &[GrantedTrial]) -> Option<TrialId> {
    page.last().filter(|_| page.len() == AT_ONCE as usize).map(|trial| trial.id)
}

/// The trial under another policy; none where that changes nothing, or the trial is over with both.
fn revision(trial: &GrantedTrial, policy: TrialPolicy, now: Instant) -> Option<TrialRevision> {
    // The body of its file depends on the layout.
    let policy = TrialPolicy { layout: trial.policy.layout, ..policy };
    let ends_at = match trial.extended_to {
        Some(end) => end,
        None => trial.started_at.plus(policy.duration),
    };
    // An end that has passed already is now, as otherwise nobody would be told of it; and it stays then.
    let passed = trial.ends_at.map_or(now, |end| end.min(now));
    let ends_at = if ends_at < now { passed } else { ends_at };
    let is_over = |end, policy: &TrialPolicy| expiry::over(end, policy.expiration, now).is_some();
    let stays_over = is_over(trial.ends_at, &trial.policy) && is_over(Some(ends_at), &policy);
    let same = trial.policy == policy && trial.ends_at == Some(ends_at);
    let head_due = trial.head_due;
    (!stays_over && !same).then_some(TrialRevision { id: trial.id, policy, ends_at, head_due })
}
