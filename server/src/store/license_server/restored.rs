//! A store that was restored from a backup: how it is found to be one, and how somebody accepts that.

use sqlx::AnyConnection;
use trybuy_formats::ids::RecordMac;
use trybuy_formats::instant::{Instant, Span};
use trybuy_formats::keys::LicenseServerSecret;
use trybuy_formats::licensing::records::RecordsMark;

use super::chain::{Chain, Chained, ChainedOperation, RecordHead};
use super::decisions::{DecisionOutcome, DecisionReason, LicenseDecision};
use super::records::{StoredRecord, is_authentic, stored_mac, stored_record};
use crate::store::columns::{Columns, word};
use crate::store::connections::in_time;
use crate::store::{Store, StoreError};

/// The record that somebody accepted then that the store is a restored one.
const ACCEPTED: &str = "SELECT number, at, outcome, client_id, record, mac FROM license_records \
    WHERE outcome = $1 AND at = $2 ORDER BY number DESC LIMIT 1";
/// The last record that a seat was granted twice, or that somebody accepted it: as in the index of these.
const LAST_TWICE: &str = "SELECT outcome FROM license_records \
    WHERE outcome IN ('restored-accepted', 'seat-granted-twice') ORDER BY number DESC LIMIT 1";

/// How the records are, compared with how far they went once.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RecordsComparison {
    /// They go on from there, or somebody has accepted since that they do not.
    GoOn,
    /// There are fewer than there were.
    Fewer,
    /// There are others than there were.
    Others,
}

impl RecordsComparison {
    /// Why the store is a restored one, if it is.
    pub fn reason(self) -> Option<DecisionReason> {
        match self {
            Self::GoOn => None,
            Self::Fewer => Some(DecisionReason::FewerRecords),
            Self::Others => Some(DecisionReason::OtherRecords),
        }
    }
}

impl Store {
    /// Compares the records with how far they went once. Where they do not go on from there, the store is a restored
    /// one from now on, with a record of it.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn compare_records(
        &self,
        secret: &LicenseServerSecret,
        mark: RecordsMark,
        decision: LicenseDecision,
    ) -> Result<RecordsComparison, StoreError> {
        let head = self.record_head().await?;
        let found = in_time(async {
            let mut connection = self.readers.acquire().await?;
            compare_stored(&mut connection, secret, &head.mark, &mark).await
        })
        .await?;
        let is_told = head.restored && mark.accepted_at <= head.shown_accepted_at;
        if found == RecordsComparison::GoOn || is_told {
            return Ok(found);
        }
        self.write(&Chained { secret, operation: &Comparing { mark, decision } }).await
    }

    /// Whether a record says, and is authentic, that somebody has accepted when the end of the records says so. Also
    /// where nobody ever has.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn is_accepted(
        &self,
        secret: &LicenseServerSecret,
        end: &RecordsMark,
    ) -> Result<bool, StoreError> {
        in_time(async {
            let mut connection = self.readers.acquire().await?;
            is_accepted(&mut connection, secret, end).await
        })
        .await
    }

    /// The end of the records, if the records say so themselves: whoever writes in the database can make up another one.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn authentic_head(
        &self,
        secret: &LicenseServerSecret,
    ) -> Result<Option<RecordHead>, StoreError> {
        let head = self.record_head().await?;
        let is_authentic = in_time(async {
            let mut connection = self.readers.acquire().await?;
            is_end(&mut connection, secret, &head.mark).await
        })
        .await?;
        Ok(is_authentic.then_some(head))
    }

    /// Whether a seat was found to be granted twice, and nobody has accepted that since: only a store that was restored, also
    /// where nothing else has shown it, does so.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn has_granted_twice(&self) -> Result<bool, StoreError> {
        in_time(async {
            let mut connection = self.readers.acquire().await?;
            has_granted_twice(&mut connection).await
        })
        .await
    }

    /// Accepts that the store is a restored one, or has granted a seat twice, with a record of it. Answers whether there was
    /// anything to accept.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn accept_restored(
        &self,
        secret: &LicenseServerSecret,
        now: Instant,
    ) -> Result<bool, StoreError> {
        self.write(&Chained { secret, operation: &Accepting { now } }).await
    }
}

async fn has_granted_twice(connection: &mut AnyConnection) -> Result<bool, StoreError> {
    let row = sqlx::query(LAST_TWICE).fetch_optional(connection).await?;
    let last = row.map(|row| Columns(&row).word::<DecisionOutcome>("outcome")).transpose()?;
    Ok(last == Some(DecisionOutcome::SeatGrantedTwice))
}

/// Compares how far the records go with how far they went once, by what is stored.
async fn compare_stored(
    connection: &mut AnyConnection,
    secret: &LicenseServerSecret,
    now: &RecordsMark,
    then: &RecordsMark,
) -> Result<RecordsComparison, StoreError> {
    let there = stored_mac(connection, then.records).await?;
    Ok(match compare(now, then, there) {
        // Whoever writes in the database could say so.
        None if is_accepted(connection, secret, now).await? => RecordsComparison::GoOn,
        None => RecordsComparison::Others,
        Some(comparison) => comparison,
    })
}

