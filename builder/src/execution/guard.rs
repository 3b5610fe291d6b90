//! What must hold before a program may be decoded: the Builder cannot be looked into.

use rustix::process::{DumpableBehavior, dumpable_behavior, set_dumpable_behavior};

use super::procfs::{ProcFs, status_field};
use super::{ExecutionError, foreign_code};

/// The name of the first user namespace: its inode number is fixed in the kernel
/// (`PROC_USER_INIT_INO`, include/linux/proc_ns.h).
const INITIAL_USER_NAMESPACE: &str = "user:[4026531837]";

/// The flag of close-on-exec in `/proc/self/fdinfo` (`O_CLOEXEC`).
const CLOSE_ON_EXEC: u32 = libc::O_CLOEXEC.cast_unsigned();

/// Makes the process unreadable to other processes of the same user. Call it first of all, before
/// any key is read and before any thread is started; every command of the Builder does.
///
/// The kernel then refuses them `/proc/PID/{mem,fd,maps,environ,exe}`, `ptrace` and
/// `pidfd_getfd`, and writes no core dump of the Builder. Without it, `chmod` through
/// `/proc/BUILDER/fd/N` makes the memory file readable.
///
/// # Errors
///
/// [`ExecutionError::System`] if the kernel refuses, and [`ExecutionError::ProcUnavailable`].
pub fn harden_process() -> Result<HardenedProcess, ExecutionError> {
    const ACTION: &str = "make the Builder unreadable to other processes";
    set_dumpable_behavior(DumpableBehavior::NotDumpable).map_err(ExecutionError::system(ACTION))?;
    match dumpable_behavior().map_err(ExecutionError::system(ACTION))? {
        DumpableBehavior::NotDumpable => {}
        _ => return Err(ExecutionError::Unprotected),
    }
    let inherited = inherited_descriptors(&ProcFs::open()?)?;
    Ok(HardenedProcess { inherited })
}

/// Proof that [`harden_process`] was called.
pub struct HardenedProcess {
    inherited: Vec<u32>,
}

impl HardenedProcess {
    /// Checks what must hold before a program is decoded and launched.
    ///
    /// # Errors
    ///
    /// [`ExecutionError::Traced`] if a tracer was attached before the process was hardened, and
    /// [`ExecutionError::UserNamespace`] inside any user namespace but the initial one, whose
    /// owner holds all capabilities over the processes in it, and
    /// [`ExecutionError::ForeignCode`] if a library of the user's is loaded into the Builder.
    pub fn authorize_launch(&self) -> Result<LaunchGuard, ExecutionError> {
        let proc = ProcFs::open()?;
        refuse_tracer(&proc)?;
        refuse_user_namespace(&proc)?;
        foreign_code::refuse(&proc)?;
        Ok(LaunchGuard { proc, inherited: self.inherited.clone() })
    }
}

/// Proof that the Builder may decode and launch a program: it is hardened, untraced, and in the
/// initial user namespace.
pub struct LaunchGuard {
    pub(super) proc: ProcFs,
    /// Descriptors above standard error that the Builder was started with. They are the user's
    /// (`trybuy run app -- <(command)`) and go on to the program, no others do.
    pub(super) inherited: Vec<u32>,
}

fn refuse_tracer(proc: &ProcFs) -> Result<(), ExecutionError> {
    const ACTION: &str = "see whether the Builder is traced";
    let threads = proc.numbers("self/task").map_err(ExecutionError::system(ACTION))?;
    for thread in threads {
        // A thread that has ended in the meantime cannot be traced.
        let Ok(status) = proc.read(&format!("self/task/{thread}/status")) else {
            continue;
        };
        let tracer = status_field(&status, "TracerPid").and_then(|pid| pid.parse().ok());
        match tracer {
            Some(0) => {}
            Some(tracer) => return Err(ExecutionError::Traced { tracer }),
            None => return Err(ExecutionError::ProcUnavailable),
        }
    }
    Ok(())
}

fn refuse_user_namespace(proc: &ProcFs) -> Result<(), ExecutionError> {
    match proc.link("self/ns/user") {
        Ok(name) if name == INITIAL_USER_NAMESPACE => Ok(()),
        Ok(_) => Err(ExecutionError::UserNamespace),
        // A kernel built without user namespaces has no such file, and nothing to refuse.
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Err(source) => {
            Err(ExecutionError::System { action: "read the name of the user namespace", source })
        }
    }
}

/// Open descriptors above standard error without close-on-exec. Nothing in the Builder opens
/// such a descriptor, so they all come from whoever started it.
fn inherited_descriptors(proc: &ProcFs) -> Result<Vec<u32>, ExecutionError> {
    let mut open =
        proc.numbers("self/fdinfo").map_err(ExecutionError::system("list the open files"))?;
    open.retain(|&descriptor| descriptor > 2 && is_inheritable(proc, descriptor));
    Ok(open)
}

fn is_inheritable(proc: &ProcFs, descriptor: u32) -> bool {
    let Ok(info) = proc.read(&format!("self/fdinfo/{descriptor}")) else {
        return false;
    };
    status_field(&info, "flags")
        .and_then(|flags| u32::from_str_radix(flags, 8).ok())
        .is_some_and(|flags| flags & CLOSE_ON_EXEC == 0)
}
