//! The execution format (T&B 196): a decoded program in memory, executable but not readable.

use std::io;
use std::os::fd::{AsFd as _, BorrowedFd, OwnedFd};
use std::sync::atomic::{AtomicU64, Ordering};

use rustix::fs::{MemfdFlags, Mode, SealFlags};
use rustix::io::Errno;

use super::{ExecutionError, LaunchGuard};

/// The largest program that is decoded, in bytes: 4 GiB.
pub const MAX_PROGRAM_BYTES: u64 = 4 << 30;

/// The kernel's limit for the name of a memory file is 249 bytes; the rest is of no use in `ps`.
const MAX_NAME_BYTES: usize = 64;

/// What a complete program is sealed against: every change, and further seals.
const SEALED: SealFlags =
    SealFlags::WRITE.union(SealFlags::GROW).union(SealFlags::SHRINK).union(SealFlags::SEAL);

/// A file in memory for a decoded program.
///
/// From before the first byte, nobody may open it for reading, not even its owner. That is also
/// what makes the kernel protect the process that will execute it. It may be filled in a process
/// apart ([`super::HardenedProcess::apart`]), which has it as well.
pub struct MemoryFile {
    file: OwnedFd,
}

impl MemoryFile {
    /// Creates the file. `name` is shown by tools such as `ps`, and is no secret.
    ///
    /// # Errors
    ///
    /// [`ExecutionError::MemoryExecutionForbidden`] if the system lets no one create executable
    /// memory files (`vm.memfd_noexec = 2`, a seccomp filter, a security module).
    pub fn create(guard: &LaunchGuard, name: &str) -> Result<Self, ExecutionError> {
        let file =
            create_executable(&visible_name(name)).map_err(|error| forbidden(guard, error))?;
        rustix::fs::fchmod(&file, Mode::XUSR)
            .map_err(ExecutionError::system("close a memory file to readers"))?;
        Ok(Self { file })
    }

    /// Makes room for a program of exactly `size` bytes, which is to be written once.
    ///
    /// # Errors
    ///
    /// [`ExecutionError::TooLarge`] and [`ExecutionError::OutOfMemory`].
    pub fn writer(
        &self,
        guard: &LaunchGuard,
        size: u64,
    ) -> Result<MemoryWriter<'_>, ExecutionError> {
        if size > MAX_PROGRAM_BYTES {
            let limit = MAX_PROGRAM_BYTES;
            return Err(ExecutionError::TooLarge { size, limit });
        }
        refuse_exhaustion(guard, size)?;
        // The length is set up front so that the file never grows while threads write to it.
        // Reserving the pages as well (fallocate) was measured to gain nothing.
        rustix::fs::ftruncate(&self.file, size).map_err(|error| out_of_memory(error, size))?;
        Ok(MemoryWriter { file: self.file.as_fd(), size, written: AtomicU64::new(0) })
    }

    /// The program, after it was written and sealed.
    ///
    /// # Errors
    ///
    /// [`ExecutionError::Incomplete`] unless it was sealed, and [`ExecutionError::System`].
    pub fn into_program(self) -> Result<SealedProgram, ExecutionError> {
        const ACTION: &str = "look at the decoded program";
        let seals =
            rustix::fs::fcntl_get_seals(&self.file).map_err(ExecutionError::system(ACTION))?;
        let length = rustix::fs::fstat(&self.file).map_err(ExecutionError::system(ACTION))?.st_size;
        match u64::try_from(length) {
            Ok(size) if seals.contains(SEALED) => Ok(SealedProgram { file: self.file, size }),
            _ => Err(ExecutionError::Incomplete),
        }
    }
}

/// Fills a [`MemoryFile`].
pub struct MemoryWriter<'a> {
    file: BorrowedFd<'a>,
    size: u64,
    written: AtomicU64,
}

