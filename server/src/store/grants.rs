//! Granting a trial (T&B steps 408-412): counted, recorded, and never more than allowed.

use sqlx::AnyConnection;
use trybuy_formats::ids::{Digest, TrialId};
use trybuy_formats::instant::Instant;

use super::columns::{Columns, json, number, seconds, word};
use super::connections::in_time;
use super::group_queue::Grouped;
use super::offers::standing;
use super::transaction::{Finish, Isolation, Operation};
use super::{Head, Store, StoreError, Trial, TrialStanding, acceptance_codes, trials};

/// A trial to be granted. Its head was signed before, so that the transaction is short.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct GrantRequest {
    /// Its facts; `requested_at` is what counts as now.
    pub trial: Trial,
    /// Its first head.
    pub head: Head,
    /// The most trials that the licensee may have of the application, this one included.
    pub maximum: u32,
    /// When the same trial was sent to another Builder for the first time, if it was.
    pub delivered_at: Option<Instant>,
    /// SHA-256 of the code that was retyped, to be used up by the grant.
    pub code: Option<Digest>,
    /// A trial of the same license that ends by the grant, and runs on without it.
    pub ends: Option<TrialId>,
}

/// How a request for a trial ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Grant {
    /// The trial is recorded, and durable.
    Granted,
    /// This license has a trial of the application that has not ended.
    Existing(TrialId),
    /// The licensee had as many trials as are allowed.
    LimitReached {
        /// How many.
        used: u32,
    },
    /// The code is unknown, used, expired or for something else. Nothing was recorded.
    CodeRefused,
}

/// How often a grant is tried.
const ATTEMPTS: u32 = 32;

const STANDING: &str = standing!("$3", "$4");
/// Inserts nothing where a trial runs ($5 license, $11 now), where $19 trials were had and it counts
/// ($20), or where another grant took the ordinal at the same time.
const INSERT: &str = "INSERT INTO trials (id, application, licensee_id, ordinal, license_id, \
    release_id, platform, kind, started_at, ends_at, requested_at, policy, terms_digest, \
    acceptance, accepted_as, head_number, head_due, head_etag, head, counted, file_trial, \
    delivered_at, purchased_at, purchase_key, relicensing_digest, extended_to, head_made_at) \
    SELECT $1, $2, $3, $4 + COALESCE(MAX(ordinal), 0), $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, \
        $15, $16, $16, $17, $18, $20, $21, $22, $23, $24, $25, $26, $27 \
    FROM trials WHERE application = $2 AND licensee_id = $3 \
    HAVING ($20 = 0 OR COUNT(CASE WHEN counted = 1 THEN 1 END) < $19) \
    AND COUNT(CASE WHEN license_id = $5 AND (ends_at IS NULL OR ends_at > $11) THEN 1 END) = 0 \
    ON CONFLICT (application, licensee_id, ordinal) DO NOTHING";

impl Store {
    /// Grants a trial if the licensee may have it: decided and recorded by one statement, so that
    /// requests at the same time never get more than the maximum, nor two trials at once.
    ///
    /// # Errors
    /// [`StoreError`]; nothing was recorded then, or, if the database went away during the commit,
    /// perhaps all of it. Asking again is safe in both cases.
    pub async fn grant_trial(&self, request: &GrantRequest) -> Result<Grant, StoreError> {
        match &self.grant_queue {
            Some(queue) if request.is_single() => in_time(queue.write(request.clone())).await,
            _ => self.grant_alone(request).await,
        }
    }

    /// Grants a trial in a transaction of its own.
    async fn grant_alone(&self, request: &GrantRequest) -> Result<Grant, StoreError> {
        // Each further round means that another grant to the same licensee got in between.
        for _ in 0..ATTEMPTS {
            let outcome = if request.is_single() {
                // A single statement needs no transaction around it: half the round trips.
                in_time(self.grant_by_itself(request)).await?
            } else {
                self.write(request).await?
            };
            if let Some(grant) = outcome {
                return Ok(grant);
            }
        }
        Err(StoreError::Contention)
    }

    async fn grant_by_itself(&self, request: &GrantRequest) -> Result<Option<Grant>, StoreError> {
        let mut connection = self.writer.acquire().await?;
        request.grant_on(&mut connection).await
    }
}

impl Operation for GrantRequest {
    type Answer = Option<Grant>;

    /// The unique ordinal and the lock on the code's row decide between grants at the same time.
    const ISOLATION: Isolation = Isolation::ReadCommitted;

