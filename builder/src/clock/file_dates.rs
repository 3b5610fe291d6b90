//! The dates of other files: "checking file creation dates for other files on the client's computer
//! to determine if the actual date exceeds the ambient date" (T&B).
//!
//! Only what root alone can write counts, so that nobody needs to fear a file of the wrong date
//! among his own; and only the third newest of all, so that one file with a date of its own does
//! not speak for the machine.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use trybuy_formats::instant::Instant;

/// Folders in which a running system changes files again and again.
const FOLDERS: [&str; 4] = ["/etc", "/var/cache", "/var/lib", "/var/log"];
/// The most entries of a folder that are looked at.
const MOST_ENTRIES: usize = 2000;
/// How many files have to be as new.
const WITNESSES: usize = 3;

/// The newest date that several of the system's files bear.
pub(super) fn newest() -> Option<Instant> {
    let dates = FOLDERS.iter().flat_map(|folder| dates_in(Path::new(folder), 0));
    witnessed(dates.collect())
}

/// The dates of a user's files in a folder.
fn dates_in(folder: &Path, owner: u32) -> Vec<Instant> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten().take(MOST_ENTRIES);
    entries
        .filter_map(|entry| {
            let file = entry.metadata().ok()?;
            let others_may_write = file.mode() & 0o022 != 0;
            let counts = file.uid() == owner && !others_may_write && !file.is_symlink();
            counts.then(|| Instant::from_unix(file.mtime())).flatten()
        })
        .collect()
}

fn witnessed(mut dates: Vec<Instant>) -> Option<Instant> {
    dates.sort_unstable();
    dates.into_iter().rev().nth(WITNESSES - 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    fn at(seconds: i64) -> Instant {
        Instant::from_unix(1_798_000_000 + seconds).expect("in range")
    }

    #[test]
    fn a_date_needs_three_witnesses() {
        assert_eq!(witnessed(vec![]), None);
        assert_eq!(witnessed(vec![at(9), at(8)]), None);
        assert_eq!(witnessed(vec![at(1), at(900), at(7), at(8)]), Some(at(7)));
    }

    #[test]
    fn only_files_that_nobody_else_can_write_count() {
        let folder = tempfile::tempdir().expect("a folder");
        let make = |name: &str, mode: u32| {
            let path = folder.path().join(name);
            fs::write(&path, name).expect("written");
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).expect("a mode");
        };
        make("own", 0o644);
        make("open", 0o666);
        let owner = rustix::process::geteuid().as_raw();
        assert_eq!(dates_in(folder.path(), owner).len(), 1);
        assert_eq!(dates_in(folder.path(), owner + 1).len(), 0);
        assert_eq!(dates_in(Path::new("/nonexistent"), owner).len(), 0);
    }

    #[test]
    fn this_system_has_dates() {
        let newest = newest().expect("files of root");
        assert!(newest > Instant::from_unix(1_500_000_000).expect("in range"));
    }
}
