//! Licenses that are bought with a key: the key is used up and the license recorded, or neither.

use sqlx::AnyConnection;
use trybuy_formats::ids::{Digest, LicenseId, LicenseeId, TrialId};
use trybuy_formats::instant::Instant;
use trybuy_formats::policy::TrialPolicy;

use super::columns::{json, number, seconds};
use super::transaction::{Finish, Operation};
use super::{Grant, GrantRequest, PurchaseKeyId, Store, StoreError};

/// A key to be redeemed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Redemption {
    /// The key.
    pub key: PurchaseKeyId,
    /// Who buys.
    pub licensee: LicenseeId,
    /// For which Builder.
    pub license: LicenseId,
    /// When.
    pub now: Instant,
    /// When the license ends; none: never.
    pub ends_at: Option<Instant>,
    /// SHA-256 of the relicensing terms that were accepted.
    pub terms: Option<Digest>,
    /// What becomes the license.
    pub of: Bought,
}

/// What becomes a purchased license.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Bought {
    /// A trial of this Builder.
    Trial(ConvertedTrial),
    /// A license of its own.
    New(Box<GrantRequest>),
}

/// A trial that becomes a license.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ConvertedTrial {
    /// The trial.
    pub id: TrialId,
    /// The head that was due when it was looked at: a higher one means that something else changed it
    /// since.
    pub head_due: u64,
    /// The policy that the license has.
    pub policy: TrialPolicy,
}

/// How a redemption ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Redeemed {
    /// The license is recorded.
    Done(TrialId),
    /// The buyer uses the key on as many Builders as it is for.
    NoMoreBuilders,
    /// The code that accepts the terms of a new license is unknown, used already or too old.
    CodeRefused,
    /// The key, or what the Builder has of the application, is not as it was: look at both again.
    Changed,
}

/// Whoever used it on another Builder meanwhile has settled when the licenses of this key end.
const USE_KEY: &str = "UPDATE purchase_keys SET redeemed_at = COALESCE(redeemed_at, $3), \
    ends_at = $4, licensee_id = $2 WHERE id = $1 AND revoked_at IS NULL AND (licensee_id IS NULL \
        OR (licensee_id = $2 AND ends_at IS NOT DISTINCT FROM $4))";
const HAS_ROOM: &str = "SELECT purchase_keys.id FROM purchase_keys \
    JOIN key_batches ON key_batches.id = purchase_keys.batch_id \
    WHERE purchase_keys.id = $1 AND (SELECT COUNT(*) FROM key_uses \
        WHERE key_id = $1 AND license_id <> $2) < key_batches.builders";
const RECORD_USE: &str =
    "INSERT INTO key_uses (key_id, license_id) VALUES ($1, $2) ON CONFLICT DO NOTHING";
const CONVERT: &str = "UPDATE trials SET kind = 'purchase', ends_at = $4, policy = $5, \
    purchased_at = $6, purchase_key = $7, relicensing_digest = $8, head_due = head_due + 1 \
    WHERE id = $1 AND license_id = $2 AND head_due = $3";

impl Store {
    /// Redeems a key.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn redeem(&self, redemption: &Redemption) -> Result<Redeemed, StoreError> {
        self.write(redemption).await
    }
}

impl Operation for Redemption {
    type Answer = Redeemed;

    async fn run(&self, connection: &mut AnyConnection) -> Result<Finish<Redeemed>, StoreError> {
        if !self.use_key(connection).await? {
            return Ok(Finish::RollBack(Redeemed::Changed));
        }
        if !self.has_room(connection).await? {
            return Ok(Finish::RollBack(Redeemed::NoMoreBuilders));
        }
        self.record_use(connection).await?;
        let bought = match &self.of {
            Bought::Trial(trial) => self.convert(connection, trial).await?.then_some(trial.id),
            Bought::New(request) => match request.grant_with_code(connection).await? {
                Some(Grant::Granted) => Some(request.trial.id),
                Some(Grant::CodeRefused) => return Ok(Finish::RollBack(Redeemed::CodeRefused)),
                Some(_) => None,
                None => return Err(StoreError::Contention),
            },
        };
        Ok(match bought {
            Some(trial) => Finish::Commit(Redeemed::Done(trial)),
            None => Finish::RollBack(Redeemed::Changed),
        })
    }
}

impl Redemption {
    async fn use_key(&self, connection: &mut AnyConnection) -> Result<bool, StoreError> {
        let query = sqlx::query(USE_KEY)
            .bind(self.key.to_string())
            .bind(self.licensee.to_string())
            .bind(self.now.unix())
            .bind(seconds(self.ends_at));
        Ok(query.execute(connection).await?.rows_affected() == 1)
    }

    async fn has_room(&self, connection: &mut AnyConnection) -> Result<bool, StoreError> {
        let query = sqlx::query(HAS_ROOM).bind(self.key.to_string()).bind(self.license.to_string());
        Ok(query.fetch_optional(connection).await?.is_some())
    }

    async fn record_use(&self, connection: &mut AnyConnection) -> Result<(), StoreError> {
        let query = sqlx::query(RECORD_USE).bind(self.key.to_string());
        query.bind(self.license.to_string()).execute(connection).await?;
        Ok(())
    }

    /// Whether the trial is still as it was looked at.
    async fn convert(
        &self,
        connection: &mut AnyConnection,
        trial: &ConvertedTrial,
    ) -> Result<bool, StoreError> {
        let query = sqlx::query(CONVERT)
            .bind(trial.id.to_string())
            .bind(self.license.to_string())
            .bind(number(trial.head_due))
            .bind(seconds(self.ends_at))
            .bind(json(&trial.policy))
            .bind(self.now.unix())
            .bind(self.key.to_string())
            .bind(self.terms.map(|terms| terms.to_string()));
        Ok(query.execute(connection).await?.rows_affected() == 1)
    }
}
