//! Program execution (T&B 116): runs a decoded program from memory, never from a file.
//!
//! The order of events, each enforced by a type:
//!
//! 1. [`harden_process`] is the first act of the process. It makes the Builder itself unreadable
//!    to other processes of the same user, and gives a [`HardenedProcess`].
//! 2. [`HardenedProcess::authorize_launch`] refuses what would let the user look inside (a tracer,
//!    a user namespace, somebody else's library), and gives a [`LaunchGuard`].
//! 3. [`MemoryFile::create`] needs the guard. The decoder fills the file through a
//!    [`MemoryWriter`], from as many threads as it likes.
//! 4. [`MemoryWriter::seal`] makes the program unchangeable, and [`MemoryFile::into_program`] gives
//!    a [`SealedProgram`]: complete, and without a way to read it back.
//! 5. [`launch()`] starts the program, checks that the kernel protects it, and stays as its parent
//!    until it ends.
//!
//! Keys and decrypted bytes are handled in a process of their own ([`HardenedProcess::apart`]),
//! which has ended before the program starts.
//!
//! ```no_run
//! use trybuy::execution::{ExecutionError, LaunchSpec, MemoryFile, harden_process, launch};
//!
//! let process = harden_process()?;
//! let guard = process.authorize_launch()?;
//! let file = MemoryFile::create(&guard, "sketch")?;
//! process.apart(|| {
//!     # let decoded: Vec<u8> = Vec::new();
//!     let writer = file.writer(&guard, decoded.len() as u64).expect("there is memory");
//!     writer.write_at(0, &decoded).expect("there is room");
//!     writer.seal().expect("it is complete");
//! })?;
//! let spec = LaunchSpec::new("sketch").with_trial_facts(r#"{"days_left":12}"#);
//! let exit = launch(&guard, file.into_program()?, &spec, &mut |_| {})?;
//! std::process::exit(exit.code().into());
//! # #[expect(unreachable_code)]
//! # Ok::<(), ExecutionError>(())
//! ```
//!
//! # What it protects against
//!
//! Casual copying by the user who runs the program: `cp /proc/PID/exe`, `gcore`, a debugger, a
//! core dump, `LD_PRELOAD`, the Builder's memory opened before it was closed. It promises nothing
//! against root with `CAP_SYS_PTRACE`, or against a user who patches the Builder. A program that
//! calls `prctl(PR_SET_DUMPABLE, 1)` gives its own protection up. Processes that a program starts are part of it where its time is limited (see
//! [`launch()`]); only the program itself is ended by the death of the Builder.
//!
//! This is the only module of the Builder with `unsafe` code.

mod apart;
mod child;
mod core_dump;
mod deadline;
mod descendants;
mod diagnosis;
mod elf;
mod environment;
mod error;
mod foreign_code;
mod guard;
mod launch;
mod memory;
mod memory_lock;
mod probe;
mod process;
mod procfs;
mod protection;
mod signals;
mod supervisor;
mod terminal;

pub use deadline::Deadline;
pub use diagnosis::{Check, Outcome, diagnose};
pub use error::ExecutionError;
pub use guard::{HardenedProcess, LaunchGuard, harden_process};
pub use launch::{Ending, Exit, LaunchSpec, Occasion, launch};
pub use memory::{MAX_PROGRAM_BYTES, MemoryFile, MemoryWriter, SealedProgram};
pub use memory_lock::MemoryLock;
pub use signals::end_by_interrupt;
