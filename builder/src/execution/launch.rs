//! Launches a sealed program and waits for it.

use std::ffi::OsString;
use std::fmt;
use std::io;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rustix::io::Errno;

use super::child::ChildPlan;
use super::deadline::{Deadline, DeadlineTimer, Ticker};
use super::descendants::Descendants;
use super::signals::SignalRelay;
use super::supervisor::{RunningProgram, Timers};
use super::terminal::TerminalSettings;
use super::{ExecutionError, LaunchGuard, MemoryLock, SealedProgram, elf, memory_lock};

/// The signal of the interrupt key, `SIGINT`.
const INTERRUPT: u8 = 2;

/// Signals are received for the whole process, so programs run one at a time.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

/// Waits until no other program runs.
pub(super) fn take_turn() -> MutexGuard<'static, ()> {
    // A panic in another launch leaves nothing behind that matters here.
    ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What a program is started with.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct LaunchSpec {
    /// The name the program is called by (`argv[0]`). Everyone on the machine can read it.
    pub program_name: OsString,
    /// The further arguments. Everyone on the machine can read them.
    pub arguments: Vec<OsString>,
    /// JSON for the environment variable `TRYBUY_TRIAL`; never a secret.
    pub trial_facts: String,
    /// When the program is to be ended, if ever.
    pub deadline: Option<Deadline>,
    /// How often [`Occasion::Tick`] is told, if ever.
    pub tick: Option<Duration>,
}

/// Something that happens while a program runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Occasion {
    /// It has run for another [`LaunchSpec::tick`].
    Tick,
    /// Its deadline comes near.
    DeadlineNear,
    /// Its deadline is reached: it is asked to end now.
    DeadlineReached,
    /// It has ended for a while, and processes that it started have not.
    OthersRunOn,
}

impl LaunchSpec {
    /// A program without arguments, facts or deadline.
    #[must_use]
    pub fn new(program_name: impl Into<OsString>) -> Self {
        Self {
            program_name: program_name.into(),
            arguments: Vec::new(),
            trial_facts: "{}".to_owned(),
            deadline: None,
            tick: None,
        }
    }

    /// With these arguments after the program's name.
    #[must_use]
    pub fn with_arguments<A: Into<OsString>>(
        mut self,
        arguments: impl IntoIterator<Item = A>,
    ) -> Self {
        self.arguments = arguments.into_iter().map(Into::into).collect();
        self
    }

    /// With these facts of the trial, as JSON.
    #[must_use]
    pub fn with_trial_facts(mut self, json: impl Into<String>) -> Self {
        self.trial_facts = json.into();
        self
    }

    /// Whether anything about it goes by the clock: then what it starts is part of it.
    fn is_timed(&self) -> bool {
        self.deadline.is_some() || self.tick.is_some()
    }
}

/// How a program ended by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// It ended with this exit code.
    Code(u8),
    /// It was killed by the signal of this number.
    Signal(u8),
}

impl fmt::Display for Ending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Code(code) => write!(f, "ended with code {code}"),
            Self::Signal(signal) => write!(f, "was killed by signal {signal}"),
        }
    }
}

/// A program has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Exit {
    /// How it ended.
    pub ending: Ending,
    /// How long it ran, and with a deadline or a tick the last of the processes that it started.
    /// Time while the machine was suspended does not count, time while the program was stopped
    /// does.
    pub running: Duration,
    /// Whether it died of the terminal's interrupt key; see [`super::end_by_interrupt`].
    pub interrupted: bool,
    /// Whether its deadline was reached, and it was asked to end.
    pub deadline_reached: bool,
    /// Whether its pages were kept out of the swap area.
    pub memory: MemoryLock,
}

impl Exit {
    /// The exit code for the Builder: the program's own, or 128 + the signal that killed it.
    #[must_use]
    pub fn code(&self) -> u8 {
        match self.ending {
            Ending::Code(code) => code,
            Ending::Signal(signal) => signal.saturating_add(128),
        }
    }
}

