//! The licenses that clients have presented: a license server that was restored from a backup learns from
//! its gateways what it granted since.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

use trybuy_formats::certificates::VerifiedLicense;
use trybuy_formats::ids::SeatLicenseId;

/// Licenses that wait to be written down.
const WAITING: usize = 4096;
/// Licenses that are known to be written down; when there are more, all are forgotten, and written again.
const KNOWN: usize = 100_000;

/// Notes each license once.
#[derive(Default)]
pub(super) struct Seen(Mutex<Notes>);

#[derive(Default)]
struct Notes {
    known: HashSet<SeatLicenseId>,
    waiting: Vec<VerifiedLicense>,
}

impl Seen {
    /// Notes a license that was presented. Where too many wait, it is noted the next time.
    pub(super) fn note(&self, license: &VerifiedLicense) {
        let mut notes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if notes.waiting.len() >= WAITING || !notes.known.insert(license.license().license_id) {
            return;
        }
        if notes.known.len() > KNOWN {
            notes.known.clear();
        }
        notes.waiting.push(license.clone());
    }

    /// What has not been written down yet.
    pub(super) fn take(&self) -> Vec<VerifiedLicense> {
        let mut notes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut notes.waiting)
    }
}
