//! A local file that is read from several places at once.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;

use trybuy_formats::read_at::ReadAt;

/// An open file. Its length is taken once: a file that grows later is read as if it had not.
pub struct StoredFile {
    file: File,
    length: u64,
}

impl StoredFile {
    /// Takes an open file.
    ///
    /// # Errors
    /// When its length cannot be asked for.
    pub fn new(file: File) -> io::Result<Self> {
        let length = file.metadata()?.len();
        Ok(Self { file, length })
    }
}

impl ReadAt for StoredFile {
    fn length(&self) -> u64 {
        self.length
    }

    fn read_exact_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        self.file.read_exact_at(buffer, offset)
    }
}
