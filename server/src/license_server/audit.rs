//! Whether the records are all there, as they were written.
//!
//! Each record is authenticated with the one before it, under a key that the database does not have. So one that was
//! altered, removed, added or moved is found by its place. Records that were cut off at the end are found by the mark
//! beside the database, and by the end that the database says there is. Whoever has the key and both files can write
//! another history.

use serde::Serialize;
use trybuy_formats::ids::RecordMac;
use trybuy_formats::keys::LicenseServerSecret;
use trybuy_formats::licensing::records::RecordsMark;

use crate::store::{Store, StoreError, StoredRecord};

/// What an audit found.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Audit {
    /// How many records are in order, from the first one on.
    pub records: u64,
    /// How the mark beside the database is.
    pub mark: MarkState,
    /// What is wrong after them; nothing where all is in order.
    pub fault: Option<Fault>,
}

/// How the mark beside the database is: without a current one it is not seen if records were cut off at the end.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum MarkState {
    /// The records were compared with it.
    Current,
    /// It is from before somebody accepted that the store is a restored one, and says nothing of what there is now.
    Outdated,
    /// There is none.
    Missing,
}

/// What is wrong with the records.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum Fault {
    /// A record is not the one that was written there, or what was written before it is not.
    Altered {
        /// Its number.
        number: u64,
    },
    /// A record is missing.
    Missing {
        /// Its number.
        number: u64,
    },
    /// There were more records.
    Truncated {
        /// How many at least.
        records: u64,
    },
    /// The records are in order, and the database does not say any more which is the last one.
    NoEnd,
    /// The records are in order, and the database says that somebody has accepted a backup, which no record says.
    WrongEnd,
}

/// Verifies all records.
///
/// # Errors
/// [`StoreError`].
pub async fn verify(
    store: &Store,
    secret: &LicenseServerSecret,
    mark: Option<RecordsMark>,
) -> Result<Audit, StoreError> {
    // The end is read first: records that are added meanwhile are behind it.
    let head = match store.record_head().await {
        Err(StoreError::RowMissing) => None,
        head => Some(head?.mark),
    };
    let is_accepted = match &head {
        Some(head) => store.is_accepted(secret, head).await?,
        None => false,
    };
    let accepted_at = head.filter(|_| is_accepted).and_then(|head| head.accepted_at);
    let (state, mark) = match mark {
        Some(mark) if mark.accepted_at >= accepted_at => (MarkState::Current, Some(mark)),
        Some(_) => (MarkState::Outdated, None),
        None => (MarkState::Missing, None),
    };
    let mut walk = Walk { secret, mark, records: 0, mac: RecordMac::BEGIN };
    loop {
        let page = store.stored_records(walk.records).await?;
        for record in &page {
            if let Err(fault) = walk.next(record) {
                return Ok(Audit { records: walk.records, mark: state, fault: Some(fault) });
            }
            if head.is_some_and(|head| walk.records == head.records && walk.mac != head.mac) {
                let fault = Fault::Altered { number: walk.records };
                return Ok(Audit { records: walk.records - 1, mark: state, fault: Some(fault) });
            }
        }
        if page.is_empty() {
            break;
        }
    }
    let said = [head.map(|head| head.records), mark.map(|mark| mark.records)];
    let least = said.into_iter().flatten().max().unwrap_or(0);
    let fault = match head {
        _ if walk.records < least => Some(Fault::Truncated { records: least }),
        None => Some(Fault::NoEnd),
        Some(_) if !is_accepted => Some(Fault::WrongEnd),
        Some(_) => None,
    };
    Ok(Audit { records: walk.records, mark: state, fault })
}

/// The way along the records.
struct Walk<'a> {
    secret: &'a LicenseServerSecret,
    mark: Option<RecordsMark>,
    records: u64,
    mac: RecordMac,
}

impl Walk<'_> {
    fn next(&mut self, record: &StoredRecord) -> Result<(), Fault> {
        let number = self.records + 1;
        if record.number != number {
            return Err(Fault::Missing { number });
        }
        let mac = self.secret.record_mac(&self.mac, record.record.as_bytes());
        let is_marked = self.mark.is_none_or(|mark| mark.records != number || mark.mac == mac);
        if record.mac != Some(mac) || !record.agrees || !is_marked {
            return Err(Fault::Altered { number });
        }
        (self.records, self.mac) = (number, mac);
        Ok(())
    }
}
