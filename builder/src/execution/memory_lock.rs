//! Keeps the pages of a running program out of the swap area, as far as the system allows.

use std::io::{self, Read as _, Write as _};
use std::num::NonZeroUsize;
use std::os::fd::AsFd;
use std::ptr;

use rustix::mm::{MapFlags, ProtFlags};
use rustix::process::{Resource, getrlimit};

use super::SealedProgram;
use super::child::SignalsBlocked;
use super::process::ChildProcess;
use super::procfs::ProcFs;

/// Whether the program's pages could be written to the swap area.
///
/// It concerns the pages of the decoded file. What the running program copies or computes is in
/// its own memory, which is not locked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum MemoryLock {
    /// The pages are locked into memory until the program ends.
    Locked,
    /// There is no swap area, so nothing needed locking.
    NoSwap,
    /// The system's limit for locked memory (`RLIMIT_MEMLOCK`) is too low for this program.
    LimitTooLow {
        /// Bytes that the program has.
        needed: u64,
        /// Bytes that may be locked.
        limit: u64,
    },
}

/// Locks the program's pages if there is swap and the limit allows it, until the process that is
/// returned is dropped. It is a process of its own because what is mapped into this one can be read
/// by whoever opened its memory before the Builder was hardened.
pub(super) fn lock(program: &SealedProgram, proc: &ProcFs) -> (Option<ChildProcess>, MemoryLock) {
    if !has_swap(proc) {
        return (None, MemoryLock::NoSwap);
    }
    let limit = getrlimit(Resource::Memlock).current.unwrap_or(u64::MAX);
    let needed = program.size;
    let length = usize::try_from(needed).ok().and_then(NonZeroUsize::new);
    match length.and_then(|length| keep_locked(&program.file, length).ok().flatten()) {
        Some(keeper) => (Some(keeper), MemoryLock::Locked),
        None => (None, MemoryLock::LimitTooLow { needed, limit }),
    }
}

/// Starts the process that locks the pages, or nothing if the system does not lock so much.
fn keep_locked(file: impl AsFd, length: NonZeroUsize) -> io::Result<Option<ChildProcess>> {
    let (mut answers, mut answer) = io::pipe()?;
    // What the terminal sends to the whole group is not for the keeper.
    let unblocked_later = SignalsBlocked::begin();
    let keeper = ChildProcess::fork(|| {
        if map_and_lock(file, length).is_ok() && answer.write_all(&[1]).is_ok() {
            loop {
                std::thread::park();
            }
        }
        1
    })?;
    drop((unblocked_later, answer));
    let is_locked = answers.read(&mut [0])? == 1;
    Ok(is_locked.then_some(keeper))
}

/// The mapping stays until the process ends.
#[expect(unsafe_code, reason = "mapping memory has no safe interface")]
fn map_and_lock(file: impl AsFd, length: NonZeroUsize) -> rustix::io::Result<()> {
    // SAFETY: the kernel chooses the address, so no existing mapping is touched; the mapping is
    // never read or written through.
    let address = unsafe {
        let (protection, flags) = (ProtFlags::READ, MapFlags::SHARED);
        rustix::mm::mmap(ptr::null_mut(), length.get(), protection, flags, file, 0)?
    };
    // SAFETY: the range is the mapping just made. It is readable, and the file is sealed against
    // shrinking, so that every page of it exists.
    unsafe { rustix::mm::mlock(address, length.get()) }
}

/// Whether the system has any swap area. `/proc/swaps` has one line of headings.
pub(super) fn has_swap(proc: &ProcFs) -> bool {
    proc.read("swaps").is_ok_and(|text| text.lines().count() > 1)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
mod tests {
    use super::keep_locked;
    use rustix::fs::MemfdFlags;
    use std::num::NonZeroUsize;

    #[test]
    fn pages_of_a_memory_file_are_locked_by_a_process_until_it_is_dropped() {
        let file = rustix::fs::memfd_create("test", MemfdFlags::CLOEXEC).unwrap();
        rustix::fs::ftruncate(&file, 65536).unwrap();
        let keeper = keep_locked(&file, NonZeroUsize::new(65536).unwrap()).unwrap().unwrap();
        let status = format!("/proc/{}/status", keeper.pid());
        let text = std::fs::read_to_string(&status).unwrap();
        assert_eq!(super::super::procfs::status_field(&text, "VmLck"), Some("64 kB"));
        drop(keeper);
        assert!(std::fs::read_to_string(&status).is_err());
    }
}
