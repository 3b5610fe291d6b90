//! Signals while a program runs.
//!
//! The program stays in the Builder's process group, so that pipelines and the shell's job
//! control work as if the shell had started it. What the terminal sends (Ctrl-C, Ctrl-Z, a
//! change of size) therefore reaches the program without help, exactly once, and the Builder only
//! has to survive it. What another process sends to the Builder alone is passed on.
//!
//! The two are told apart by the sender: the terminal's signals come from the kernel. `kill` to a
//! whole group cannot be told from `kill` to the Builder; such a signal reaches the program
//! twice, unless the first is still pending.

use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use libc::c_int;
use rustix::process::{Pid, Signal, getpid, getsid};
use signal_hook::consts::{
    SIGALRM, SIGCHLD, SIGCONT, SIGHUP, SIGINT, SIGIO, SIGPROF, SIGQUIT, SIGSYS, SIGTERM, SIGTRAP,
    SIGTSTP, SIGURG, SIGUSR1, SIGUSR2, SIGVTALRM, SIGWINCH, SIGXCPU,
};
use signal_hook::iterator::backend::SignalDelivery;
use signal_hook::iterator::exfiltrator::WithOrigin;
use signal_hook::low_level::siginfo::{Cause, Origin};

use super::ExecutionError;
use super::procfs::{ProcFs, status_field};

/// Signals that end or stop a process which does not handle them, and that the Builder survives
/// while a program runs: those that programs send each other, and not those that nobody can
/// survive, that a fault of the Builder's own raises, or that Rust's runtime ignores.
const WITH_DEFAULT: [c_int; 14] = [
    SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGTSTP, SIGALRM, SIGIO, SIGPROF, SIGSYS,
    SIGTRAP, SIGVTALRM, SIGXCPU,
];

/// Those that do nothing to it.
const WITHOUT_DEFAULT: [c_int; 3] = [SIGURG, SIGWINCH, SIGCONT];

/// Signals that the Builder survives while a program runs, and passes on where needed.
pub(super) fn relayed() -> impl Iterator<Item = c_int> {
    WITH_DEFAULT.into_iter().chain(WITHOUT_DEFAULT)
}

/// Receives signals from now until it is dropped; then they have their ordinary meaning again.
pub(super) struct SignalRelay {
    delivery: SignalDelivery<UnixStream, WithOrigin>,
    defaults: &'static Defaults,
}

impl SignalRelay {
    /// Starts to receive.
    pub(super) fn start(proc: &ProcFs) -> Result<Self, ExecutionError> {
        const ACTION: &str = "prepare for signals";
        let defaults = Defaults::install(proc)?;
        let (read, write) = UnixStream::pair().map_err(ExecutionError::system(ACTION))?;
        let signals = relayed().chain([SIGCHLD]);
        let delivery = SignalDelivery::with_pipe(read, write, WithOrigin::default(), signals)
            .map_err(ExecutionError::system(ACTION))?;
        defaults.in_force.store(false, Ordering::SeqCst);
        Ok(Self { delivery, defaults })
    }

    /// Signals that whoever started the Builder had set to be ignored (`nohup`, background jobs
    /// of scripts). The program is to ignore them as well.
    pub(super) fn ignored(&self) -> &[c_int] {
        &self.defaults.ignored
    }

    /// Readable when a signal has arrived.
    pub(super) fn descriptor(&self) -> BorrowedFd<'_> {
        self.delivery.get_read().as_fd()
    }

    /// The signals that have arrived.
    pub(super) fn arrived(&mut self) -> impl Iterator<Item = Origin> + use<> {
        self.delivery.pending()
    }
}

impl Drop for SignalRelay {
    fn drop(&mut self) {
        self.defaults.in_force.store(true, Ordering::SeqCst);
    }
}

/// The ordinary meaning of signals. `signal-hook` never takes its handlers away, so this stands
/// in for what they replaced while no program runs.
struct Defaults {
    in_force: Arc<AtomicBool>,
    ignored: Vec<c_int>,
}

