//! How many uploads each vendor may have running.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use trybuy_formats::slug::Slug;

use crate::refusal::Refusal;
use crate::store::VendorId;

/// The running uploads of all vendors.
pub struct UploadSlots {
    limit: usize,
    running: Arc<Mutex<HashMap<VendorId, usize>>>,
}

/// One running upload; dropped when it ends.
pub struct UploadSlot {
    vendor: VendorId,
    running: Arc<Mutex<HashMap<VendorId, usize>>>,
}

/// The vendor has as many uploads running as are allowed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{0} uploads of this vendor are running already")]
pub struct TooManyUploads(usize);

impl UploadSlots {
    /// So many for each vendor.
    pub fn new(limit: usize) -> Self {
        Self { limit, running: Arc::default() }
    }

    /// Begins an upload.
    ///
    /// # Errors
    /// When the vendor has as many as are allowed.
    pub fn begin(&self, vendor: VendorId) -> Result<UploadSlot, TooManyUploads> {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        let count = running.entry(vendor).or_default();
        if *count >= self.limit {
            return Err(TooManyUploads(*count));
        }
        *count += 1;
        Ok(UploadSlot { vendor, running: Arc::clone(&self.running) })
    }
}

impl Drop for UploadSlot {
    fn drop(&mut self) {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = running.get_mut(&self.vendor) {
            *count -= 1;
            if *count == 0 {
                running.remove(&self.vendor);
            }
        }
    }
}

impl Refusal for TooManyUploads {
    fn slug(&self) -> Slug {
        Slug::RateLimited
    }

    fn help(&self) -> Option<String> {
        Some("try again when one of them has ended".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slot_is_free_again_when_its_upload_ends() {
        let slots = UploadSlots::new(1);
        let (ada, bob) = (VendorId::new(), VendorId::new());
        let first = slots.begin(ada).expect("the first");
        assert_eq!(slots.begin(ada).err(), Some(TooManyUploads(1)));
        assert!(slots.begin(bob).is_ok(), "another vendor has its own");
        drop(first);
        assert!(slots.begin(ada).is_ok());
        assert!(slots.running.lock().expect("not poisoned").is_empty());
    }
}