/// Starts a program and waits until it has ended.
///
/// The program gets the Builder's standard streams, working directory, process group, and every
/// descriptor that the Builder itself inherited; no other descriptor. Its environment is the
/// Builder's without the variables that make a loader or runtime run foreign code, and with
/// `TRYBUY_TRIAL`. It gets `SIGKILL` when the calling thread ends.
///
/// While it runs, signals to the Builder go to the program (see [`Exit::code`] for how its end is
/// told), a stop of the program stops the Builder, so that Ctrl-Z and `fg` work, and `watch` is told
/// of what goes by the clock; the program runs on meanwhile. A second call waits until the first has returned.
///
/// With a deadline or a tick the processes that the program starts are part of it: the launch lasts
/// until the last of them has ended, the deadline ends them as it ends the program, and once they
/// are alone they get the signals that the program would have got. The interrupt key then asks them
/// to end, also those that have left the terminal. Otherwise they may outlive the launch.
///
/// # Errors
///
/// [`ExecutionError::MemoryExecutionForbidden`], [`ExecutionError::NotExecutable`],
/// [`ExecutionError::OutOfMemory`], [`ExecutionError::ArgumentsTooLong`],
/// [`ExecutionError::ZeroByte`], [`ExecutionError::Unprotected`] and [`ExecutionError::System`].
/// After an error the program is not running.
pub fn launch(
    guard: &LaunchGuard,
    program: SealedProgram,
    spec: &LaunchSpec,
    watch: &mut dyn FnMut(Occasion),
) -> Result<Exit, ExecutionError> {
    let _turn = take_turn();
    let terminal = TerminalSettings::remember();
    let mut relay = SignalRelay::start(&guard.proc)?;
    let plan = ChildPlan::new(guard, &program, spec, &relay)?;
    let mut timers = Timers {
        deadline: spec.deadline.map(DeadlineTimer::start).transpose()?,
        ticker: spec.tick.map(Ticker::start).transpose()?,
    };

    let adopt = || Descendants::adopt(&guard.proc);
    let mut descendants = spec.is_timed().then(adopt).transpose()?;

    let started = Instant::now();
    let pid = plan.start().map_err(|error| refusal(error, &program))?;
    let mut running = RunningProgram::new(pid);
    running.verify_protection(guard)?;
    let (keeper, memory) = memory_lock::lock(&program, &guard.proc);
    if let Some(descendants) = &mut descendants {
        descendants.of(pid);
        keeper.iter().for_each(|keeper| descendants.leave_out(keeper));
    }
    // The kernel keeps the file for the program. Our descriptor could only be misused.
    drop(program);
    let ending = running.supervise(&mut relay, &mut timers, descendants.as_mut(), watch)?;

    if let (Ending::Signal(_), Some(terminal)) = (ending, terminal) {
        terminal.restore();
    }
    if let Some(descendants) = &mut descendants {
        running.outlast(descendants, &mut relay, &mut timers, watch)?;
    }
    Ok(Exit {
        ending,
        interrupted: ending == Ending::Signal(INTERRUPT) && running.was_interrupted(),
        running: started.elapsed(),
        deadline_reached: timers.deadline.is_some_and(|deadline| deadline.reached()),
        memory,
    })
}

/// What the kernel's refusal to execute means.
pub(super) fn refusal(source: io::Error, program: &SealedProgram) -> ExecutionError {
    match Errno::from_io_error(&source) {
        Some(Errno::ACCESS | Errno::PERM | Errno::NOSYS) => {
            ExecutionError::MemoryExecutionForbidden {
                cause: "a security policy refuses to execute memory files",
                source,
            }
        }
        // A script and a missing loader are both "no such file".
        Some(Errno::NOEXEC | Errno::NOENT | Errno::LIBBAD | Errno::INVAL) => {
            ExecutionError::NotExecutable { reason: elf::explain(&program.file), source }
        }
        Some(Errno::NOMEM) => ExecutionError::OutOfMemory { needed: program.size },
        Some(Errno::TOOBIG) => ExecutionError::ArgumentsTooLong(source),
        _ => ExecutionError::System { action: "start the program", source },
    }
}
