//! Checks that the kernel protects a program that was just started.

use rustix::io::Errno;
use rustix::process::Pid;
use rustix::thread::{CapabilitySet, capabilities};

use super::ExecutionError;
use super::procfs::ProcFs;

/// What could be found out about the protection of a program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Protection {
    /// Other processes of the user cannot read it.
    Protected,
    /// The user may trace everything (`CAP_SYS_PTRACE`, as root has it), and is refused nothing.
    UserIsPrivileged,
    /// It had already ended.
    Ended,
}

/// Tries what a copier would: to follow `/proc/PID/exe`. The kernel must refuse it.
///
/// It does so because the process is not dumpable, and the process is not dumpable because its
/// file could not be read by whoever executed it. The ways out of that are `fs.suid_dumpable = 1`
/// and a user who reads every file (`CAP_DAC_READ_SEARCH`), which is why it is checked.
///
/// # Errors
///
/// [`ExecutionError::Unprotected`] if the link could be followed.
pub(super) fn verify(proc: &ProcFs, program: Pid) -> Result<Protection, ExecutionError> {
    let own = capabilities(None).map_err(ExecutionError::system("read the capabilities"))?;
    if own.effective.contains(CapabilitySet::SYS_PTRACE) {
        return Ok(Protection::UserIsPrivileged);
    }
    let path = format!("{}/exe", program.as_raw_nonzero());
    let refusal = match proc.link(&path) {
        Ok(_) => return Err(ExecutionError::Unprotected),
        Err(error) => error,
    };
    match Errno::from_io_error(&refusal) {
        Some(Errno::ACCESS | Errno::PERM) => Ok(Protection::Protected),
        // The program has already ended, and there is nothing left to protect.
        Some(Errno::NOENT | Errno::SRCH) => Ok(Protection::Ended),
        _ => Err(ExecutionError::System {
            action: "check that the program is protected",
            source: refusal,
        }),
    }
}