impl Defaults {
    fn install(proc: &ProcFs) -> Result<&'static Self, ExecutionError> {
        static DEFAULTS: OnceLock<Defaults> = OnceLock::new();
        const ACTION: &str = "prepare for signals";
        if let Some(defaults) = DEFAULTS.get() {
            return Ok(defaults);
        }
        let status = proc.read("self/status").map_err(ExecutionError::system(ACTION))?;
        let ignored = ignored_signals(&status);
        let in_force = Arc::new(AtomicBool::new(true));
        for signal in WITH_DEFAULT {
            if !ignored.contains(&signal) {
                signal_hook::flag::register_conditional_default(signal, Arc::clone(&in_force))
                    .map_err(ExecutionError::system(ACTION))?;
            }
        }
        Ok(DEFAULTS.get_or_init(|| Self { in_force, ignored }))
    }
}

/// Those of [`relayed`] that the mask `SigIgn` of a `/proc/PID/status` contains.
fn ignored_signals(status: &str) -> Vec<c_int> {
    let mask = status_field(status, "SigIgn").and_then(|mask| u64::from_str_radix(mask, 16).ok());
    let mask = mask.unwrap_or(0);
    let is_ignored = |signal: &c_int| mask >> (signal - 1) & 1 == 1;
    relayed().filter(is_ignored).collect()
}

/// The signal to send to `program` because of what arrived, if any.
pub(super) fn passed_on(origin: &Origin, program: Pid) -> Option<Signal> {
    if origin.signal == SIGCHLD || origin.signal == SIGCONT {
        return None;
    }
    let for_program = match origin.cause {
        // The terminal signals the whole foreground group, except when it hangs up: then it tells
        // the leader of the session alone, and a terminal window may have started the Builder so.
        Cause::Kernel => origin.signal == SIGHUP && getsid(None) == Ok(getpid()),
        // The program signalled its own group, as full-screen editors do for Ctrl-Z.
        _ => origin.process.is_none_or(|sender| sender.pid != program.as_raw_nonzero().get()),
    };
    for_program.then(|| Signal::from_named_raw(origin.signal))?
}

/// Whether it is the terminal's interrupt key.
pub(super) fn is_interrupt_key(origin: &Origin) -> bool {
    origin.signal == SIGINT && matches!(origin.cause, Cause::Kernel)
}

/// Whether it is the terminal's suspend key.
pub(super) fn is_stop_key(origin: &Origin) -> bool {
    origin.signal == SIGTSTP && matches!(origin.cause, Cause::Kernel)
}

/// Ends the Builder as the interrupt key does, so that a shell which runs it in a loop or a script
/// ends that as well. Returns only if the signal is blocked or ignored.
pub fn end_by_interrupt() {
    // The signal number is valid.
    let _ = signal_hook::low_level::emulate_default_handler(SIGINT);
}

/// Stops the Builder as Ctrl-Z would, until the shell continues it. In a process group that no
/// shell looks after the kernel ignores it, so that nothing is stopped for ever.
#[expect(unsafe_code, reason = "no safe interface sets a signal's default action for a moment")]
pub(super) fn stop_self() {
    // SAFETY: sigaction is a plain structure, for which zeros are valid: SIG_DFL, an empty mask,
    // no flags.
    let default: libc::sigaction = unsafe { std::mem::zeroed() };
    let mut handler = default;
    // SAFETY: both pointers are to valid structures of this frame.
    if unsafe { libc::sigaction(SIGTSTP, &raw const default, &raw mut handler) } != 0 {
        return;
    }
    // The result is of no use: the signal number is valid.
    let _ = signal_hook::low_level::raise(SIGTSTP);
    // SAFETY: the handler is the one that the first call returned; it stays valid for the life of
    // the process, because signal-hook never frees its handlers' data while they are registered.
    unsafe { libc::sigaction(SIGTSTP, &raw const handler, std::ptr::null_mut()) };
}

#[cfg(test)]
mod tests {
    use super::{SIGHUP, SIGINT, ignored_signals};

    #[test]
    fn the_mask_of_ignored_signals_is_read() {
        assert_eq!(ignored_signals("SigIgn:\t0000000000000003\n"), [SIGHUP, SIGINT]);
        assert!(ignored_signals("SigIgn:\t0000000000001000\n").is_empty());
        assert!(ignored_signals("nothing of the kind").is_empty());
    }
}
