//! Changes of trials that were granted: another policy, another end. Their heads are made anew later.

use sqlx::AnyConnection;
use trybuy_formats::ids::{ApplicationId, Email, LicenseeId, PolicyChangeId, TrialId};
use trybuy_formats::instant::Instant;
use trybuy_formats::policy::TrialPolicy;

use super::columns::{Columns, json, number};
use super::transaction::{Finish, Isolation, Operation};
use super::{PAGE_LIMIT, Store, StoreError};

/// What decides how a granted trial follows a change of its policy.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct GrantedTrial {
    /// The trial.
    pub id: TrialId,
    /// Its licensee.
    pub licensee_id: LicenseeId,
    /// The holder's address.
    pub email: Email,
    /// When it began.
    pub started_at: Instant,
    /// Its end.
    pub ends_at: Option<Instant>,
    /// The end that its vendor set by hand.
    pub extended_to: Option<Instant>,
    /// Its policy.
    pub policy: TrialPolicy,
    /// The number of the head that is due, which grows with every revision.
    pub head_due: u64,
}

/// A trial with another policy and end.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TrialRevision {
    /// The trial.
    pub id: TrialId,
    /// Its policy from now on.
    pub policy: TrialPolicy,
    /// Its end from now on.
    pub ends_at: Instant,
    /// The head that was due when this was decided.
    pub head_due: u64,
}

/// Revisions that a change of a policy brings about.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PolicyRevisions<'a> {
    /// The change.
    pub change: PolicyChangeId,
    /// The trials.
    pub revisions: &'a [TrialRevision],
}

const GRANTED: &str = "SELECT trials.id, trials.licensee_id, builders.email, trials.started_at, \
    trials.ends_at, trials.extended_to, trials.policy, trials.head_due FROM trials \
    JOIN builders ON builders.license_id = trials.license_id \
    WHERE trials.application = $1 AND trials.kind = 'trial' AND trials.id > $2 \
    ORDER BY trials.id LIMIT $3";
/// A trial that was bought or revised meanwhile stays as it is. Every revision has a number of its own,
/// so that a head which is made at the same time cannot pass for a later one.
const REVISE: &str = "UPDATE trials SET policy = $2, ends_at = $3, head_due = head_due + 1 \
    WHERE id = $1 AND head_due = $4 AND kind = 'trial'";
const APPLIED: &str = "UPDATE policy_changes SET applied_to = COALESCE(applied_to, 0) + $2 \
    WHERE id = $1";

impl Store {
    /// Trials of an application that were not bought, ordered by id.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn granted_trials(
        &self,
        application: &ApplicationId,
        after: Option<TrialId>,
        limit: u32,
    ) -> Result<Vec<GrantedTrial>, StoreError> {
        let query = sqlx::query(GRANTED)
            .bind(application.as_str())
            .bind(after.map_or(String::new(), |id| id.to_string()))
            .bind(i64::from(limit.min(PAGE_LIMIT)));
        let rows = self.fetch_all(query).await?;
        rows.iter().map(|row| GrantedTrial::from_columns(Columns(row))).collect()
    }

    /// Makes the revisions of those trials that nothing else has changed meanwhile, and counts them for
    /// the change. Answers how many.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn revise_trials(&self, revisions: PolicyRevisions<'_>) -> Result<u64, StoreError> {
        self.write(&revisions).await
    }
}

impl Operation for PolicyRevisions<'_> {
    type Answer = u64;

    /// Each statement decides for itself.
    const ISOLATION: Isolation = Isolation::ReadCommitted;

    async fn run(&self, connection: &mut AnyConnection) -> Result<Finish<u64>, StoreError> {
        let mut revised = 0;
        for TrialRevision { id, policy, ends_at, head_due } in self.revisions {
            let query = sqlx::query(REVISE)
                .bind(id.to_string())
                .bind(json(policy))
                .bind(ends_at.unix())
                .bind(number(*head_due));
            revised += query.execute(&mut *connection).await?.rows_affected();
        }
        let query = sqlx::query(APPLIED).bind(self.change.to_string()).bind(number(revised));
        query.execute(connection).await?;
        Ok(Finish::Commit(revised))
    }
}

impl GrantedTrial {
    fn from_columns(columns: Columns<'_>) -> Result<Self, StoreError> {
        Ok(Self {
            id: columns.text("id")?,
            licensee_id: columns.text("licensee_id")?,
            email: columns.text("email")?,
            started_at: columns.instant("started_at")?,
            ends_at: columns.optional_instant("ends_at")?,
            extended_to: columns.optional_instant("extended_to")?,
            policy: columns.json("policy")?,
            head_due: columns.number("head_due")?,
        })
    }
}
