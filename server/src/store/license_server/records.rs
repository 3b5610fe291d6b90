//! The records of what a license server decided, as they are read.

use std::fmt::Display;

use sqlx::AnyConnection;
use trybuy_formats::ids::{ClientId, PackId, ProductId, RecordMac, SeatLicenseId};
use trybuy_formats::instant::Instant;
use trybuy_formats::keys::LicenseServerSecret;

use super::chain::{Chain, Chained, ChainedOperation, RecordHead, client_column};
use super::decisions::{DecisionOutcome, DecisionReason, LicenseDecision, LicenseRecord};
use crate::store::columns::{Columns, number, word};
use crate::store::{PAGE_LIMIT, Store, StoreError, columns};

/// What records are looked for.
#[derive(Clone, Debug, Default)]
pub struct RecordQuery {
    /// Of a client only.
    pub client: Option<ClientId>,
    /// With this outcome only.
    pub outcome: Option<DecisionOutcome>,
    /// With this reason only.
    pub reason: Option<DecisionReason>,
    /// About this product only.
    pub product: Option<ProductId>,
    /// About this pack only.
    pub pack: Option<PackId>,
    /// About this license only.
    pub license: Option<SeatLicenseId>,
    /// From this instant on.
    pub since: Option<Instant>,
    /// Before this instant.
    pub until: Option<Instant>,
    /// After this number.
    pub after: u64,
}

/// A record as it is stored, with what the columns beside it say.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct StoredRecord {
    /// Its number.
    pub number: u64,
    /// The record in JSON, as it was authenticated.
    pub record: String,
    /// Its authentication; none where that is damaged.
    pub mac: Option<RecordMac>,
    /// Whether the columns beside it say what it says.
    pub agrees: bool,
}

const HEAD: &str = "SELECT records, mac, restored, accepted_at, shown_accepted_at, challenge_period \
    FROM license_record_head WHERE id = 1";
const AFTER: &str = "SELECT number, at, outcome, client_id, record, mac FROM license_records \
    WHERE number > $1 ORDER BY number LIMIT $2";
const ONE: &str = "SELECT number, at, outcome, client_id, record, mac FROM license_records \
    WHERE number = $1";
/// Declares a query of records that fit all filters. What has no column is looked for in the record itself.
macro_rules! filtered {
    ($condition:literal) => {
        concat!(
            "SELECT record FROM license_records WHERE number > $1 AND ($2 = '' OR outcome = $2) \
             AND at >= $3 AND at < $4 AND record LIKE $5 AND record LIKE $6 AND record LIKE $7 \
             AND record LIKE $8 ",
            $condition,
            "ORDER BY number LIMIT $9"
        )
    };
}
const FILTERED: &str = filtered!("");
const OF_CLIENT: &str = filtered!("AND client_id = $10 ");

impl Store {
    /// The end of the records.
    ///
    /// # Errors
    /// [`StoreError::RowMissing`] when somebody removed it; another [`StoreError`].
    pub async fn record_head(&self) -> Result<RecordHead, StoreError> {
        let row = self.fetch_optional(sqlx::query(HEAD)).await?.ok_or(StoreError::RowMissing)?;
        RecordHead::from_columns(Columns(&row))
    }

    /// A page of records, the oldest first.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn license_records(
        &self,
        query: &RecordQuery,
    ) -> Result<Vec<LicenseRecord>, StoreError> {
        let statement = if query.client.is_some() { OF_CLIENT } else { FILTERED };
        let mut bound = sqlx::query(statement)
            .bind(number(query.after))
            .bind(query.outcome.as_ref().map(word).unwrap_or_default())
            .bind(query.since.map_or(0, Instant::unix))
            .bind(query.until.map_or(i64::MAX, Instant::unix))
            .bind(having("reason", query.reason.as_ref().map(word)))
            .bind(having("product_id", query.product.as_ref()))
            .bind(having("pack_id", query.pack))
            .bind(having("license_id", query.license))
            .bind(i64::from(PAGE_LIMIT));
        if let Some(client) = query.client {
            bound = bound.bind(client.to_string());
        }
        let rows = self.fetch_all(bound).await?;
        rows.iter().map(|row| Columns(row).json("record")).collect()
    }

    /// A page of records as they are stored, to be verified.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn stored_records(&self, after: u64) -> Result<Vec<StoredRecord>, StoreError> {
        let query = sqlx::query(AFTER).bind(number(after)).bind(i64::from(PAGE_LIMIT));
        let rows = self.fetch_all(query).await?;
        rows.iter().map(|row| StoredRecord::from_columns(Columns(row))).collect()
    }

    /// Records a decision that changes nothing else: a refusal.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn record_decision(
        &self,
        secret: &LicenseServerSecret,
        decision: LicenseDecision,
    ) -> Result<(), StoreError> {
        self.write(&Chained { secret, operation: &decision }).await
    }
}

/// The pattern of a record that has a member with a value, or of any. A record is JSON without spaces, in whose texts
/// every quotation mark is escaped, and no value that is looked for has a `%` or `_`: so nothing else fits.
fn having(member: &str, value: Option<impl Display>) -> String {
    value.map_or("%".to_owned(), |value| format!("%\"{member}\":\"{value}\"%"))
}

/// The authentication of a record as it is stored: the beginning of the chain for number 0.
pub(super) async fn stored_mac(
    connection: &mut AnyConnection,
    number: u64,
) -> Result<Option<RecordMac>, StoreError> {
    if number == 0 {
        return Ok(Some(RecordMac::BEGIN));
    }
    Ok(stored_record(connection, number).await?.and_then(|record| record.mac))
}

/// A record as it is stored.
pub(super) async fn stored_record(
    connection: &mut AnyConnection,
    number: u64,
) -> Result<Option<StoredRecord>, StoreError> {
    let row = sqlx::query(ONE).bind(columns::number(number)).fetch_optional(connection).await?;
    row.map(|row| StoredRecord::from_columns(Columns(&row))).transpose()
}

/// Whether a record says what was written under its number, after the record before it.
pub(super) async fn is_authentic(
    connection: &mut AnyConnection,
    secret: &LicenseServerSecret,
    record: &StoredRecord,
) -> Result<bool, StoreError> {
    let before = stored_mac(connection, record.number.saturating_sub(1)).await?;
    let mac = before.map(|before| secret.record_mac(&before, record.record.as_bytes()));
    Ok(record.agrees && mac.is_some() && mac == record.mac)
}

impl StoredRecord {
    pub(super) fn from_columns(columns: Columns<'_>) -> Result<Self, StoreError> {
        Ok(Self {
            number: columns.number("number")?,
            record: columns.text("record")?,
            mac: columns.text("mac").ok(),
            agrees: Self::agrees(columns).unwrap_or(false),
        })
    }

    fn agrees(columns: Columns<'_>) -> Result<bool, StoreError> {
        let LicenseRecord { number, decision } = columns.json("record")?;
        Ok(number == columns.number::<u64>("number")?
            && decision.at == columns.instant("at")?
            && decision.outcome == columns.word("outcome")?
            && client_column(&decision) == columns.text::<String>("client_id")?)
    }
}

impl ChainedOperation for LicenseDecision {
    type Answer = ();

    async fn run(&self, _: &mut AnyConnection, chain: &mut Chain<'_>) -> Result<(), StoreError> {
        chain.append(self.clone());
        Ok(())
    }
}
