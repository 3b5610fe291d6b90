//! A blob mapped into memory: the only unsafe code of the server.

use std::fs::File;
use std::io;
use std::ops::Deref;
use std::path::Path;

use memmap2::Mmap;

/// A whole blob as bytes, read by the system as they are touched and shared by all downloads.
pub struct Mapping(Mmap);

impl Mapping {
    /// Maps a blob of `length` bytes.
    ///
    /// # Errors
    /// When the file cannot be mapped or has another length.
    pub(super) fn open(path: &Path, length: u64) -> io::Result<Self> {
        let file = File::open(path)?;
        if file.metadata()?.len() != length {
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                "a blob has another length than was recorded",
            ));
        }
        #[expect(
            unsafe_code,
            reason = "a mapping is sound as long as nobody changes the file. Blobs are written whole \
                      before they get their name, are read-only, lie in a directory of the server's \
                      user, and no code of the server opens one for writing or truncates it; removing \
                      one leaves its pages"
        )]
        // SAFETY: see the reason above.
        let map = unsafe { Mmap::map(&file) }?;
        Ok(Self(map))
    }
}

impl Deref for Mapping {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}
