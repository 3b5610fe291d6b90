//! How many records there were, in a file beside the database: it stays where the database goes back, and shows
//! when records were cut off.
//!
//! It is written when the server starts and stops, every few seconds while records are added, and by every
//! command that adds one. So a database that goes back by less than that is not noticed by it, but by gateways.

use std::fs;
use std::io;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use trybuy_formats::ids::RecordMac;

use crate::data_dir;
use crate::store::{RecordHead, Store, StoreError};

/// The largest file that is one, in bytes.
const CAP: u64 = 1024;

/// The greatest number of records that was seen, and the authentication of the last of them.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mark {
    /// How many records there were.
    pub records: u64,
    /// The authentication of the last one.
    pub mac: RecordMac,
}

impl From<RecordHead> for Mark {
    fn from(head: RecordHead) -> Self {
        Self { records: head.records, mac: head.mac }
    }
}

/// How the records are, compared with the mark.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Comparison {
    /// They go on from where the mark is.
    GoOn,
    /// There are fewer than there were.
    Fewer,
    /// There are others than there were.
    Others,
}

/// What came of keeping the mark.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kept {
    /// The records go on, and the mark with them.
    GoOn,
    /// The store is known to be a restored one; the mark stays.
    Restored,
    /// The store went back; the mark stays.
    GoneBack {
        /// How.
        comparison: Comparison,
        /// How many records there were.
        before: u64,
        /// How many there are.
        head: RecordHead,
    },
}

/// Why the mark was not kept.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeepUpFailed {
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The mark.
    #[error("records.mark cannot be used")]
    Mark(#[from] io::Error),
}

impl Mark {
    /// Compares the records with the mark: also a store that went back and has as many records again is found.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn compare(self, store: &Store, head: RecordHead) -> Result<Comparison, StoreError> {
        if head.records < self.records {
            return Ok(Comparison::Fewer);
        }
        let mac = match self.records.checked_sub(1) {
            None => Some(RecordMac::BEGIN),
            Some(before) => store.stored_record(before + 1).await?.and_then(|record| record.mac),
        };
        Ok(if mac == Some(self.mac) { Comparison::GoOn } else { Comparison::Others })
    }
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
    pub fn read(&self) -> io::Result<Option<Mark>> {
        match fs::metadata(&self.0) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
            Ok(file) if file.len() > CAP => return Err(io::ErrorKind::InvalidData.into()),
            Ok(_) => {}
        }
        let mark = serde_json::from_slice(&fs::read(&self.0)?)?;
        Ok(Some(mark))
    }

    /// Keeps how many records there are now, unless the store is known to be a restored one: then the mark says what
    /// there was before, until that is accepted.
    ///
    /// # Errors
    /// When the store or the file cannot be used.
    pub async fn keep_up(&self, store: &Store) -> Result<Kept, KeepUpFailed> {
        // The mark first: others add records and raise it meanwhile, and the records never become fewer.
        let mark = self.read()?;
        let head = store.record_head().await?;
        if head.restored {
            return Ok(Kept::Restored);
        }
        let comparison = match mark {
            Some(mark) => mark.compare(store, head).await?,
            None => Comparison::GoOn,
        };
        if comparison == Comparison::GoOn {
            self.raise(head)?;
            return Ok(Kept::GoOn);
        }
        Ok(Kept::GoneBack { comparison, before: mark.map_or(0, |mark| mark.records), head })
    }

    /// Writes the mark, if there are more records than it says.
    ///
    /// # Errors
    /// When the file cannot be read or written, or is damaged.
    pub fn raise(&self, head: RecordHead) -> io::Result<()> {
        if self.read()?.is_none_or(|mark| mark.records < head.records) {
            self.set(head)?;
        }
        Ok(())
    }

    /// Writes the mark, whatever it says.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn set(&self, head: RecordHead) -> io::Result<()> {
        data_dir::replace(&self.0, &serde_json::to_vec(&Mark::from(head))?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_only_rises_unless_it_is_set() {
        let directory = tempfile::tempdir().expect("a directory");
        let file = MarkFile::new(directory.path().join("records.mark"));
        let head =
            |records| RecordHead { records, mac: RecordMac::from_bytes([7; 32]), restored: false };
        assert_eq!(file.read().expect("read"), None);
        for (records, expected) in [(3, 3), (2, 3), (5, 5)] {
            file.raise(head(records)).expect("written");
            let mark = file.read().expect("read").expect("there");
            assert_eq!(mark.records, expected);
        }
        file.set(head(1)).expect("written");
        assert_eq!(file.read().expect("read"), Some(Mark::from(head(1))));
    }
}
