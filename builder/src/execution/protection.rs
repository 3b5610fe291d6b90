//! Checks that the kernel protects a program that was just started.

use rustix::io::Errno;
use rustix::process::Pid;
use rustix::thread::{CapabilitySet, capabilities};

use super::ExecutionError;
use super::procfs::ProcFs;

/// What could be found out about the protection of a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Protection {
    /// Other processes of the user cannot read it.
    Protected,
    /// The user may trace everything (`CAP_SYS_PTRACE`, as root has it), and is refused nothing.
    UserIsPrivileged,
    /// It had already ended.
    Ended,
}

/// The field of `/proc/PID/stat` with the address of the code, counted from the one behind the name
/// (proc_pid_stat(5): `startcode`, 26, where the one behind the name is 3).
const START_OF_CODE: usize = 23;

/// Whether the kernel lets this process look into another one of the same user.
///
/// It shows who may not an address of 1. That is read and not asked for, because a filter that was
/// laid on the Builder (seccomp) can answer a question in the kernel's place and cannot write
/// into a file. A launched program is closed because its file could not be read by whoever executed
/// it, the Builder because it asked for it. The ways out of that are `fs.suid_dumpable = 1` and a
/// user who reads every file (`CAP_DAC_READ_SEARCH`).
///
/// # Errors
///
/// [`ExecutionError::Unprotected`] if it does.
pub(super) fn verify(proc: &ProcFs, process: Pid) -> Result<Protection, ExecutionError> {
    const ACTION: &str = "check that a process is protected";
    let own = capabilities(None).map_err(ExecutionError::system("read the capabilities"))?;
    if own.effective.contains(CapabilitySet::SYS_PTRACE) {
        return Ok(Protection::UserIsPrivileged);
    }
    let stat = match proc.read(&format!("{}/stat", process.as_raw_nonzero())) {
        Ok(stat) => stat,
        Err(error) => {
            return match Errno::from_io_error(&error) {
                Some(Errno::NOENT | Errno::SRCH) => Ok(Protection::Ended),
                _ => Err(ExecutionError::System { action: ACTION, source: error }),
            };
        }
    };
    // The name is in parentheses and may hold any others.
    let fields = stat.rsplit_once(')').map(|(_, fields)| fields).unwrap_or_default();
    match fields.split_whitespace().nth(START_OF_CODE) {
        Some("1") => Ok(Protection::Protected),
        // It has no memory any more.
        Some("0") => Ok(Protection::Ended),
        Some(_) => Err(ExecutionError::Unprotected),
        None => Err(ExecutionError::ProcUnavailable),
    }
}
