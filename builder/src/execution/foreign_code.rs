//! Refuses a Builder that somebody else's library was loaded into: `LD_PRELOAD`, `LD_AUDIT`,
//! `LD_LIBRARY_PATH`, a loader of the user's. Code in the Builder could copy every program that it
//! decodes.
//!
//! The kernel's list of mappings is read by system calls that no library stands between. A library
//! that copies itself into anonymous memory and unmaps its file is not seen: that is more than
//! casual copying, and as much as patching the Builder.

use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use super::ExecutionError;
use super::procfs::ProcFs;

/// What the kernel writes behind the name of a file that has none any more.
const DELETED: &str = " (deleted)";

/// Refuses code from any file that is neither the Builder's own nor the system's.
pub(super) fn refuse(proc: &ProcFs) -> Result<(), ExecutionError> {
    const ACTION: &str = "see what is loaded into the Builder";
    let maps = proc.read("self/maps").map_err(ExecutionError::system(ACTION))?;
    // The file that this very code is in, whatever was executed.
    let here = refuse as *const () as u64;
    let files = || maps.lines().filter_map(CodeFile::read);
    let own = files().find(|file| file.addresses.contains(&here)).map(|file| file.identity);
    let foreign = files().find(|file| Some(file.identity) != own && !file.is_the_systems());
    foreign.map_or(Ok(()), |file| Err(ExecutionError::ForeignCode { path: file.path.into() }))
}

/// A file with an executable mapping. Mappings without a file, as `[vdso]`, are the kernel's.
#[derive(PartialEq, Eq, Debug)]
struct CodeFile<'a> {
    addresses: std::ops::Range<u64>,
    /// Device, as text, and inode.
    identity: (&'a str, u64),
    path: &'a str,
}

impl<'a> CodeFile<'a> {
    /// Reads a line: address, permissions, offset, device, inode, and after blanks the path
    /// (proc_pid_maps(5)).
    fn read(line: &'a str) -> Option<Self> {
        let mut fields = line.split(' ');
        let (first, last) = fields.next()?.split_once('-')?;
        let address = |text| u64::from_str_radix(text, 16).ok();
        let addresses = address(first)?..address(last)?;
        let is_code = fields.next()?.contains('x');
        let (device, inode) = (fields.nth(1)?, fields.next()?.parse().ok()?);
        let path = line.find('/').map(|start| &line[start..])?;
        is_code.then_some(Self { addresses, identity: (device, inode), path })
    }

    /// Whether it is a file that only root can change. One that has no name any more is not: its
    /// line would be read as the name of another.
    fn is_the_systems(&self) -> bool {
        let others_may_write = 0o022;
        let file = Path::new(self.path).symlink_metadata();
        !self.path.ends_with(DELETED)
            && file.is_ok_and(|file| {
                file.is_file()
                    && file.ino() == self.identity.1
                    && file.uid() == 0
                    && file.mode() & others_may_write == 0
            })
    }
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
        let found: Vec<_> = maps.lines().filter_map(CodeFile::read).collect();
        let own = CodeFile {
            addresses: 0x5582..0x5583,
            identity: ("fe:00", 1234),
            path: "/usr/bin/trybuy",
        };
        let evil = CodeFile {
            addresses: 0x7f00..0x7f01,
            identity: ("fe:00", 99),
            path: "/home/a b/evil.so (deleted)",
        };
        assert_eq!(found, [own, evil]);
    }

    #[test]
    fn a_file_is_the_systems_by_its_own_name_and_inode_alone() {
        let library = Path::new("/bin/sh").canonicalize().expect("a shell");
        let inode = library.metadata().expect("there").ino();
        let folder = tempfile::tempdir().expect("a folder");
        let decoy = folder.path().join("y.so (deleted)");
        std::os::unix::fs::symlink(&library, &decoy).expect("a link");
        let is_the_systems = |path: &Path, inode| {
            let path = path.to_str().expect("UTF-8");
            CodeFile { addresses: 0..1, identity: ("fe:00", inode), path }.is_the_systems()
        };
        assert!(is_the_systems(&library, inode));
        assert!(!is_the_systems(&library, inode + 1), "another file of that name");
        assert!(!is_the_systems(&decoy, inode), "a name that a removed file seems to have");
        let link = folder.path().join("link.so");
        std::os::unix::fs::symlink(&library, &link).expect("a link");
        assert!(!is_the_systems(&link, inode), "a link");
        let open = folder.path().join("open.so");
        std::fs::write(&open, "code").expect("written");
        let mode = std::os::unix::fs::PermissionsExt::from_mode;
        std::fs::set_permissions(&open, mode(0o666)).expect("a mode");
        assert!(!is_the_systems(&open, open.metadata().expect("there").ino()), "for all to change");
    }
}
