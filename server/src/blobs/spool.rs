//! Where an upload waits until it has been checked.
//!
//! Each waiting file is locked by the process that writes it. The system gives the lock back when the
//! process ends in whatever way, so a file without a lock is left over, and is removed at the next start.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use tempfile::{NamedTempFile, TempPath};
use trybuy_formats::read_at::ReadAt;

use crate::data_dir::create_private_dir;

/// How the names of waiting uploads begin.
const PREFIX: &str = "upload-";

/// The directory of waiting uploads.
pub struct Spool(PathBuf);

/// A waiting upload. It is removed when dropped.
pub struct SpooledFile {
    file: File,
    path: TempPath,
}

impl Spool {
    /// Opens the directory and removes what is left over in it.
    pub(super) fn open(directory: &Path) -> io::Result<Self> {
        create_private_dir(directory)?;
        for entry in fs::read_dir(directory)? {
            let entry = entry?;
            if entry.file_name().to_string_lossy().starts_with(PREFIX) {
                remove_left_over(&entry.path());
            }
        }
        Ok(Self(directory.to_owned()))
    }

    /// Where it is.
    pub(super) fn path(&self) -> &Path {
        &self.0
    }

    /// A new, empty file.
    ///
    /// # Errors
    /// What the system says.
    pub fn create(&self) -> io::Result<SpooledFile> {
        let (file, path) = NamedTempFile::with_prefix_in(PREFIX, &self.0)?.into_parts();
        file.try_lock()?;
        Ok(SpooledFile { file, path })
    }
}

impl SpooledFile {
    /// The open file.
    pub fn file(&self) -> &File {
        &self.file
    }

    /// Gives the file its name for ever. It can only be read from then on.
    pub(super) fn persist(self, target: &Path) -> io::Result<()> {
        let mut permissions = self.file.metadata()?.permissions();
        permissions.set_readonly(true);
        self.file.set_permissions(permissions)?;
        self.path.persist_noclobber(target).map_err(|refused| refused.error)
    }
}

impl ReadAt for SpooledFile {
    fn length(&self) -> u64 {
        self.file.metadata().map_or(0, |metadata| metadata.len())
    }

    fn read_exact_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        std::os::unix::fs::FileExt::read_exact_at(&self.file, buffer, offset)
    }
}

/// A file that cannot be opened or removed stays, and does not stop the start.
fn remove_left_over(path: &Path) {
    let abandoned = File::open(path).is_ok_and(|file| file.try_lock().is_ok());
    if abandoned && let Err(error) = fs::remove_file(path) {
        tracing::warn!(%error, "an unfinished upload could not be removed");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_nobody_writes_is_removed_at_the_start() {
        let dir = tempfile::tempdir().expect("a directory");
        let spool = Spool::open(dir.path()).expect("opened");
        let waiting = spool.create().expect("created");
        fs::write(dir.path().join("upload-left"), b"half").expect("written");
        Spool::open(dir.path()).expect("opened again");
        let left: Vec<_> = fs::read_dir(dir.path()).expect("listed").collect();
        assert_eq!(left.len(), 1, "the waiting upload stays");
        drop(waiting);
        assert_eq!(fs::read_dir(dir.path()).expect("listed").count(), 0);
    }
}
