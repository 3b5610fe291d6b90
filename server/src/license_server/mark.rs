//! How many records there were, in a file beside the database: it stays where the database goes back, and shows
//! when records were cut off.
//!
//! It is written when the server starts and stops, every few seconds while records are added, and by every
//! command that adds one. So a database that goes back by less than that is not noticed by it, but by gateways.

use std::fs;
use std::io;
use std::path::PathBuf;

use trybuy_formats::instant::Instant;
use trybuy_formats::keys::LicenseServerSecret;
use trybuy_formats::licensing::records::RecordsMark;

use crate::data_dir;
use crate::store::{DecisionOutcome, LicenseDecision, RecordsComparison, Store, StoreError};

/// The largest file that is one, in bytes.
const CAP: u64 = 1024;

/// Why the records were not compared with the mark.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LookBackFailed {
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The mark.
    #[error("records.mark cannot be used")]
    Mark(#[from] io::Error),
}

/// Where the mark is.
#[derive(Clone, Debug)]
pub struct MarkFile(PathBuf);

impl MarkFile {
    /// The one at a path.
    pub fn new(path: PathBuf) -> Self {
        Self(path)
    }

    /// The mark; none where no records were seen yet.
    ///
    /// # Errors
    /// When the file cannot be read, or is damaged.
    pub fn read(&self) -> io::Result<Option<RecordsMark>> {
        match fs::metadata(&self.0) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
            Ok(file) if file.len() > CAP => return Err(io::ErrorKind::InvalidData.into()),
            Ok(_) => {}
        }
        let mark = serde_json::from_slice(&fs::read(&self.0)?)?;
        Ok(Some(mark))
    }

    /// Compares the records with the mark, and raises it. A store with fewer records than there were, or with others, is
    /// a restored one from now on, and the mark stays until somebody accepts that.
    ///
    /// # Errors
    /// When the store or the file cannot be used.
    pub async fn look_back(
        &self,
        store: &Store,
        secret: &LicenseServerSecret,
        now: Instant,
    ) -> Result<RecordsComparison, LookBackFailed> {
        // The mark first: others add records and raise it meanwhile, and the records never become fewer.
        if let Some(mark) = self.read()? {
            let decision = LicenseDecision::of(DecisionOutcome::Restored, now);
            let found = store.compare_records(secret, mark, decision).await?;
            if found != RecordsComparison::GoOn {
                return Ok(found);
            }
        }
        self.raise(store.record_head().await?.mark)?;
        Ok(RecordsComparison::GoOn)
    }

    /// Writes the mark, if what it says comes before.
    ///
    /// # Errors
    /// When the file cannot be read or written, or is damaged.
    pub fn raise(&self, mark: RecordsMark) -> io::Result<()> {
        if self.read()?.is_none_or(|before| before.precedes(&mark)) {
            data_dir::replace(&self.0, &serde_json::to_vec(&mark)?)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use trybuy_formats::ids::RecordMac;

    use super::*;

    #[test]
    fn a_mark_only_rises() {
        let directory = tempfile::tempdir().expect("a directory");
        let file = MarkFile::new(directory.path().join("records.mark"));
        let mark = |accepted_at, records| RecordsMark {
            accepted_at: Instant::from_unix(accepted_at),
            records,
            mac: RecordMac::from_bytes([7; 32]),
        };
        assert_eq!(file.read().expect("read"), None);
        for (new, expected) in [
            (mark(1, 3), mark(1, 3)),
            (mark(1, 2), mark(1, 3)),
            (mark(1, 5), mark(1, 5)),
            (mark(2, 4), mark(2, 4)),
            (mark(1, 9), mark(2, 4)),
        ] {
            file.raise(new).expect("written");
            assert_eq!(file.read().expect("read"), Some(expected));
        }
    }
}