async fn is_accepted(
    connection: &mut AnyConnection,
    secret: &LicenseServerSecret,
    end: &RecordsMark,
) -> Result<bool, StoreError> {
    let Some(accepted_at) = end.accepted_at else { return Ok(true) };
    let row = sqlx::query(ACCEPTED)
        .bind(word(&DecisionOutcome::RestoredAccepted))
        .bind(accepted_at.unix())
        .fetch_optional(&mut *connection)
        .await?;
    let Some(row) = row else { return Ok(false) };
    is_authentic(connection, secret, &StoredRecord::from_columns(Columns(&row))?).await
}

/// Whether the records end there, and were accepted then.
async fn is_end(
    connection: &mut AnyConnection,
    secret: &LicenseServerSecret,
    end: &RecordsMark,
) -> Result<bool, StoreError> {
    let is_last = match stored_record(connection, end.records).await? {
        Some(last) => last.mac == Some(end.mac) && is_authentic(connection, secret, &last).await?,
        None => *end == RecordsMark::BEGIN,
    };
    Ok(is_last && is_accepted(connection, secret, end).await?)
}

/// Compares how far the records go with how far they went once, where there is a record with this authentication now.
/// Answers nothing where somebody is said to have accepted since that they do not go on from there.
fn compare(
    now: &RecordsMark,
    then: &RecordsMark,
    there: Option<RecordMac>,
) -> Option<RecordsComparison> {
    if then.accepted_at < now.accepted_at {
        return None;
    }
    if now.records < then.records {
        return Some(RecordsComparison::Fewer);
    }
    let is_there = then.accepted_at == now.accepted_at && there == Some(then.mac);
    Some(if is_there { RecordsComparison::GoOn } else { RecordsComparison::Others })
}

/// Compares the records again with nobody who writes meanwhile. The store is a restored one from now on, where they
/// once went farther, or elsewhere.
struct Comparing {
    /// How far they went once.
    mark: RecordsMark,
    decision: LicenseDecision,
}

impl ChainedOperation for Comparing {
    type Answer = RecordsComparison;

    async fn run(
        &self,
        connection: &mut AnyConnection,
        chain: &mut Chain<'_>,
    ) -> Result<RecordsComparison, StoreError> {
        let Self { mark, decision } = self;
        let (end, secret) = (chain.head().mark, chain.secret());
        let found = compare_stored(connection, secret, &end, mark).await?;
        if let Some(reason) = found.reason() {
            chain.show_accepted(mark.accepted_at);
            if !chain.head().restored {
                chain.append(LicenseDecision { reason: Some(reason), ..decision.clone() });
                chain.set_restored();
            }
        }
        Ok(found)
    }
}

struct Accepting {
    now: Instant,
}

impl ChainedOperation for Accepting {
    type Answer = bool;

    async fn run(
        &self,
        connection: &mut AnyConnection,
        chain: &mut Chain<'_>,
    ) -> Result<bool, StoreError> {
        let was_restored = chain.head().restored || has_granted_twice(connection).await?;
        if was_restored {
            // After every time before, also where the clock was set back, or the store has forgotten the last one.
            let last = chain.head().mark.accepted_at.max(chain.head().shown_accepted_at);
            let last = last.map(|last| last.plus(Span::seconds(1)));
            let at = last.map_or(self.now, |last| last.max(self.now));
            chain.append(LicenseDecision::of(DecisionOutcome::RestoredAccepted, at));
            chain.accept_restored(at);
        }
        Ok(was_restored)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mark(accepted_at: Option<i64>, records: u64) -> RecordsMark {
        let accepted_at = accepted_at.and_then(Instant::from_unix);
        RecordsMark { accepted_at, records, mac: RecordMac::from_bytes([7; 32]) }
    }

    #[test]
    fn records_go_on_from_a_mark_unless_they_were_put_back() {
        let (same, other) = (Some(RecordMac::from_bytes([7; 32])), Some(RecordMac::BEGIN));
        for (now, then, there, expected) in [
            (mark(None, 5), mark(None, 5), same, Some(RecordsComparison::GoOn)),
            (mark(None, 9), mark(None, 5), same, Some(RecordsComparison::GoOn)),
            (mark(None, 4), mark(None, 5), None, Some(RecordsComparison::Fewer)),
            (mark(None, 9), mark(None, 5), other, Some(RecordsComparison::Others)),
            (mark(None, 9), mark(None, 5), None, Some(RecordsComparison::Others)),
            // It was accepted since that there are fewer, or others.
            (mark(Some(1), 4), mark(None, 5), None, None),
            (mark(Some(2), 9), mark(Some(1), 5), other, None),
            // And put back to before it was accepted.
            (mark(None, 4), mark(Some(1), 5), None, Some(RecordsComparison::Fewer)),
            (mark(None, 9), mark(Some(1), 5), same, Some(RecordsComparison::Others)),
        ] {
            assert_eq!(compare(&now, &then, there), expected, "{now:?} {then:?}");
        }
    }
}
