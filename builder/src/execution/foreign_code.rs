//! Refuses a Builder that somebody else's library was loaded into: `LD_PRELOAD`, `LD_AUDIT`,
//! `LD_LIBRARY_PATH`. Code in the Builder could copy every program that it decodes.
//!
//! The kernel's list of mappings is read by system calls that no library stands between. A library
//! that copies itself into anonymous memory and unmaps its file is not seen: that is more than
//! casual copying, and as much as patching the Builder.

use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use super::ExecutionError;
use super::procfs::ProcFs;

/// Refuses code from any file that is neither the Builder's own nor the system's.
pub(super) fn refuse(proc: &ProcFs) -> Result<(), ExecutionError> {
    const ACTION: &str = "see what is loaded into the Builder";
    let maps = proc.read("self/maps").map_err(ExecutionError::system(ACTION))?;
    let own = identity(Path::new("/proc/self/exe")).map_err(ExecutionError::system(ACTION))?;
    let foreign = files_with_code(&maps).find(|path| !is_trusted(path, own));
    foreign.map_or(Ok(()), |path| Err(ExecutionError::ForeignCode { path: path.to_owned() }))
}

/// The files behind executable mappings. Those without a file, as `[vdso]`, are the kernel's.
fn files_with_code(maps: &str) -> impl Iterator<Item = &Path> {
    // Address, permissions, offset, device, inode, and after blanks the path (proc_pid_maps(5)).
    maps.lines().filter_map(|line| {
        let permissions = line.split(' ').nth(1)?;
        let path = line.find('/').map(|start| &line[start..])?;
        permissions.contains('x').then_some(Path::new(path))
    })
}

/// The Builder's own file, or one that only root can change. One that is gone is neither.
fn is_trusted(path: &Path, own: (u64, u64)) -> bool {
    let by_others = 0o022;
    let system = |path: &Path| {
        path.metadata().is_ok_and(|file| file.uid() == 0 && file.mode() & by_others == 0)
    };
    identity(path).is_ok_and(|file| file == own) || system(path)
}

fn identity(path: &Path) -> io::Result<(u64, u64)> {
    path.metadata().map(|file| (file.dev(), file.ino()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_files_with_executable_mappings_count() {
        let maps = "\
5581-5582 r--p 00000000 fe:00 1234                       /usr/bin/trybuy
5582-5583 r-xp 00001000 fe:00 1234                       /usr/bin/trybuy
7f00-7f01 r-xp 00000000 fe:00 99                         /home/a b/evil.so (deleted)
7f01-7f02 rw-p 00000000 00:00 0 
7ffc-7ffd r-xp 00000000 00:00 0                          [vdso]
";
        let found: Vec<_> = files_with_code(maps).collect();
        assert_eq!(found, [Path::new("/usr/bin/trybuy"), Path::new("/home/a b/evil.so (deleted)")]);
    }

    #[test]
    fn a_file_that_others_can_change_is_not_trusted() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("a.so");
        std::fs::write(&path, "code").expect("written");
        let mode = std::os::unix::fs::PermissionsExt::from_mode;
        std::fs::set_permissions(&path, mode(0o666)).expect("a mode");
        assert!(!is_trusted(&path, (0, 0)));
        assert!(is_trusted(&path, identity(&path).expect("there")), "its own file");
        assert!(!is_trusted(Path::new("/no/such/file (deleted)"), (0, 0)));
    }
}
