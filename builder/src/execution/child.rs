//! Starts a sealed program in a new process.
//!
//! `std::process::Command` forks and reports errors of the child; everything else happens in a
//! hook that runs in the child and executes the program itself, because the standard library
//! cannot execute a descriptor.

use std::ffi::{CString, OsStr, c_char};
use std::io;
use std::os::fd::{AsRawFd, RawFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::process::CommandExt;
use std::process::Command;
use std::time::Duration;

use libc::c_int;
use rustix::process::{Pid, Resource, Rlimit, Signal, getpid};
use rustix::thread::CapabilitySet;

use super::environment::for_program;
use super::launch::LaunchSpec;
use super::signals::{SignalRelay, relayed};
use super::{ExecutionError, LaunchGuard, SealedProgram, core_dump};

/// The flag of `close_range` that sets close-on-exec instead of closing (Linux 5.11).
const CLOSE_RANGE_CLOEXEC: libc::c_uint = 4;

/// Capabilities with which every file is readable. The kernel protects a program only if whoever
/// executes it cannot read it, so they are laid down before. Root gets them back by executing.
const READ_EVERYTHING: CapabilitySet =
    CapabilitySet::DAC_OVERRIDE.union(CapabilitySet::DAC_READ_SEARCH);

/// Everything the child needs, prepared before it exists: after a fork it must not allocate.
pub(super) struct ChildPlan {
    program: RawFd,
    arguments: StringArray,
    environment: StringArray,
    builder: Pid,
    core_limit: Rlimit,
    backstop: Option<Duration>,
    ignored: Vec<c_int>,
    /// Ranges of descriptors that are not the program's, both ends included.
    closed: Vec<(u32, u32)>,
}

impl ChildPlan {
    /// Prepares to start `program`, which must stay open until [`ChildPlan::start`] returns.
    pub(super) fn new(
        guard: &LaunchGuard,
        program: &SealedProgram,
        spec: &LaunchSpec,
        relay: &SignalRelay,
    ) -> Result<Self, ExecutionError> {
        let arguments = [&spec.program_name].into_iter().chain(&spec.arguments);
        let arguments = arguments.map(|argument| OsStr::as_bytes(argument).to_vec());
        let environment = for_program(std::env::vars_os(), &spec.trial_facts);
        Ok(Self {
            program: program.file.as_raw_fd(),
            arguments: StringArray::new(arguments, "an argument of the program")?,
            environment: StringArray::new(environment, "the facts of the trial")?,
            builder: getpid(),
            core_limit: core_dump::limit(),
            backstop: spec.deadline.map(|deadline| deadline.backstop()),
            ignored: relay.ignored().to_vec(),
            closed: ranges_between(&guard.inherited),
        })
    }

    /// Starts the program. An error is that of `fork` or `execveat`.
    ///
    /// The program dies with the calling *thread*, so that thread must wait for it.
    #[expect(unsafe_code, reason = "the child must execute a descriptor itself")]
    pub(super) fn start(self) -> io::Result<Pid> {
        let mask = SignalsBlocked::begin();
        let ordinary = mask.ordinary(self.backstop.is_some());
        let mut command = Command::new("program in memory");
        // SAFETY: the hook runs between fork and exec. It only makes system calls, reads what was
        // prepared before, and builds errors from numbers: it takes no lock and allocates nothing.
        unsafe { command.pre_exec(move || Err(self.become_program(&ordinary))) };
        let child = command.spawn()?;
        drop(mask);
        // The standard library's handle is of no further use; it does not end or reap the child.
        Ok(Pid::from_child(&child))
    }

    /// Runs in the child. Returns only if the program cannot be executed.
    #[expect(unsafe_code, reason = "rustix has no stable interface for these calls")]
    fn become_program(&self, mask: &libc::sigset_t) -> io::Error {
        if let Err(error) = self.give_up_independence() {
            return error;
        }
        self.restrict();
        // SAFETY: the pointer is to a valid set. Whatever arrived since the fork is delivered
        // now, and the signals' actions are already the program's.
        unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, mask, std::ptr::null_mut()) };
        // SAFETY: the descriptor is open (see `new`); the path is an empty string; both arrays
        // are of pointers to strings that `self` owns, and end with a null pointer.
        unsafe {
            libc::syscall(
                libc::SYS_execveat,
                self.program,
                c"".as_ptr(),
                self.arguments.as_ptr(),
                self.environment.as_ptr(),
                libc::AT_EMPTY_PATH,
            )
        };
        io::Error::last_os_error()
    }

    /// Ties the child to the Builder's life and gives it the signal actions of a new program.
    #[expect(unsafe_code, reason = "rustix has no stable interface for signal actions")]
    fn give_up_independence(&self) -> io::Result<()> {
        for signal in relayed().chain([libc::SIGCHLD]) {
            let action = if self.ignored.contains(&signal) { libc::SIG_IGN } else { libc::SIG_DFL };
            // SAFETY: setting a default action or ignoring a signal runs no code.
            unsafe { libc::signal(signal, action) };
        }
        rustix::process::set_parent_process_death_signal(Some(Signal::KILL))?;
        // The Builder may have died before the line above, and then nobody would end the program.
        if rustix::process::getppid() != Some(self.builder) {
            // SAFETY: ends the process at once, without running anything of the Builder's.
            unsafe { libc::_exit(128 + libc::SIGKILL) };
        }
        Ok(())
    }

    /// Sets limits that last beyond the execution. Each is a second line of defence that some
    /// system may refuse, so errors do not stop the launch: [`super::protection`] checks the
    /// first line, and `diagnose` reports the rest.
    #[expect(unsafe_code, reason = "rustix has no interface for these calls")]
    fn restrict(&self) {
        let _ = rustix::process::setrlimit(Resource::Core, self.core_limit);
        if let Some(backstop) = self.backstop {
            let timer = libc::itimerval {
                it_interval: libc::timeval { tv_sec: 0, tv_usec: 0 },
                it_value: libc::timeval { tv_sec: backstop.as_secs().cast_signed(), tv_usec: 0 },
            };
            // SAFETY: the pointer is to a valid structure, and no old value is asked for.
            unsafe { libc::setitimer(libc::ITIMER_REAL, &raw const timer, std::ptr::null_mut()) };
        }
        for (first, last) in &self.closed {
            // SAFETY: marks descriptors close-on-exec, which cannot invalidate one in use.
            unsafe { libc::syscall(libc::SYS_close_range, *first, *last, CLOSE_RANGE_CLOEXEC) };
        }
        if let Ok(mut sets) = rustix::thread::capabilities(None)
            && sets.effective.intersects(READ_EVERYTHING)
        {
            sets.effective.remove(READ_EVERYTHING);
            let _ = rustix::thread::set_capabilities(None, sets);
        }
    }
}

