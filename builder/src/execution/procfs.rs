//! Reads `/proc`, after making sure that it is the kernel's.

use std::ffi::{OsStr, OsString};
use std::io::{self, Read};
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;

use rustix::fs::{self, Mode, OFlags, ResolveFlags};
use rustix::io::Errno;

use super::ExecutionError;

/// The files read here are a few kilobytes; nothing larger is read.
const MAX_FILE_BYTES: u64 = 256 * 1024;

/// A verified `/proc`.
pub(super) struct ProcFs {
    root: OwnedFd,
}

impl ProcFs {
    /// Opens `/proc` and refuses anything that is not a proc file system.
    ///
    /// # Errors
    ///
    /// [`ExecutionError::ProcUnavailable`], and [`ExecutionError::System`] beyond a limit.
    pub(super) fn open() -> Result<Self, ExecutionError> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let root = match fs::open("/proc", flags, Mode::empty()) {
            Ok(root) => root,
            Err(error @ (Errno::MFILE | Errno::NFILE)) => {
                return Err(ExecutionError::system("open /proc")(error));
            }
            Err(_) => return Err(ExecutionError::ProcUnavailable),
        };
        match fs::fstatfs(&root) {
            Ok(found) if found.f_type == fs::PROC_SUPER_MAGIC => Ok(Self { root }),
            _ => Err(ExecutionError::ProcUnavailable),
        }
    }

    /// Reads a small text file below `/proc`.
    pub(super) fn read(&self, path: &str) -> io::Result<String> {
        let file = std::fs::File::from(self.open_below(path, OFlags::RDONLY)?);
        let mut text = String::new();
        file.take(MAX_FILE_BYTES).read_to_string(&mut text)?;
        Ok(text)
    }

    /// Reads the target of a symbolic link below `/proc`.
    pub(super) fn link(&self, path: &str) -> io::Result<OsString> {
        let link = self.open_below(path, OFlags::PATH | OFlags::NOFOLLOW)?;
        let target = fs::readlinkat(&link, "", Vec::new())?;
        Ok(OsStr::from_bytes(target.as_bytes()).to_owned())
    }

    /// Lists the names in a directory below `/proc` that are numbers.
    pub(super) fn numbers(&self, path: &str) -> io::Result<Vec<u32>> {
        let directory = self.open_below(path, OFlags::RDONLY | OFlags::DIRECTORY)?;
        let mut numbers = Vec::new();
        for entry in fs::Dir::new(directory)? {
            let name = entry?.file_name().to_string_lossy().parse::<u32>();
            numbers.extend(name.ok());
        }
        numbers.sort_unstable();
        Ok(numbers)
    }

    /// Opens a path without crossing into another mount, so that a file mounted over one of
    /// `/proc`'s own is not believed.
    fn open_below(&self, path: &str, flags: OFlags) -> io::Result<OwnedFd> {
        let flags = flags | OFlags::CLOEXEC;
        let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_XDEV;
        match fs::openat2(&self.root, path, flags, Mode::empty(), resolve) {
            // Some container runtimes filter out openat2, which is younger than they are.
            Err(Errno::NOSYS | Errno::PERM) => {
                Ok(fs::openat(&self.root, path, flags, Mode::empty())?)
            }
            opened => Ok(opened?),
        }
    }
}

/// The value of one `Name:` line of a `status` file.
pub(super) fn status_field<'a>(status: &'a str, name: &str) -> Option<&'a str> {
    status.lines().find_map(|line| {
        let (key, value) = line.split_once(':')?;
        (key == name).then(|| value.trim())
    })
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
mod tests {
    use super::{ProcFs, status_field};

    #[test]
    fn reads_its_own_process() {
        let proc = ProcFs::open().unwrap();
        let status = proc.read("self/status").unwrap();
        let pid = status_field(&status, "Pid").unwrap();
        assert_eq!(pid, std::process::id().to_string());
        assert!(proc.link("self/exe").unwrap().len() > 1);
        assert!(proc.numbers("self/task").unwrap().contains(&std::process::id()));
    }

    #[test]
    fn leaves_proc_neither_upwards_nor_absolutely() {
        let proc = ProcFs::open().unwrap();
        assert!(proc.read("../etc/passwd").is_err());
        assert!(proc.read("/etc/passwd").is_err());
    }
}
