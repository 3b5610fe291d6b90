//! Child processes of the Builder.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};

use rustix::io::Errno;
use rustix::process::{
    Pid, Signal, WaitId, WaitIdOptions, WaitIdStatus, getpid, getppid, kill_process,
    set_parent_process_death_signal, waitid,
};

use super::ExecutionError;
use super::launch::Ending;

/// The exit code of a process that panicked, as of other Rust programs.
const PANICKED: i32 = 101;

/// A child that has not been waited for. Dropping it kills it, so that no path out of the Builder
/// leaves one behind.
pub(super) struct ChildProcess {
    pid: Pid,
    ended: bool,
}

impl ChildProcess {
    /// Takes charge of the child `pid`.
    pub(super) fn new(pid: Pid) -> Self {
        Self { pid, ended: false }
    }

    /// Forks. The child does `work`, ends with the code that it returns, and is killed when the
    /// calling thread ends. Its memory is a copy of this process's, and cannot have been opened by
    /// anyone from its first moment if this process is not dumpable.
    ///
    /// Only the calling thread goes on in the child: `work` must not need what another one holds.
    #[expect(unsafe_code, reason = "there is no safe interface to fork")]
    pub(super) fn fork(work: impl FnOnce() -> i32) -> io::Result<Self> {
        let parent = getpid();
        // SAFETY: the child runs `work`, whose caller answers for the locks of other threads, and
        // ends in `become_child`, so that nothing of the caller's frames is run or dropped twice.
        match unsafe { libc::fork() } {
            -1 => Err(io::Error::last_os_error()),
            0 => become_child(parent, work),
            pid => Ok(Self::new(Pid::from_raw(pid).expect("fork gives a child's number"))),
        }
    }

    pub(super) fn pid(&self) -> Pid {
        self.pid
    }

    /// Sends it a signal. It has not been waited for, so its number cannot have been given to
    /// another process, and the only error possible is that it has already ended.
    pub(super) fn send(&self, signal: Signal) {
        let _ = kill_process(self.pid, signal);
    }

    /// Waits for its end, and returns it.
    pub(super) fn wait_for_end(&mut self) -> Result<Ending, ExecutionError> {
        loop {
            if let Some(ending) = self.wait(WaitIdOptions::EXITED)?.as_ref().and_then(ending) {
                return Ok(ending);
            }
        }
    }

    /// Waits for a change.
    pub(super) fn wait(
        &mut self,
        options: WaitIdOptions,
    ) -> Result<Option<WaitIdStatus>, ExecutionError> {
        loop {
            match waitid(WaitId::Pid(self.pid), options) {
                Err(Errno::INTR) => {}
                Err(error) => return Err(ExecutionError::system("wait for a process")(error)),
                Ok(status) => {
                    self.ended |= status.as_ref().and_then(ending).is_some();
                    return Ok(status);
                }
            }
        }
    }
}

impl Drop for ChildProcess {
    fn drop(&mut self) {
        if !self.ended {
            self.send(Signal::KILL);
            let _ = self.wait_for_end();
        }
    }
}

/// How a process ended, if it did.
pub(super) fn ending(status: &WaitIdStatus) -> Option<Ending> {
    if let Some(code) = status.exit_status() {
        // The kernel keeps the lowest eight bits of what a program passes to `exit`.
        return Some(Ending::Code(code.to_le_bytes()[0]));
    }
    let signal = status.terminating_signal()?;
    Some(Ending::Signal(signal.to_le_bytes()[0]))
}

fn become_child(parent: Pid, work: impl FnOnce() -> i32) -> ! {
    let tied = set_parent_process_death_signal(Some(Signal::KILL));
    // The parent may have died before the line above.
    if tied.is_err() || getppid() != Some(parent) {
        std::process::abort();
    }
    // A panic must not unwind into the frames that were copied from the parent.
    let code = catch_unwind(AssertUnwindSafe(work)).unwrap_or(PANICKED);
    std::process::exit(code)
}
