//! Files appear whole or not at all.

use std::fs;
use std::io::{self, Write as _};
use std::path::Path;

use crate::error::Error;
use crate::messages;

/// How the names of temporary files begin: a killed process may leave one behind.
const TEMPORARY: &str = ".new-";

/// Writes a file whole, in place of one that may exist: temporary file in the same directory,
/// fsync, rename, fsync of the directory. Temporary files are readable by their owner only.
pub(crate) fn replace(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    replace_after(path, bytes, || Ok(()))
}

/// The same, with something to be done when its bytes are on the disk, and before it appears.
pub(crate) fn replace_after(
    path: &Path,
    bytes: &[u8],
    before: impl FnOnce() -> Result<(), Error>,
) -> Result<(), Error> {
    let temporary = write_beside(path, bytes)?;
    before()?;
    put(temporary, path)
}

/// A file that will take the place of another one in its directory, and is gone until then if it is dropped.
///
/// # Errors
/// `local-file`.
pub(crate) fn temporary(directory: &Path) -> Result<tempfile::NamedTempFile, Error> {
    super::make_directory(directory)?;
    tempfile::Builder::new()
        .prefix(TEMPORARY)
        .tempfile_in(directory)
        .map_err(|error| messages::local_file("write", directory, error))
}

/// Gives a temporary file, whose bytes are on the disk, its name, durably.
pub(crate) fn put(temporary: tempfile::NamedTempFile, path: &Path) -> Result<(), Error> {
    let failed = |error| messages::local_file("write", path, error);
    temporary.persist(path).map_err(|error| failed(error.error))?;
    sync_parent(path)
}

/// Writes a file whole, unless one exists: then that one stays, and the answer is `false`.
pub(crate) fn create_once(path: &Path, bytes: &[u8]) -> Result<bool, Error> {
    let temporary = write_beside(path, bytes)?;
    match temporary.persist_noclobber(path) {
        Ok(_) => sync_parent(path).map(|()| true),
        Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
        Err(error) => Err(messages::local_file("write", path, error.error)),
    }
}

/// Moves a finished file to its place, durably. Both names must be on one file system.
pub(crate) fn publish(finished: &fs::File, from: &Path, to: &Path) -> Result<(), Error> {
    let failed = |error| messages::local_file("write", to, error);
    finished.sync_all().map_err(failed)?;
    fs::rename(from, to).map_err(failed)?;
    sync_parent(to)
}

/// Removes what killed processes left behind in a directory. The caller holds the lock of all who
/// write there.
pub(crate) fn remove_leftovers(directory: &Path) {
    let Ok(entries) = fs::read_dir(directory) else {
        return;
    };
    for entry in entries.flatten() {
        if entry.file_name().to_string_lossy().starts_with(TEMPORARY) {
            // A leftover that cannot be removed does no harm.
            let _ = fs::remove_file(entry.path());
        }
    }
}

/// Makes names in a directory durable.
pub(crate) fn sync_directory(directory: &Path) -> Result<(), Error> {
    fs::File::open(directory)
        .and_then(|directory| directory.sync_all())
        .map_err(|error| messages::local_file("synchronise", directory, error))
}

fn write_beside(path: &Path, bytes: &[u8]) -> Result<tempfile::NamedTempFile, Error> {
    let failed = |error| messages::local_file("write", path, error);
    let mut temporary = temporary(path.parent().unwrap_or(Path::new(".")))?;
    // The file itself, as the system's number of an error is lost on the way through its wrapper.
    temporary.as_file_mut().write_all(bytes).map_err(failed)?;
    temporary.as_file().sync_all().map_err(failed)?;
    Ok(temporary)
}

fn sync_parent(path: &Path) -> Result<(), Error> {
    sync_directory(path.parent().unwrap_or(Path::new(".")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    fn names(directory: &Path) -> Vec<String> {
        let entries = fs::read_dir(directory).expect("the directory exists");
        let mut names: Vec<_> = entries
            .map(|entry| entry.expect("readable").file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn a_file_is_replaced_whole_and_is_the_owners_alone() {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let path = directory.path().join("deep/state");
        replace(&path, b"one").expect("written");
        replace(&path, b"two").expect("written again");
        assert_eq!(fs::read(&path).expect("readable"), b"two");
        assert!(!super::super::is_open_to_others(&path));
        assert!(!super::super::is_open_to_others(&directory.path().join("deep")));
        assert_eq!(names(&directory.path().join("deep")), ["state"]);
    }

    #[test]
    fn a_key_is_never_overwritten() {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let path = directory.path().join("key");
        assert!(create_once(&path, b"one").expect("written"));
        assert!(!create_once(&path, b"two").expect("kept"));
        assert_eq!(fs::read(&path).expect("readable"), b"one");
        assert_eq!(names(directory.path()), ["key"]);
    }

    #[test]
    fn a_failed_write_leaves_the_old_file() {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let path = directory.path().join("taken");
        fs::create_dir(&path).expect("a directory in the way");
        fs::write(path.join("inside"), b"x").expect("written");
        assert!(replace(&path, b"new").is_err());
        assert_eq!(names(directory.path()), ["taken"]);
    }

    #[test]
    fn leftovers_of_killed_processes_are_removed_and_nothing_else() {
        let directory = tempfile::tempdir().expect("a temporary directory");
        fs::write(directory.path().join(".new-abc"), b"half").expect("written");
        fs::write(directory.path().join("state"), b"whole").expect("written");
        remove_leftovers(directory.path());
        assert_eq!(names(directory.path()), ["state"]);
    }

    #[test]
    fn a_readable_file_of_others_is_noticed() {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let path = directory.path().join("key");
        fs::write(&path, b"x").expect("written");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).expect("changed");
        assert!(super::super::is_open_to_others(&path));
    }
}
