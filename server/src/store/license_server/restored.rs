//! A store that was restored from a backup: how it is found to be one, and how somebody accepts that.

use sqlx::AnyConnection;
use trybuy_formats::ids::RecordMac;
use trybuy_formats::instant::{Instant, Span};
use trybuy_formats::keys::LicenseServerSecret;
use trybuy_formats::licensing::records::RecordsMark;

use super::chain::{Chain, Chained, ChainedOperation};
use super::decisions::{DecisionOutcome, DecisionReason, LicenseDecision};
use super::records::StoredRecord;
use crate::store::columns::{Columns, word};
use crate::store::{Store, StoreError};

/// The record that somebody accepted then that the store is a restored one.
const ACCEPTED: &str = "SELECT number, at, outcome, client_id, record, mac FROM license_records \
    WHERE outcome = $1 AND at = $2 ORDER BY number DESC LIMIT 1";

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
        let there = match mark.records {
            0 => Some(RecordsMark::BEGIN.mac),
            number => self.stored_record(number).await?.and_then(|record| record.mac),
        };
        let comparison = match compare(&head.mark, &mark, there) {
            // Whoever writes in the database could say so.
            None if self.is_accepted(secret, &head.mark).await? => RecordsComparison::GoOn,
            None => RecordsComparison::Others,
            Some(comparison) => comparison,
        };
        if let (Some(reason), false) = (comparison.reason(), head.restored) {
            let decision = LicenseDecision { reason: Some(reason), ..decision };
            self.write(&Chained {
                secret,
                operation: &Finding { accepted_at: head.mark.accepted_at, decision },
            })
            .await?;
        }
        Ok(comparison)
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
        let Some(accepted_at) = end.accepted_at else { return Ok(true) };
        let query = sqlx::query(ACCEPTED)
            .bind(word(&DecisionOutcome::RestoredAccepted))
            .bind(accepted_at.unix());
        let Some(row) = self.fetch_optional(query).await? else { return Ok(false) };
        let record = StoredRecord::from_columns(Columns(&row))?;
        let before = match record.number.saturating_sub(1) {
            0 => Some(RecordsMark::BEGIN.mac),
            number => self.stored_record(number).await?.and_then(|record| record.mac),
        };
        let mac = before.map(|before| secret.record_mac(&before, record.record.as_bytes()));
        Ok(record.agrees && mac.is_some() && mac == record.mac)
    }

    /// Accepts that the store is a restored one, with a record of it. Answers whether it was.
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

/// The store is found to be a restored one, as its records once went farther, or elsewhere.
struct Finding {
    /// When that was last accepted, as it was compared.
    accepted_at: Option<Instant>,
    decision: LicenseDecision,
}

impl ChainedOperation for Finding {
    type Answer = ();

    async fn run(&self, _: &mut AnyConnection, chain: &mut Chain<'_>) -> Result<(), StoreError> {
        let head = chain.head();
        // Others may have found it too, and somebody may even have accepted it.
        if !head.restored && head.mark.accepted_at == self.accepted_at {
            chain.append(self.decision.clone());
            chain.set_restored();
        }
        Ok(())
    }
}

struct Accepting {
    now: Instant,
}

impl ChainedOperation for Accepting {
    type Answer = bool;

    async fn run(&self, _: &mut AnyConnection, chain: &mut Chain<'_>) -> Result<bool, StoreError> {
        let is_restored = chain.head().restored;
        if is_restored {
            // After every time before, also where the clock was set back.
            let last = chain.head().mark.accepted_at.map(|last| last.plus(Span::seconds(1)));
            let at = last.map_or(self.now, |last| last.max(self.now));
            chain.append(LicenseDecision::of(DecisionOutcome::RestoredAccepted, at));
            chain.accept_restored(at);
        }
        Ok(is_restored)
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
