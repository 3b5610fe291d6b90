//! Purchase keys. The keys themselves are not stored: they are derived from their ids.

use sqlx::AnyConnection;
use trybuy_formats::ids::{ApplicationId, Digest, LicenseeId};
use trybuy_formats::instant::{Instant, Span};

use super::columns::{Columns, number};
use super::transaction::{Finish, Operation};
use super::{KeyBatchId, PAGE_LIMIT, Page, PurchaseKeyId, Store, StoreError, VendorId};

/// Keys to be made together.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NewKeys {
    /// The batch.
    pub batch: KeyBatchId,
    /// What they buy.
    pub application: ApplicationId,
    /// What they are for, in the vendor's words.
    pub label: String,
    /// How long a license lasts from its purchase; none for ever.
    pub license_duration: Option<Span>,
    /// On how many Builders the buyer may use each.
    pub builders: u32,
    /// When they are made.
    pub created_at: Instant,
    /// The keys: id and SHA-256.
    pub keys: Vec<(PurchaseKeyId, Digest)>,
}

/// A key as it is read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct KeyRecord {
    /// The key.
    pub id: PurchaseKeyId,
    /// Its batch.
    pub batch: KeyBatchId,
    /// What it buys.
    pub application: ApplicationId,
    /// What its batch is for.
    pub label: String,
    /// How long a license lasts from its purchase; none for ever.
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

/// How the revocation of a key ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum KeyRevoked {
    /// Nothing can be bought with it any more.
    Done,
    /// The vendor has no such key, or it was revoked before.
    NoKey,
    /// Somebody bought with it, and licenses were not to end.
    Redeemed,
}

/// A key to be revoked.
struct RevokeKey {
    vendor: VendorId,
    id: PurchaseKeyId,
    end_licenses: bool,
    now: Instant,
}

const INSERT_BATCH: &str = "INSERT INTO key_batches (id, application, label, license_duration, \
    builders, created_at) VALUES ($1, $2, $3, $4, $5, $6)";
const INSERT_KEY: &str = "INSERT INTO purchase_keys (id, hash, batch_id) VALUES ($1, $2, $3)";
macro_rules! key_columns {
    () => {
        "SELECT purchase_keys.id, batch_id, application, label, license_duration, builders, \
        key_batches.created_at, licensee_id, redeemed_at, ends_at, revoked_at FROM purchase_keys \
        JOIN key_batches ON key_batches.id = purchase_keys.batch_id "
    };
}
const BY_HASH: &str = concat!(key_columns!(), "WHERE hash = $1 AND application = $2");
const PAGE: &str = concat!(
    key_columns!(),
    "WHERE application = $1 AND purchase_keys.id > $2 ORDER BY purchase_keys.id LIMIT $3"
);
const OWN_KEY: &str = "SELECT purchase_keys.id, licensee_id FROM purchase_keys \
    JOIN key_batches ON key_batches.id = purchase_keys.batch_id \
    JOIN applications ON applications.id = key_batches.application \
    WHERE purchase_keys.id = $1 AND vendor_id = $2 AND revoked_at IS NULL";
const REVOKE: &str = "UPDATE purchase_keys SET revoked_at = $2 WHERE id = $1";
/// The Builders get it as a head whose date has passed.
const END_LICENSES: &str = "UPDATE trials SET ends_at = $2, head_due = head_due + 1 \
    WHERE purchase_key = $1 AND (ends_at IS NULL OR ends_at > $2)";

