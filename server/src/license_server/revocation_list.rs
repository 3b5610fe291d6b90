//! The list of revoked licenses as it was last signed. Gateways ask for it every few seconds, and it seldom changes.

use std::sync::{Mutex, PoisonError};

use axum::body::Bytes;
use trybuy_formats::instant::Instant;
use trybuy_formats::licensing::records::RecordsMark;
use trybuy_formats::limits;

use crate::health::Health;

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

/// What to do where there is little room.
const HELP: &str = "a certificate leaves the list when it ends, at the latest with that of the license server: have the \
    next one issued for a shorter time, or have further packs issued for another license server";

/// How much room there is on a list: gateways take none that is longer than the formats allow.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Room {
    /// Enough.
    Enough,
    /// Less than a quarter is left.
    Little,
    /// None: gateways take the list no more.
    None,
}

impl Room {
    fn of(bytes: usize) -> Self {
        const LITTLE: usize = limits::REVOCATION_LIST / 4 * 3;
        match bytes {
            ..LITTLE => Self::Enough,
            LITTLE..=limits::REVOCATION_LIST => Self::Little,
            _ => Self::None,
        }
    }

    /// What is wrong, for those who ask how the license server is.
    pub(super) fn trouble(self) -> Option<Health> {
        let status = match self {
            Self::Enough => return None,
            Self::Little => "revocation-list-nearly-full",
            Self::None => "revocation-list-too-long",
        };
        Some(Health::degraded(status, Some(HELP.to_owned())))
    }

    fn log(self, bytes: usize) {
        let most = limits::REVOCATION_LIST;
        match self {
            Self::Enough => tracing::info!(bytes, most, "the revocation list has room again"),
            Self::Little => {
                tracing::warn!(bytes, most, help = HELP, "the revocation list is nearly full");
            }
            Self::None => tracing::error!(
                bytes,
                most,
                help = HELP,
                "the revocation list is too long: gateways hear of no revocation any more"
            ),
        }
    }
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

    /// Puts a list in the place of the last one. Where it has more or less room, the operator is told.
    pub fn put(&self, list: SignedList) {
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let bytes = list.der.len();
        if Room::of(bytes) != room(last.as_ref()) {
            Room::of(bytes).log(bytes);
        }
        *last = Some(list);
    }

    /// How much room there is on the list, as far as it was signed already.
    pub fn room(&self) -> Room {
        room(self.0.lock().unwrap_or_else(PoisonError::into_inner).as_ref())
    }
}

fn room(list: Option<&SignedList>) -> Room {
    list.map_or(Room::Enough, |list| Room::of(list.der.len()))
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

    #[test]
    fn the_last_quarter_of_a_list_is_little_room() {
        const MIB: usize = 1 << 20;
        for (bytes, room) in [
            (0, Room::Enough),
            (12 * MIB - 1, Room::Enough),
            (12 * MIB, Room::Little),
            (16 * MIB, Room::Little),
            (16 * MIB + 1, Room::None),
        ] {
            assert_eq!(Room::of(bytes), room, "{bytes}");
        }
    }
}