/// Strings as `execveat` takes them: an array of pointers that ends with a null pointer.
struct StringArray {
    /// The strings that the pointers are to.
    _strings: Vec<CString>,
    pointers: Vec<*const c_char>,
}

// SAFETY: the pointers are to heap memory owned by the same value, which nothing changes.
#[expect(unsafe_code, reason = "raw pointers are not Send by default")]
unsafe impl Send for StringArray {}
// SAFETY: as above; a shared reference only allows reading.
#[expect(unsafe_code, reason = "raw pointers are not Sync by default")]
unsafe impl Sync for StringArray {}

impl StringArray {
    fn new(
        strings: impl IntoIterator<Item = Vec<u8>>,
        what: &'static str,
    ) -> Result<Self, ExecutionError> {
        let strings: Vec<CString> = strings
            .into_iter()
            .map(CString::new)
            .collect::<Result<_, _>>()
            .map_err(|_| ExecutionError::ZeroByte { what })?;
        let pointers = strings.iter().map(|string| string.as_ptr());
        let pointers = pointers.chain([std::ptr::null()]).collect();
        Ok(Self { _strings: strings, pointers })
    }

    fn as_ptr(&self) -> *const *const c_char {
        self.pointers.as_ptr()
    }
}

/// While it lives, the calling thread receives no signals. So a signal that arrives between fork
/// and exec waits for the program, instead of being lost in the child's copy of our handlers.
pub(super) struct SignalsBlocked {
    before: libc::sigset_t,
}

impl SignalsBlocked {
    #[expect(unsafe_code, reason = "rustix has no stable interface for signal masks")]
    pub(super) fn begin() -> Self {
        // SAFETY: a set is a plain structure; sigfillset and pthread_sigmask initialize the two
        // sets, and neither can fail for valid pointers and this operation.
        unsafe {
            let mut all: libc::sigset_t = std::mem::zeroed();
            let mut before: libc::sigset_t = std::mem::zeroed();
            libc::sigfillset(&raw mut all);
            libc::pthread_sigmask(libc::SIG_BLOCK, &raw const all, &raw mut before);
            Self { before }
        }
    }

    /// The mask for the program: the Builder's, without the signal of the backstop.
    #[expect(unsafe_code, reason = "rustix has no stable interface for signal masks")]
    fn ordinary(&self, with_backstop: bool) -> libc::sigset_t {
        let mut mask = self.before;
        if with_backstop {
            // SAFETY: the set is initialized and the signal number valid.
            unsafe { libc::sigdelset(&raw mut mask, libc::SIGALRM) };
        }
        mask
    }
}

impl Drop for SignalsBlocked {
    #[expect(unsafe_code, reason = "rustix has no stable interface for signal masks")]
    fn drop(&mut self) {
        // SAFETY: the set is the one that `begin` was given.
        unsafe {
            libc::pthread_sigmask(libc::SIG_SETMASK, &raw const self.before, std::ptr::null_mut())
        };
    }
}

/// The ranges above standard error that contain none of the sorted `kept` descriptors.
fn ranges_between(kept: &[u32]) -> Vec<(u32, u32)> {
    let mut ranges = Vec::new();
    let mut first = 3;
    for &descriptor in kept {
        if descriptor > first {
            ranges.push((first, descriptor - 1));
        }
        first = descriptor + 1;
    }
    ranges.push((first, u32::MAX));
    ranges
}

#[cfg(test)]
mod tests {
    use super::ranges_between;

    #[test]
    fn every_descriptor_but_the_inherited_ones_is_closed() {
        assert_eq!(ranges_between(&[]), [(3, u32::MAX)]);
        assert_eq!(ranges_between(&[3, 4, 9]), [(5, 8), (10, u32::MAX)]);
        assert_eq!(ranges_between(&[63]), [(3, 62), (64, u32::MAX)]);
    }
}