impl MemoryWriter<'_> {
    /// Writes `bytes` at `offset`. Any number of threads may write at once; each byte of the file
    /// is to be written exactly once.
    ///
    /// # Errors
    ///
    /// [`io::ErrorKind::InvalidInput`] for bytes beyond the size of the file, and whatever the
    /// kernel answers.
    pub fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        let length = bytes.len() as u64;
        let end = offset.checked_add(length);
        if end.is_none_or(|end| end > self.size) {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                "bytes beyond the size of the program",
            ));
        }
        let mut position = offset;
        let mut rest = bytes;
        while !rest.is_empty() {
            match rustix::io::pwrite(self.file, rest, position) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(count) => {
                    rest = &rest[count..];
                    position += count as u64;
                }
                Err(Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
        self.written.fetch_add(length, Ordering::Relaxed);
        Ok(())
    }

    /// Ends writing: nobody can change the program any more. Call it after every chunk has been
    /// authenticated.
    ///
    /// # Errors
    ///
    /// [`ExecutionError::Incomplete`] unless as many bytes were written as the file has, and
    /// [`ExecutionError::System`].
    pub fn seal(self) -> Result<(), ExecutionError> {
        if self.written.into_inner() != self.size {
            return Err(ExecutionError::Incomplete);
        }
        rustix::fs::fcntl_add_seals(self.file, SEALED)
            .map_err(ExecutionError::system("seal the decoded program"))
    }
}

/// A complete program in memory. It can be launched, and nothing else: it cannot be read back,
/// copied, serialized or printed.
pub struct SealedProgram {
    pub(super) file: OwnedFd,
    pub(super) size: u64,
}

/// The kernel kills processes rather than let a memory file fail for want of memory, so a program
/// that cannot fit is refused before.
fn refuse_exhaustion(guard: &LaunchGuard, needed: u64) -> Result<(), ExecutionError> {
    let Ok(memory) = guard.proc.read("meminfo") else {
        return Ok(());
    };
    let kibibytes = |name| {
        let value = super::procfs::status_field(&memory, name)?;
        value.strip_suffix(" kB")?.parse::<u64>().ok()
    };
    let Some(available) = kibibytes("MemAvailable") else {
        return Ok(());
    };
    let free = available.saturating_add(kibibytes("SwapFree").unwrap_or(0));
    if needed > free.saturating_mul(1024) {
        return Err(ExecutionError::OutOfMemory { needed });
    }
    Ok(())
}

fn create_executable(name: &str) -> Result<OwnedFd, Errno> {
    let flags = MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING;
    match rustix::fs::memfd_create(name, flags | MemfdFlags::EXEC) {
        // Before Linux 6.3 the flag is unknown, and every memory file is executable.
        Err(Errno::INVAL) => rustix::fs::memfd_create(name, flags),
        created => created,
    }
}

fn visible_name(name: &str) -> String {
    let printable = name.chars().filter(|c| !c.is_control() && *c != '/');
    let mut visible = String::new();
    for character in printable {
        if visible.len() + character.len_utf8() > MAX_NAME_BYTES {
            break;
        }
        visible.push(character);
    }
    visible
}

fn forbidden(guard: &LaunchGuard, error: Errno) -> ExecutionError {
    let setting = guard.proc.read("sys/vm/memfd_noexec").unwrap_or_default();
    let cause = match error {
        Errno::ACCESS if setting.trim() == "2" => "the setting vm.memfd_noexec is 2",
        Errno::ACCESS | Errno::PERM => "a security policy refuses executable memory files",
        Errno::NOSYS => "the kernel or a filter lacks memory files (memfd_create)",
        _ => return ExecutionError::system("create a memory file")(error),
    };
    ExecutionError::MemoryExecutionForbidden { cause, source: error.into() }
}

fn out_of_memory(error: Errno, needed: u64) -> ExecutionError {
    match error {
        Errno::NOMEM | Errno::NOSPC => ExecutionError::OutOfMemory { needed },
        other => ExecutionError::system("prepare a memory file")(other),
    }
}

#[cfg(test)]
mod tests {
    use super::visible_name;

    #[test]
    fn names_are_cut_between_characters_and_hold_no_path() {
        assert_eq!(visible_name("a/b\nc"), "abc");
        assert_eq!(visible_name(&"ü".repeat(100)), "ü".repeat(32));
    }
}
