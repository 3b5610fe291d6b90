//! The list of revoked licenses as it was last signed. Gateways ask for it every few seconds, and it seldom changes.

use std::sync::{Mutex, PoisonError};

use axum::body::Bytes;
use trybuy_formats::instant::Instant;
use trybuy_formats::licensing::records::RecordsMark;

/// Keeps the last list.
#[derive(Default)]
pub struct LastList(Mutex<Option<SignedList>>);

/// A list in DER.
#[derive(Clone)]
pub struct SignedList {
    /// How far the records went: a revocation is one more. As many can be others, in a database that was restored.
    pub mark: RecordsMark,
    /// When it was signed.
    pub signed_at: Instant,
    /// When it is signed anew, whether it changed or not.
    pub renewed_at: Instant,
    /// What is sent.
    pub der: Bytes,
}

impl LastList {
    /// The list, if it is still the one for these records.
    pub fn get(&self, mark: RecordsMark, now: Instant) -> Option<Bytes> {
        let list = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_good = |list: &&SignedList| {
            list.mark == mark && list.signed_at <= now && now < list.renewed_at
        };
        list.as_ref().filter(is_good).map(|list| list.der.clone())
    }

    /// Puts a list in the place of the last one.
    pub fn put(&self, list: SignedList) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(list);
    }
}

#[cfg(test)]
mod tests {
    use trybuy_formats::ids::RecordMac;

    use super::*;

    #[test]
    fn a_list_is_that_of_its_records_and_not_of_as_many_others() {
        let at = |time| Instant::from_unix(time).expect("in range");
        let mark = |accepted_at, records, mac| RecordsMark {
            accepted_at: Instant::from_unix(accepted_at),
            records,
            mac: RecordMac::from_bytes([mac; 32]),
        };
        let lists = LastList::default();
        let der = Bytes::from_static(b"a list");
        let signed = SignedList {
            mark: mark(1, 5, 7),
            signed_at: at(10),
            renewed_at: at(20),
            der: der.clone(),
        };
        lists.put(signed);
        for (mark, now, expected) in [
            (mark(1, 5, 7), at(10), Some(&der)),
            (mark(1, 6, 7), at(10), None),
            (mark(1, 5, 8), at(10), None),
            (mark(2, 5, 7), at(10), None),
            (mark(1, 5, 7), at(9), None),
            (mark(1, 5, 7), at(20), None),
        ] {
            assert_eq!(lists.get(mark, now).as_ref(), expected, "{mark:?} {now}");
        }
    }
}
