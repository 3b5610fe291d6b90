//! Which blobs no release may refer to.
//!
//! A blob is stored before the transaction that names it. In between, a small file in the spool
//! says so, locked by the process that publishes. A file without its lock is that of a process that
//! ended in between: whether a release refers to the blob, the store knows.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use super::BlobKey;
use crate::data_dir::sync_dir;

/// How the names of these files begin.
const PREFIX: &str = "claim-";

/// A blob that is about to be referred to. Unless it is settled, the next start asks the store.
pub struct Claim {
    key: BlobKey,
    path: PathBuf,
    /// Holds the lock.
    _file: File,
}

impl Claim {
    /// Claims a blob that is about to be stored, durably.
    pub(super) fn new(spool: &Path, key: &BlobKey) -> io::Result<Self> {
        let path = spool.join(format!("{PREFIX}{}", key.as_str()));
        let file = File::create_new(&path)?;
        file.try_lock()?;
        sync_dir(spool)?;
        Ok(Self { key: key.clone(), path, _file: file })
    }

    /// The claims of processes that have ended.
    pub(super) fn abandoned(spool: &Path) -> io::Result<Vec<Self>> {
        let mut claims = Vec::new();
        for entry in fs::read_dir(spool)? {
            let path = entry?.path();
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            let key = name.strip_prefix(PREFIX).and_then(|key| key.parse().ok());
            if let (Some(key), Ok(file)) = (key, File::open(&path))
                && file.try_lock().is_ok()
            {
                claims.push(Self { key, path, _file: file });
            }
        }
        Ok(claims)
    }

    /// The blob.
    pub fn key(&self) -> &BlobKey {
        &self.key
    }

    /// Ends the claim: a release refers to the blob, or the blob is gone.
    ///
    /// # Errors
    /// What the system says.
    pub fn settle(self) -> io::Result<()> {
        fs::remove_file(&self.path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_claim_is_abandoned_when_its_process_has_dropped_it_unsettled() {
        let spool = tempfile::tempdir().expect("a directory");
        let abandoned = || Claim::abandoned(spool.path()).expect("listed");
        let claim = Claim::new(spool.path(), &BlobKey::new()).expect("claimed");
        let key = claim.key().clone();
        assert!(abandoned().is_empty(), "it is being worked on");
        drop(claim);
        let found = abandoned().pop().expect("it is abandoned");
        assert_eq!(*found.key(), key);
        assert!(abandoned().is_empty(), "somebody looks after it");
        found.settle().expect("settled");
        assert!(abandoned().is_empty());
    }
}
