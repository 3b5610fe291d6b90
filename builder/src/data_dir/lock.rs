//! Advisory locks: released by the kernel when their holder ends, however it ends.

use std::fs;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;
use trybuy_formats::ids::ApplicationId;

use super::DataDir;
use crate::error::Error;
use crate::messages::{self, notices};
use crate::output;

/// An exclusive lock among the user's Builder processes, held until it is dropped.
///
/// The descriptor is close-on-exec, so a launched program never inherits a lock.
#[derive(Debug)]
pub(crate) struct Lock {
    _file: fs::File,
}

impl Lock {
    /// The lock of everything that sets the Builder up; `busy` if another process holds it.
    pub(crate) fn setup(data: &DataDir) -> Result<Self, Error> {
        try_lock(&data.lock_file("setup"), || messages::busy("setting the Builder up"))
    }

    /// The lock of an application's files, held as long as a download takes; `busy` if another
    /// process holds it.
    pub(crate) fn application(data: &DataDir, id: &ApplicationId) -> Result<Self, Error> {
        try_lock(&data.lock_file(id.as_str()), || messages::busy(&format!("working on {id}")))
    }

    /// The lock of the sealed states of an application, held for moments: waits for it.
    pub(crate) fn state(data: &DataDir, id: &ApplicationId) -> Result<Self, Error> {
        wait_lock(&state_file(data, id), id.as_str())
    }

    /// The same, for whoever must not be held up; `busy` if it is not free for some moments.
    pub(crate) fn state_soon(data: &DataDir, id: &ApplicationId) -> Result<Self, Error> {
        try_lock(&state_file(data, id), || messages::busy(&format!("working on {id}")))
    }

    /// The lock of the license cache, held as long as a license is asked for: waits for it, as the license
    /// that another process gets is the one.
    pub(crate) fn licenses(data: &DataDir) -> Result<Self, Error> {
        wait_lock(&data.lock_file("licenses"), "the licenses")
    }

    /// The lock of the clock's sealed state, held for moments: waits for it.
    pub(crate) fn clock(data: &DataDir) -> Result<Self, Error> {
        wait_lock(&data.lock_file("clock"), "the time")
    }
}

fn state_file(data: &DataDir, id: &ApplicationId) -> PathBuf {
    data.lock_file(&format!("{id}.state"))
}

/// Waits for moments only: a Builder that was killed takes its process apart along, which has the
/// lock until the kernel has ended it.
fn try_lock(path: &Path, busy: impl FnOnce() -> Error) -> Result<Lock, Error> {
    const PATIENCE: Duration = Duration::from_millis(500);
    let file = open(path)?;
    if is_locked_within(PATIENCE, &file, path)? { Ok(Lock { _file: file }) } else { Err(busy()) }
}

/// Waits for as long as it takes, and says so after a while.
fn wait_lock(path: &Path, whose: &str) -> Result<Lock, Error> {
    const UNTOLD: Duration = Duration::from_secs(2);
    let file = open(path)?;
    if is_locked_within(UNTOLD, &file, path)? {
        return Ok(Lock { _file: file });
    }
    output::notice(&notices::waiting(whose));
    loop {
        match flock(&file, FlockOperation::LockExclusive) {
            Ok(()) => return Ok(Lock { _file: file }),
            Err(Errno::INTR) => {}
            Err(error) => return Err(messages::local_file("lock", path, error.into())),
        }
    }
}

fn is_locked_within(patience: Duration, file: &fs::File, path: &Path) -> Result<bool, Error> {
    const PAUSE: Duration = Duration::from_millis(10);
    let begun = Instant::now();
    loop {
        match flock(file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => return Ok(true),
            Err(Errno::WOULDBLOCK) if begun.elapsed() < patience => std::thread::sleep(PAUSE),
            Err(Errno::WOULDBLOCK) => return Ok(false),
            Err(error) => return Err(messages::local_file("lock", path, error.into())),
        }
    }
}

/// The file behind the lock. It is never removed: another process may be waiting for it.
fn open(path: &Path) -> Result<fs::File, Error> {
    let options = || {
        let mut options = fs::OpenOptions::new();
        options.write(true).create(true).truncate(false).mode(0o600);
        options.custom_flags(libc::O_NONBLOCK);
        options
    };
    // The usual case costs one call: the directory exists.
    options().open(path).or_else(|_| {
        super::make_directory(path.parent().unwrap_or(Path::new(".")))?;
        options().open(path).map_err(|error| messages::local_file("lock", path, error))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use trybuy_formats::slug::Slug;

    fn fixture() -> (tempfile::TempDir, DataDir, ApplicationId) {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let data = DataDir::locate(Some(directory.path())).expect("located");
        (directory, data, "com.example.sketch".parse().expect("an id"))
    }

    #[test]
    fn a_second_holder_is_told_that_it_is_busy() {
        let (_directory, data, id) = fixture();
        let held = Lock::application(&data, &id).expect("free");
        let refused = Lock::application(&data, &id).expect_err("held");
        assert_eq!(refused.slug(), Slug::Busy);
        drop(held);
        Lock::application(&data, &id).expect("free again");
    }

    #[test]
    fn a_download_does_not_keep_a_state_from_being_written() {
        let (_directory, data, id) = fixture();
        let _download = Lock::application(&data, &id).expect("free");
        Lock::state(&data, &id).expect("another lock");
    }
}