impl Store {
    /// Stores keys that were made together.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn create_keys(&self, keys: &NewKeys) -> Result<(), StoreError> {
        self.write(keys).await
    }

    /// The key of an application with that SHA-256.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn purchase_key(
        &self,
        application: &ApplicationId,
        hash: &Digest,
    ) -> Result<Option<KeyRecord>, StoreError> {
        let query = sqlx::query(BY_HASH).bind(hash.to_string()).bind(application.as_str());
        let row = self.fetch_optional(query).await?;
        row.map(|row| KeyRecord::from_columns(Columns(&row))).transpose()
    }

    /// A page of the keys of an application, the oldest first.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn purchase_keys(
        &self,
        application: &ApplicationId,
        after: Option<PurchaseKeyId>,
        limit: u32,
    ) -> Result<Page<KeyRecord>, StoreError> {
        let limit = limit.min(PAGE_LIMIT);
        let query = sqlx::query(PAGE)
            .bind(application.as_str())
            .bind(after.map_or(String::new(), |id| id.to_string()))
            .bind(i64::from(limit) + 1);
        let rows = self.fetch_all(query).await?;
        let entries: Result<_, _> =
            rows.iter().map(|row| KeyRecord::from_columns(Columns(row))).collect();
        Ok(Page::new(entries?, limit))
    }

    /// Revokes a vendor's key; one that somebody bought with only together with the licenses.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn revoke_key(
        &self,
        vendor: VendorId,
        id: PurchaseKeyId,
        end_licenses: bool,
        now: Instant,
    ) -> Result<KeyRevoked, StoreError> {
        self.write(&RevokeKey { vendor, id, end_licenses, now }).await
    }
}

impl KeyRecord {
    fn from_columns(columns: Columns<'_>) -> Result<Self, StoreError> {
        let duration: Option<u64> = columns.optional_number("license_duration")?;
        Ok(Self {
            id: columns.text("id")?,
            batch: columns.text("batch_id")?,
            application: columns.text("application")?,
            label: columns.text("label")?,
            license_duration: duration.map(Span::seconds),
            builders: columns.number("builders")?,
            created_at: columns.instant("created_at")?,
            licensee_id: columns.optional_text("licensee_id")?,
            redeemed_at: columns.optional_instant("redeemed_at")?,
            ends_at: columns.optional_instant("ends_at")?,
            revoked_at: columns.optional_instant("revoked_at")?,
        })
    }
}

impl Operation for NewKeys {
    type Answer = ();

    async fn run(&self, connection: &mut AnyConnection) -> Result<Finish<()>, StoreError> {
        let batch = self.batch.to_string();
        sqlx::query(INSERT_BATCH)
            .bind(batch.as_str())
            .bind(self.application.as_str())
            .bind(self.label.as_str())
            .bind(self.license_duration.map(|span| number(span.as_seconds())))
            .bind(i64::from(self.builders))
            .bind(self.created_at.unix())
            .execute(&mut *connection)
            .await?;
        for (id, hash) in &self.keys {
            sqlx::query(INSERT_KEY)
                .bind(id.to_string())
                .bind(hash.to_string())
                .bind(batch.as_str())
                .execute(&mut *connection)
                .await?;
        }
        Ok(Finish::Commit(()))
    }
}

impl Operation for RevokeKey {
    type Answer = KeyRevoked;

    async fn run(&self, connection: &mut AnyConnection) -> Result<Finish<KeyRevoked>, StoreError> {
        let id = self.id.to_string();
        let query = sqlx::query(OWN_KEY).bind(id.as_str()).bind(self.vendor.to_string());
        let Some(row) = query.fetch_optional(&mut *connection).await? else {
            return Ok(Finish::RollBack(KeyRevoked::NoKey));
        };
        let buyer: Option<LicenseeId> = Columns(&row).optional_text("licensee_id")?;
        if buyer.is_some() && !self.end_licenses {
            return Ok(Finish::RollBack(KeyRevoked::Redeemed));
        }
        let now = self.now.unix();
        sqlx::query(REVOKE).bind(id.as_str()).bind(now).execute(&mut *connection).await?;
        sqlx::query(END_LICENSES).bind(id.as_str()).bind(now).execute(connection).await?;
        Ok(Finish::Commit(KeyRevoked::Done))
    }
}
