//! What can go wrong when a program is run from memory, and what to do about it.

use std::io;
use std::path::PathBuf;

use super::launch::Ending;

/// Why a program could not be run from memory.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExecutionError {
    /// The system does not let programs run from memory. There is no fall-back to disk.
    #[error("this system forbids running programs from memory: {cause}")]
    MemoryExecutionForbidden {
        /// What forbids it, as far as it can be told.
        cause: &'static str,
        /// The kernel's answer.
        source: io::Error,
    },
    /// A debugger or tracer is attached to the Builder, and could read the program.
    #[error("process {tracer} is tracing the Builder")]
    Traced {
        /// The tracer's process id.
        tracer: u32,
    },
    /// The Builder runs inside a user namespace, whose owner can read every process in it.
    #[error("the Builder runs inside a user namespace")]
    UserNamespace,
    /// Code that is neither the Builder's nor the system's is loaded into the Builder.
    #[error("{} was loaded into the Builder", path.display())]
    ForeignCode {
        /// The file it is in.
        path: PathBuf,
    },
    /// `/proc` is missing or is not the kernel's.
    #[error("/proc is not the kernel's process file system")]
    ProcUnavailable,
    /// The kernel cannot execute the program.
    #[error("the program cannot be executed: {reason}")]
    NotExecutable {
        /// What is wrong with it.
        reason: String,
        /// The kernel's answer.
        source: io::Error,
    },
    /// The program is larger than [`super::MAX_PROGRAM_BYTES`].
    #[error("the program has {size} bytes, more than the limit of {limit}")]
    TooLarge {
        /// The size asked for, in bytes.
        size: u64,
        /// The limit, in bytes.
        limit: u64,
    },
    /// There is not enough memory for the decoded program.
    #[error("not enough memory for the program: it needs {needed} bytes")]
    OutOfMemory {
        /// The size of the program in bytes.
        needed: u64,
    },
    /// Not all of the program was written when it was to be sealed or launched: a mistake of the
    /// caller.
    #[error("not all of the program was written to memory")]
    Incomplete,
    /// The Builder asked to be closed to other processes, and is not.
    #[error("other processes can look into the Builder")]
    Exposed,
    /// The process that worked with keys and decrypted bytes ended before its work was done.
    #[error("the Builder's own process for keys and programs {ending}")]
    Apart {
        /// How it ended.
        ending: Ending,
    },
    /// An argument, the program's name or the trial's facts contain a zero byte.
    #[error("{what} contains a zero byte")]
    ZeroByte {
        /// Which part of the launch specification.
        what: &'static str,
    },
    /// The arguments and the environment are larger than the system allows.
    #[error("the arguments and the environment are too long")]
    ArgumentsTooLong(#[source] io::Error),
    /// The running program turned out to be readable by its user, and was ended at once.
    #[error("the running program was not protected, and was ended")]
    Unprotected,
    /// A call to the system failed in a way that has no meaning of its own here.
    #[error("could not {action}")]
    System {
        /// What was attempted, to follow "could not".
        action: &'static str,
        /// The kernel's answer.
        source: io::Error,
    },
}

impl ExecutionError {
    /// What the user, or an administrator, can do about it: one sentence.
    #[must_use]
    pub fn advice(&self) -> &'static str {
        match self {
            Self::MemoryExecutionForbidden { .. } => {
                "ask the administrator to allow execution from memory (memfd) for the Builder; \
                 `trybuy doctor` shows what forbids it"
            }
            Self::Traced { .. } => "run the program without a debugger or tracer",
            Self::UserNamespace => {
                "run it outside the sandbox or rootless container, or in a container without a \
                 user namespace"
            }
            Self::ForeignCode { .. } => {
                "run it without LD_PRELOAD, LD_AUDIT and LD_LIBRARY_PATH, or install that library \
                 for the whole system"
            }
            Self::ProcUnavailable => "mount the proc file system on /proc",
            Self::NotExecutable { .. } => {
                "download the release for this machine's platform, or report this to its vendor"
            }
            Self::TooLarge { .. } => "report this to the vendor of the program",
            Self::OutOfMemory { .. } => "close other programs, then try again",
            Self::Incomplete => "report this as a fault of the Builder",
            Self::Exposed => {
                "run it without a debugger, and without a sandbox that answers its system calls"
            }
            Self::Apart { .. } => {
                "try again; if memory is short, close other programs before; otherwise report this \
                 as a fault of the Builder"
            }
            Self::ZeroByte { .. } => "remove the zero byte",
            Self::ArgumentsTooLong(_) => "pass fewer arguments",
            Self::Unprotected => {
                "set fs.suid_dumpable to 0, and run the Builder without extra capabilities"
            }
            Self::System { .. } => "run `trybuy doctor`",
        }
    }

    /// Returns a function that turns an error of the system into [`ExecutionError::System`].
    pub(super) fn system<E: Into<io::Error>>(action: &'static str) -> impl FnOnce(E) -> Self {
        move |source| Self::System { action, source: source.into() }
    }
}
