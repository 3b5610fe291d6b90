//! How many records there were, in a file beside the database: it stays where the database goes back, and shows when
//! records were cut off.
//!
//! It is written when the server starts and stops, every few seconds while records are added, and by every command
//! that adds one. So a database that goes back by less than that is not noticed by it, but by gateways.

use std::fs;
use std::io;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use trybuy_formats::ids::RecordMac;

use crate::data_dir;
use crate::store::RecordHead;

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
