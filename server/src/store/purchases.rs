//! Licenses that are bought with a key: the key is used up and the license recorded, or neither.

use sqlx::AnyConnection;
use trybuy_formats::ids::{Digest, LicenseId, LicenseeId, TrialId};
use trybuy_formats::instant::Instant;
use trybuy_formats::policy::TrialPolicy;

use super::columns::{json, seconds};
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
    /// A trial of this Builder, with the policy that its license has from then on.
    Trial(TrialId, TrialPolicy),
    /// A license of its own.
    New(Box<GrantRequest>),
}

/// How a redemption ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Redeemed {
    /// The license is recorded.
    Done(TrialId),
    /// The key was revoked, or somebody else bought with it.
    KeyRefused,
    /// The buyer uses it on as many Builders as it is for.
    NoMoreBuilders,
    /// The Builder has got a trial of the application meanwhile.
    TrialThere,
}

const USE_KEY: &str = "UPDATE purchase_keys SET redeemed_at = COALESCE(redeemed_at, $3), \
    ends_at = CASE WHEN licensee_id IS NULL THEN $4 ELSE ends_at END, licensee_id = $2 \
    WHERE id = $1 AND revoked_at IS NULL AND (licensee_id IS NULL OR licensee_id = $2)";
const HAS_ROOM: &str = "SELECT purchase_keys.id FROM purchase_keys \
    JOIN key_batches ON key_batches.id = purchase_keys.batch_id \
    WHERE purchase_keys.id = $1 AND (SELECT COUNT(DISTINCT license_id) FROM trials \
        WHERE purchase_key = $1 AND license_id <> $2) < key_batches.builders";
const CONVERT: &str = "UPDATE trials SET kind = 'purchase', ends_at = $3, policy = $4, \
    purchased_at = $5, purchase_key = $6, relicensing_digest = $7, head_due = head_due + 1 \
    WHERE id = $1 AND license_id = $2";

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
            return Ok(Finish::RollBack(Redeemed::KeyRefused));
        }
        if !self.has_room(connection).await? {
            return Ok(Finish::RollBack(Redeemed::NoMoreBuilders));
        }
        match &self.of {
            Bought::Trial(trial, policy) => {
                self.convert(connection, *trial, policy).await?;
                Ok(Finish::Commit(Redeemed::Done(*trial)))
            }
            Bought::New(request) => Ok(match request.grant_on(connection).await? {
                Some(Grant::Granted) => Finish::Commit(Redeemed::Done(request.trial.id)),
                Some(_) => Finish::RollBack(Redeemed::TrialThere),
                None => return Err(StoreError::Contention),
            }),
        }
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

    async fn convert(
        &self,
        connection: &mut AnyConnection,
        trial: TrialId,
        policy: &TrialPolicy,
    ) -> Result<(), StoreError> {
        sqlx::query(CONVERT)
            .bind(trial.to_string())
            .bind(self.license.to_string())
            .bind(seconds(self.ends_at))
            .bind(json(policy))
            .bind(self.now.unix())
            .bind(self.key.to_string())
            .bind(self.terms.map(|terms| terms.to_string()))
            .execute(connection)
            .await?;
        Ok(())
    }
}
