//! A small disk that can be full: a file system in memory, mounted for one test. Needs root.

use std::fs::{self, File};
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Result, ensure};
use tempfile::TempDir;

/// What is written at once to fill it.
const PIECE: usize = 64 << 10;

/// A small disk; it is unmounted when this is dropped.
pub struct SmallDisk {
    folder: TempDir,
}

impl SmallDisk {
    /// Mounts a disk of so many bytes.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn mount(bytes: u64) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let options = format!("size={bytes},mode=0755");
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", &options, "trybuy-test"]).arg(folder.path());
        ensure!(mount.status()?.success(), "a small disk cannot be mounted");
        Ok(Self { folder })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Fills it to the last byte.
    ///
    /// # Errors
    /// When it cannot be written for another reason than being full.
    pub fn fill(&self) -> Result<()> {
        self.fill_but(0)
    }

    /// Fills it until about so many bytes are left.
    ///
    /// # Errors
    /// When it cannot be written for another reason than being full.
    pub fn fill_but(&self, left: u64) -> Result<()> {
        let mut filler = File::options().create(true).append(true).open(self.filler())?;
        let piece = vec![1; PIECE];
        loop {
            match filler.write(&piece) {
                Ok(1..) => {}
                Ok(0) => break,
                Err(error) if error.kind() == ErrorKind::StorageFull => break,
                Err(error) => return Err(error.into()),
            }
        }
        let length = filler.metadata()?.len();
        Ok(filler.set_len(length.saturating_sub(left))?)
    }

    /// Lets nobody write any more.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn make_read_only(&self) -> Result<()> {
        self.remount("remount,ro")
    }

    /// Lets those write again who may.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn make_writable(&self) -> Result<()> {
        self.remount("remount,rw")
    }

    fn remount(&self, options: &str) -> Result<()> {
        let mut mount = Command::new("mount");
        mount.args(["-o", options]).arg(self.folder.path());
        ensure!(mount.status()?.success(), "a small disk cannot be mounted with {options}");
        Ok(())
    }

    /// Takes back what [`Self::fill`] wrote.
    ///
    /// # Errors
    /// When that cannot be removed.
    pub fn make_room(&self) -> Result<()> {
        // A program that another test is just starting may hold the file open until then, and with it all of its room.
        File::options().write(true).truncate(true).open(self.filler())?;
        Ok(fs::remove_file(self.filler())?)
    }

    fn filler(&self) -> PathBuf {
        self.folder.path().join("filler")
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Lazily: a process that still uses it must not keep it in the system for ever.
        drop(Command::new("umount").arg("-l").arg(self.folder.path()).status());
    }
}
