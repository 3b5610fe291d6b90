//! The list of revoked licenses as it was last signed. Gateways ask for it every few seconds, and it seldom changes.

use std::sync::{Mutex, PoisonError};

use axum::body::Bytes;
use trybuy_formats::instant::Instant;

/// Keeps the last list.
#[derive(Default)]
pub struct LastList(Mutex<Option<SignedList>>);

/// A list in DER.
#[derive(Clone)]
pub struct SignedList {
    /// How many records there were: a revocation is one more.
    pub records: u64,
    /// When it was signed.
    pub signed_at: Instant,
    /// When it is signed anew, whether it changed or not.
    pub renewed_at: Instant,
    /// What is sent.
    pub der: Bytes,
}

impl LastList {
    /// The list, if it is still the one for so many records.
    pub fn get(&self, records: u64, now: Instant) -> Option<Bytes> {
        let list = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_good = |list: &&SignedList| {
            list.records == records && list.signed_at <= now && now < list.renewed_at
        };
        list.as_ref().filter(is_good).map(|list| list.der.clone())
    }

    /// Puts a list in the place of the last one.
    pub fn put(&self, list: SignedList) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(list);
    }
}
