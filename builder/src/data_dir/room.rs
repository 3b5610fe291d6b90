//! Room on the disk of the data directory.

use std::io;
use std::path::Path;

use crate::error::Error;
use crate::messages;

/// Room that is left on the disk beside a download, in bytes.
const MARGIN: u64 = 8 << 20;

/// Bytes that may still be written on the disk of a directory.
///
/// # Errors
/// What the system says.
pub(crate) fn free_bytes(directory: &Path) -> io::Result<u64> {
    let room = rustix::fs::statvfs(directory)?;
    Ok(room.f_bavail.saturating_mul(room.f_frsize))
}

/// Whether so many bytes more fit on the disk of a directory. A system that does not tell is
/// believed to have room.
///
/// # Errors
/// `disk-full`.
pub(crate) fn check_room(directory: &Path, bytes: u64) -> Result<(), Error> {
    match free_bytes(directory) {
        Ok(free) if bytes.saturating_add(MARGIN) > free => {
            Err(messages::disk_full(bytes, MARGIN, free, directory))
        }
        _ => Ok(()),
    }
}
