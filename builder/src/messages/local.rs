//! Files, disks and locks of this machine.

use std::io;
use std::path::Path;

use trybuy_formats::slug::Slug;

use super::words;
use crate::error::Error;

/// A local file could not be read, written, made, locked …
pub(crate) fn local_file(action: &str, path: &Path, error: io::Error) -> Error {
    if matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded) {
        return Error::new(
            Slug::DiskFull,
            format!("there is no room left to {action} {}", path.display()),
            "free some space on this disk, then run the same command again: it goes on where it stopped",
        );
    }
    let help = beyond_a_limit(&error).unwrap_or(match error.raw_os_error() {
        Some(libc::EISDIR | libc::ENOTDIR) => {
            "something else is where this file belongs: move it away, then run the same command again"
        }
        _ => {
            "check that the path and its permissions are as you want them; `trybuy doctor` checks all of them"
        }
    });
    Error::new(Slug::LocalFile, format!("cannot {action} {}", path.display()), help)
        .caused_by(error)
}

/// What helps where the system's limits for a process are too low.
pub(super) fn beyond_a_limit(error: &io::Error) -> Option<&'static str> {
    match error.raw_os_error()? {
        libc::EMFILE | libc::ENFILE => {
            Some("close other programs, or raise the limit of open files (ulimit -n)")
        }
        libc::EFBIG => Some("raise the limit of file sizes (ulimit -f)"),
        libc::EAGAIN => Some("close other programs, or raise the limit of processes (ulimit -u)"),
        _ => None,
    }
}

/// Standard output cannot be written.
pub(crate) fn output_lost(error: io::Error) -> Error {
    Error::new(
        Slug::LocalFile,
        "standard output cannot be written",
        "make room where it goes to, or send it elsewhere, then run the same command again",
    )
    .caused_by(error)
}

/// Something that is no file where one belongs.
pub(crate) fn not_a_file(path: &Path) -> Error {
    local_file("use", path, io::Error::from_raw_os_error(libc::EISDIR))
}

/// Something else than a known file is in the way, or a known file has unknown contents.
pub(crate) fn unreadable_file(path: &Path, what_to_do: &str) -> Error {
    Error::new(Slug::LocalFile, format!("{} is damaged", path.display()), what_to_do)
}

/// There is no home directory.
pub(crate) fn no_home() -> Error {
    Error::new(
        Slug::LocalFile,
        "there is no home directory to keep the Builder's files in",
        "name a directory with --data-dir, or set TRYBUY_DATA_DIR",
    )
}

/// Another process holds a lock.
pub(crate) fn busy(what: &str) -> Error {
    Error::new(
        Slug::Busy,
        format!("another trybuy is {what}"),
        "wait until it has finished, then try again",
    )
}

/// There is not enough room for a download.
pub(crate) fn disk_full(needed: u64, margin: u64, free: u64, directory: &Path) -> Error {
    Error::new(
        Slug::DiskFull,
        format!(
            "the download needs {} and {} beside it, and {} has {} left",
            words::size(needed),
            words::size(margin),
            directory.display(),
            words::size(free)
        ),
        "free some space, or keep the Builder's files on another disk with --data-dir",
    )
}
