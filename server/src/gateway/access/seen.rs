//! The licenses that clients have presented: a license server that was restored from a backup learns from
//! its gateways what it granted since.

use std::collections::HashSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use trybuy_formats::certificates::{Serial, VerifiedLicense};

/// Licenses that wait to be written down.
const WAITING: usize = 4096;
/// Licenses that are known to be written down; when there are more, all are forgotten, and written again.
const KNOWN: usize = 100_000;

/// Notes each license once: by its certificate, as a license may be issued anew.
#[derive(Default)]
pub(super) struct Seen(Mutex<Notes>);

#[derive(Default)]
struct Notes {
    known: HashSet<Serial>,
    waiting: Vec<VerifiedLicense>,
}

impl Seen {
    /// Notes a license that was presented. Where too many wait, it is noted the next time.
    pub(super) fn note(&self, license: &VerifiedLicense) {
        let Some(serial) = license.certificate().serial() else { return };
        let mut notes = self.notes();
        if notes.waiting.len() >= WAITING || !notes.known.insert(serial) {
            return;
        }
        if notes.known.len() > KNOWN {
            notes.known.clear();
        }
        notes.waiting.push(license.clone());
    }

    /// What has not been written down yet.
    pub(super) fn take(&self) -> Vec<VerifiedLicense> {
        std::mem::take(&mut self.notes().waiting)
    }

    /// Puts back what could not be written down.
    pub(super) fn put_back(&self, licenses: impl Iterator<Item = VerifiedLicense>) {
        self.notes().waiting.extend(licenses);
    }

    fn notes(&self) -> MutexGuard<'_, Notes> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
