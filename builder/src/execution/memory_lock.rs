//! Keeps the pages of a running program out of the swap area, as far as the system allows.

use std::num::NonZeroUsize;
use std::os::fd::AsFd;
use std::ptr;

use rustix::mm::{MapFlags, ProtFlags};
use rustix::process::{Resource, getrlimit};

use super::SealedProgram;
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

/// A mapping whose only purpose is to lock the pages under it. Dropping it unlocks them.
pub(super) struct LockedPages {
    address: *mut core::ffi::c_void,
    length: NonZeroUsize,
}

impl LockedPages {
    /// Locks the program's pages if there is swap and the limit allows it.
    pub(super) fn lock(program: &SealedProgram, proc: &ProcFs) -> (Option<Self>, MemoryLock) {
        if !has_swap(proc) {
            return (None, MemoryLock::NoSwap);
        }
        let limit = getrlimit(Resource::Memlock).current.unwrap_or(u64::MAX);
        let needed = program.size;
        let length = usize::try_from(needed).ok().and_then(NonZeroUsize::new);
        match length.and_then(|length| Self::map(&program.file, length)) {
            Some(pages) => (Some(pages), MemoryLock::Locked),
            None => (None, MemoryLock::LimitTooLow { needed, limit }),
        }
    }

    #[expect(unsafe_code, reason = "mapping memory has no safe interface")]
    fn map(file: impl AsFd, length: NonZeroUsize) -> Option<Self> {
        // SAFETY: the kernel chooses the address, so no existing mapping is touched; the mapping
        // is never read or written through.
        let address = unsafe {
            let (protection, flags) = (ProtFlags::READ, MapFlags::SHARED);
            rustix::mm::mmap(ptr::null_mut(), length.get(), protection, flags, file, 0)
        };
        let pages = Self { address: address.ok()?, length };
        // SAFETY: the range is the mapping just made. It is readable, and the file is sealed
        // against shrinking, so that every page of it exists.
        let locked = unsafe { rustix::mm::mlock(pages.address, length.get()) };
        locked.ok().map(|()| pages)
    }
}

impl Drop for LockedPages {
    #[expect(unsafe_code, reason = "unmapping memory has no safe interface")]
    fn drop(&mut self) {
        // SAFETY: address and length are those of the mapping made by `map`, which nothing else
        // refers to. An error would leave the mapping in place, which harms nothing.
        let _ = unsafe { rustix::mm::munmap(self.address, self.length.get()) };
    }
}

/// Whether the system has any swap area. `/proc/swaps` has one line of headings.
pub(super) fn has_swap(proc: &ProcFs) -> bool {
    proc.read("swaps").is_ok_and(|text| text.lines().count() > 1)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
mod tests {
    use super::LockedPages;
    use rustix::fs::MemfdFlags;
    use std::num::NonZeroUsize;

    #[test]
    fn pages_of_a_memory_file_are_locked_and_unlocked() {
        let locked = || {
            let status = std::fs::read_to_string("/proc/self/status").unwrap();
            let line = super::super::procfs::status_field(&status, "VmLck").unwrap();
            line.trim_end_matches(" kB").trim().parse::<u64>().unwrap()
        };
        let before = locked();
        let file = rustix::fs::memfd_create("test", MemfdFlags::CLOEXEC).unwrap();
        rustix::fs::ftruncate(&file, 65536).unwrap();
        let pages = LockedPages::map(&file, NonZeroUsize::new(65536).unwrap()).unwrap();
        assert_eq!(locked(), before + 64);
        drop(pages);
        assert_eq!(locked(), before);
    }
}
