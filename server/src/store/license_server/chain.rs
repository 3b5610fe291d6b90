//! The chain of the records: each is authenticated with all that were before it.
//!
//! Records are gathered, and written with the new end of the chain by the last statements of their transaction.
//!
//! Whoever writes a record first locks the one row that holds the end of the chain, and writes it anew with
//! the transaction. So all that changes the secure license store runs one after the other, also from several
//! processes on one PostgreSQL, and no record can be appended twice after the same one.

use sqlx::{AnyConnection, AssertSqlSafe};
use trybuy_formats::ids::RecordMac;
use trybuy_formats::instant::Instant;
use trybuy_formats::keys::LicenseServerSecret;
use trybuy_formats::licensing::records::RecordsMark;

use super::decisions::{LicenseDecision, LicenseRecord};
use crate::store::StoreError;
use crate::store::columns::{Columns, json, number, seconds, word};
use crate::store::rows::{parts, rows};
use crate::store::transaction::{Finish, Isolation, Operation};

/// The end of the records.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct RecordHead {
    /// How far they go.
    pub mark: RecordsMark,
    /// Whether the store was found to be a restored one, and nobody has accepted that.
    pub restored: bool,
    /// The latest acceptance that was ever shown and that the records do not know of.
    pub(super) shown_accepted_at: Option<Instant>,
    /// The period of challenges: those that are made now are of it.
    pub challenge_period: u64,
}

/// Changes nothing, but locks the row.
const LOCK: &str = "UPDATE license_record_head SET records = records WHERE id = 1 \
    RETURNING records, mac, restored, accepted_at, shown_accepted_at, challenge_period";
const MOVE: &str = "UPDATE license_record_head \
    SET records = $1, mac = $2, restored = $3, accepted_at = $4, shown_accepted_at = $5 WHERE id = 1";
const INSERT: &str =
    "INSERT INTO license_records (number, at, outcome, client_id, record, mac) VALUES ";

impl RecordHead {
    pub(super) fn from_columns(columns: Columns<'_>) -> Result<Self, StoreError> {
        Ok(Self {
            mark: RecordsMark {
                accepted_at: columns.optional_instant("accepted_at")?,
                records: columns.number("records")?,
                mac: columns.text("mac")?,
            },
            restored: columns.number::<i64>("restored")? != 0,
            shown_accepted_at: columns.optional_instant("shown_accepted_at")?,
            challenge_period: columns.number("challenge_period")?,
        })
    }
}

/// What the column of a record's client holds.
pub(super) fn client_column(decision: &LicenseDecision) -> String {
    decision.client_id.map(|client| client.to_string()).unwrap_or_default()
}

/// The end of the chain, locked by a transaction.
pub(super) struct Chain<'a> {
    secret: &'a LicenseServerSecret,
    head: RecordHead,
    /// What is not written yet.
    new: Vec<NewRecord>,
}

/// A record, and the columns beside it.
struct NewRecord {
    number: u64,
    at: Instant,
    outcome: String,
    client_id: String,
    record: String,
    mac: RecordMac,
}

impl<'a> Chain<'a> {
    /// Locks the end of the chain. Has to be the first statement of its transaction.
    pub(super) async fn lock(
        connection: &mut AnyConnection,
        secret: &'a LicenseServerSecret,
    ) -> Result<Self, StoreError> {
        let row = sqlx::query(LOCK).fetch_one(connection).await?;
        Ok(Self { secret, head: RecordHead::from_columns(Columns(&row))?, new: Vec::new() })
    }

    /// What authenticates the records.
    pub(super) fn secret(&self) -> &'a LicenseServerSecret {
        self.secret
    }

    /// The end of the records, with those that were appended.
    pub(super) fn head(&self) -> &RecordHead {
        &self.head
    }

    /// The store is a restored one.
    pub(super) fn set_restored(&mut self) {
        self.head.restored = true;
    }

    /// Somebody had accepted before that the store was a restored one, though the records do not know of it.
    pub(super) fn show_accepted(&mut self, at: Option<Instant>) {
        self.head.shown_accepted_at = self.head.shown_accepted_at.max(at);
    }

    /// Somebody has accepted that the store is a restored one.
    pub(super) fn accept_restored(&mut self, at: Instant) {
        self.head.restored = false;
        self.head.mark.accepted_at = Some(at);
    }

    /// Appends a record.
    pub(super) fn append(&mut self, decision: LicenseDecision) {
        let mark = &mut self.head.mark;
        let record = LicenseRecord { number: mark.records + 1, decision };
        let text = json(&record);
        let mac = self.secret.record_mac(&mark.mac, text.as_bytes());
        (mark.records, mark.mac) = (record.number, mac);
        self.new.push(NewRecord {
            number: record.number,
            at: record.decision.at,
            outcome: word(&record.decision.outcome),
            client_id: client_column(&record.decision),
            record: text,
            mac,
        });
    }

    /// Writes the records that were appended.
    pub(super) async fn write(&mut self, connection: &mut AnyConnection) -> Result<(), StoreError> {
        for records in parts(&self.new) {
            insert(connection, records).await?;
        }
        self.new.clear();
        Ok(())
    }

    /// Writes the records and the end of the chain. Has to be the last thing that is done in its transaction.
    async fn release(mut self, connection: &mut AnyConnection) -> Result<(), StoreError> {
        self.write(connection).await?;
        sqlx::query(MOVE)
            .bind(number(self.head.mark.records))
            .bind(self.head.mark.mac.to_string())
            .bind(i64::from(self.head.restored))
            .bind(seconds(self.head.mark.accepted_at))
            .bind(seconds(self.head.shown_accepted_at))
            .execute(connection)
            .await?;
        Ok(())
    }
}

async fn insert(connection: &mut AnyConnection, records: &[NewRecord]) -> Result<(), StoreError> {
    let statement = format!("{INSERT}{}", rows(records.len(), 6));
    let mut query = sqlx::query(AssertSqlSafe(statement));
    for record in records {
        query = query
            .bind(number(record.number))
            .bind(record.at.unix())
            .bind(record.outcome.as_str())
            .bind(record.client_id.as_str())
            .bind(record.record.as_str())
            .bind(record.mac.to_string());
    }
    query.execute(connection).await?;
    Ok(())
}

/// What changes the secure license store, with the end of the chain locked.
pub(super) trait ChainedOperation: Sync {
    /// What it answers.
    type Answer: Send;

    /// Runs the statements. An error takes them back.
    fn run(
        &self,
        connection: &mut AnyConnection,
        chain: &mut Chain<'_>,
    ) -> impl Future<Output = Result<Self::Answer, StoreError>> + Send;
}

/// One of them in a transaction of its own.
pub(super) struct Chained<'a, O> {
    pub(super) secret: &'a LicenseServerSecret,
    pub(super) operation: &'a O,
}

impl<O: ChainedOperation> Operation for Chained<'_, O> {
    type Answer = O::Answer;

    /// The lock on the end of the chain lets only one run at a time.
    const ISOLATION: Isolation = Isolation::ReadCommitted;

    async fn run(
        &self,
        connection: &mut AnyConnection,
    ) -> Result<Finish<Self::Answer>, StoreError> {
        let mut chain = Chain::lock(connection, self.secret).await?;
        let answer = self.operation.run(connection, &mut chain).await?;
        chain.release(connection).await?;
        Ok(Finish::Commit(answer))
    }
}
