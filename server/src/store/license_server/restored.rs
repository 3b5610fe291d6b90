//! A store that was restored from a backup: how it is found to be one, and how somebody accepts that.

use sqlx::AnyConnection;
use trybuy_formats::ids::RecordMac;
use trybuy_formats::instant::{Instant, Span};
use trybuy_formats::keys::LicenseServerSecret;
use trybuy_formats::licensing::records::RecordsMark;

use super::chain::{Chain, Chained, ChainedOperation};
use super::decisions::{DecisionOutcome, DecisionReason, LicenseDecision};
use crate::store::{Store, StoreError};

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
        let comparison = compare(&head.mark, &mark, there);
        if let (Some(reason), false) = (comparison.reason(), head.restored) {
            let decision = LicenseDecision { reason: Some(reason), ..decision };
            self.write(&Chained { secret, operation: &Finding { mark, decision } }).await?;
        }
        Ok(comparison)
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
fn compare(now: &RecordsMark, then: &RecordsMark, there: Option<RecordMac>) -> RecordsComparison {
    if then.accepted_at < now.accepted_at {
        return RecordsComparison::GoOn;
    }
    if now.records < then.records {
        return RecordsComparison::Fewer;
    }
    let is_there = then.accepted_at == now.accepted_at && there == Some(then.mac);
    if is_there { RecordsComparison::GoOn } else { RecordsComparison::Others }
}

/// The store is found to be a restored one, as its records once went farther, or elsewhere.
struct Finding {
    mark: RecordsMark,
    decision: LicenseDecision,
}

impl ChainedOperation for Finding {
    type Answer = ();

    async fn run(&self, _: &mut AnyConnection, chain: &mut Chain<'_>) -> Result<(), StoreError> {
        let head = chain.head();
        // Others may have found it too, and somebody may even have accepted it.
        if !head.restored && head.mark.accepted_at <= self.mark.accepted_at {
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
            chain.append(LicenseDecision::of(DecisionOutcome::RestoredAccepted, self.now));
            // After every time before, also where the clock was set back.
            let last = chain.head().mark.accepted_at.map(|last| last.plus(Span::seconds(1)));
            chain.accept_restored(last.map_or(self.now, |last| last.max(self.now)));
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
            (mark(None, 5), mark(None, 5), same, RecordsComparison::GoOn),
            (mark(None, 9), mark(None, 5), same, RecordsComparison::GoOn),
            (mark(None, 4), mark(None, 5), None, RecordsComparison::Fewer),
            (mark(None, 9), mark(None, 5), other, RecordsComparison::Others),
            (mark(None, 9), mark(None, 5), None, RecordsComparison::Others),
            // It was accepted since that there are fewer, or others.
            (mark(Some(1), 4), mark(None, 5), None, RecordsComparison::GoOn),
            (mark(Some(2), 9), mark(Some(1), 5), other, RecordsComparison::GoOn),
            // And put back to before it was accepted.
            (mark(None, 4), mark(Some(1), 5), None, RecordsComparison::Fewer),
            (mark(None, 9), mark(Some(1), 5), same, RecordsComparison::Others),
        ] {
            assert_eq!(compare(&now, &then, there), expected, "{now:?} {then:?}");
        }
    }
}