    async fn run(
        &self,
        connection: &mut AnyConnection,
    ) -> Result<Finish<Self::Answer>, StoreError> {
        if let Some(trial) = self.ends {
            trials::end(connection, trial, self.trial.requested_at).await?;
        }
        Ok(match self.grant_with_code(connection).await? {
            granted @ Some(Grant::Granted) => Finish::Commit(granted),
            refused => Finish::RollBack(refused),
        })
    }
}

impl Grouped for GrantRequest {
    type Answer = Grant;

    async fn together(store: &Store, group: &[&Self]) -> Result<Vec<Grant>, StoreError> {
        let mut transaction = store.begin(Self::ISOLATION).await?;
        let mut grants = Vec::with_capacity(group.len());
        for request in group {
            let grant = request.grant_on(&mut transaction).await?;
            grants.push(grant.ok_or(StoreError::Contention)?);
        }
        transaction.commit().await?;
        Ok(grants)
    }

    async fn alone(&self, store: &Store) -> Result<Grant, StoreError> {
        store.grant_alone(self).await
    }
}

impl GrantRequest {
    /// Whether one statement is all there is to be done.
    fn is_single(&self) -> bool {
        self.code.is_none() && self.ends.is_none()
    }

    /// Records the trial and uses up the code, if there is one, or says why not. A trial whose code is
    /// refused has to be taken back.
    pub(super) async fn grant_with_code(
        &self,
        connection: &mut AnyConnection,
    ) -> Result<Option<Grant>, StoreError> {
        let grant = self.grant_on(connection).await?;
        if let (Some(Grant::Granted), Some(code)) = (grant, &self.code)
            && !acceptance_codes::consume(connection, code, self).await?
        {
            return Ok(Some(Grant::CodeRefused));
        }
        Ok(grant)
    }

    /// Records the trial or says why not, without a look at the code; nothing if another grant was
    /// in the way.
    pub(super) async fn grant_on(
        &self,
        connection: &mut AnyConnection,
    ) -> Result<Option<Grant>, StoreError> {
        if self.insert(connection).await? {
            return Ok(Some(Grant::Granted));
        }
        self.refusal(connection).await
    }

    /// Whether the trial could be recorded.
    async fn insert(&self, connection: &mut AnyConnection) -> Result<bool, StoreError> {
        let Self { trial, head, .. } = self;
        let outcome = sqlx::query(INSERT)
            .bind(trial.id.to_string())
            .bind(trial.application.as_str())
            .bind(trial.licensee_id.to_string())
            .bind(1_i64)
            .bind(trial.license_id.to_string())
            .bind(trial.release_id.to_string())
            .bind(trial.platform.as_str())
            .bind(word(&trial.kind))
            .bind(trial.started_at.unix())
            .bind(seconds(trial.ends_at))
            .bind(trial.requested_at.unix())
            .bind(json(&trial.policy))
            .bind(trial.terms_digest.to_string())
            .bind(word(&trial.acceptance))
            .bind(trial.accepted_as.as_ref().map(|name| name.as_str()))
            .bind(number(head.number))
            .bind(head.etag.as_str())
            .bind(head.bytes.as_slice())
            .bind(i64::from(self.maximum))
            .bind(i64::from(trial.counted))
            .bind(trial.file_trial.map(|trial| trial.to_string()))
            .bind(seconds(self.delivered_at))
            .bind(seconds(trial.purchase.map(|purchase| purchase.at)))
            .bind(trial.purchase.and_then(|purchase| purchase.key).map(|key| key.to_string()))
            .bind(trial.purchase.and_then(|purchase| purchase.terms).map(|terms| terms.to_string()))
            .bind(seconds(trial.extended_to))
            .bind(head.made_at.unix())
            .execute(connection)
            .await?;
        Ok(outcome.rows_affected() == 1)
    }

    /// Why it could not; nothing if only another grant was in the way.
    async fn refusal(&self, connection: &mut AnyConnection) -> Result<Option<Grant>, StoreError> {
        let Trial { application, licensee_id, license_id, requested_at, .. } = &self.trial;
        let row = sqlx::query(STANDING)
            .bind(application.as_str())
            .bind(licensee_id.to_string())
            .bind(license_id.to_string())
            .bind(requested_at.unix())
            .fetch_one(connection)
            .await?;
        let standing = TrialStanding::from_columns(Columns(&row))?;
        Ok(match standing {
            TrialStanding { current: Some(trial), .. } => Some(Grant::Existing(trial)),
            TrialStanding { used, .. } if self.trial.counted && used >= self.maximum => {
                Some(Grant::LimitReached { used })
            }
            _ => None,
        })
    }
}
