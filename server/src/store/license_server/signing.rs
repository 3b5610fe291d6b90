//! Licenses that are signed while their transaction goes on: of a grant a signature takes the most time, and the next
//! group waits for this one.

use std::num::NonZero;
use std::sync::Arc;
use std::thread::available_parallelism;

use tokio::task::{JoinHandle, spawn_blocking};
use trybuy_formats::ids::SeatLicenseId;

use super::assignments::Assignment;
use super::cases::{GrantingModule, WantedLicense};
use super::issuing::issue_seat;
use super::packs::OfferingPack;
use crate::store::StoreError;

/// The fewest licenses that a thread is given.
const SHARE: usize = 8;

/// A seat that a client was given.
pub(super) struct Allocated {
    pub(super) granting: Arc<dyn GrantingModule>,
    pub(super) wanted: WantedLicense,
    pub(super) pack: OfferingPack,
    pub(super) license_id: SeatLicenseId,
}

impl Allocated {
    fn issue(self) -> Result<Assignment, StoreError> {
        let Self { granting, wanted, pack, license_id } = self;
        let pack_id = pack.pack_id;
        issue_seat(&*granting, &wanted, license_id, pack_id, pack)
    }
}

/// Licenses that are being signed, on as many cores as there are.
#[derive(Default)]
pub(super) struct Signing(Vec<JoinHandle<Result<Vec<Assignment>, StoreError>>>);

impl Signing {
    /// Begins to sign the licenses of seats.
    pub(super) fn begin(&mut self, mut allocated: Vec<Allocated>) {
        let threads = available_parallelism().map_or(1, NonZero::get);
        let share = allocated.len().div_ceil(threads).max(SHARE);
        while !allocated.is_empty() {
            let rest = allocated.split_off(share.min(allocated.len()));
            let issue_all = || allocated.into_iter().map(Allocated::issue).collect();
            self.0.push(spawn_blocking(issue_all));
            allocated = rest;
        }
    }

    /// The licenses, in the order of their seats.
    pub(super) async fn finish(&mut self) -> Result<Vec<Assignment>, StoreError> {
        let mut licenses = Vec::new();
        for share in self.0.drain(..) {
            licenses.extend(share.await.map_err(|error| StoreError::Signing(error.into()))??);
        }
        Ok(licenses)
    }
}
