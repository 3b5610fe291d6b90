//! Stays with a running program as its parent, until it ends.

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::process::{Pid, Signal, WaitIdOptions};
use signal_hook::consts::{SIGCHLD, SIGCONT};
use signal_hook::low_level::siginfo::Origin;

use super::deadline::{DeadlineTimer, Due, Ticker};
use super::descendants::Descendants;
use super::launch::{Ending, Occasion};
use super::process::{ChildProcess, ending};
use super::protection::{self, Protection};
use super::signals::{SignalRelay, is_interrupt_key, is_stop_key, passed_on, stop_self};
use super::{ExecutionError, LaunchGuard};

/// How long those whom a program left behind may take to end before its user is told of them.
const UNTOLD: Timespec = Timespec { tv_sec: 2, tv_nsec: 0 };

/// What goes by the clock while a program runs.
pub(super) struct Timers {
    pub(super) deadline: Option<DeadlineTimer>,
    pub(super) ticker: Option<Ticker>,
}

impl Timers {
    /// Does what is due: calls `end`, and tells `watch`.
    fn go_on(
        &mut self,
        mut end: impl FnMut(Signal),
        watch: &mut dyn FnMut(Occasion),
    ) -> Result<(), ExecutionError> {
        if self.ticker.as_ref().is_some_and(Ticker::has_fired) {
            watch(Occasion::Tick);
        }
        match self.deadline.as_mut().map(DeadlineTimer::due).transpose()?.flatten() {
            Some(Due::Notice) => watch(Occasion::DeadlineNear),
            Some(Due::End) => {
                end(Signal::TERM);
                watch(Occasion::DeadlineReached);
            }
            Some(Due::Kill) => end(Signal::KILL),
            None => {}
        }
        Ok(())
    }
}

/// A program that was started and has not been waited for. Dropping it kills it, so that no path
/// out of a launch leaves a program running without supervision.
pub(super) struct RunningProgram {
    process: ChildProcess,
    stopped: bool,
    interrupted: bool,
}

impl RunningProgram {
    /// Takes charge of the child `pid`.
    pub(super) fn new(pid: Pid) -> Self {
        Self { process: ChildProcess::new(pid), stopped: false, interrupted: false }
    }

    /// Checks that the kernel protects the program.
    pub(super) fn verify_protection(
        &self,
        guard: &LaunchGuard,
    ) -> Result<Protection, ExecutionError> {
        protection::verify(&guard.proc, self.process.pid())
    }

    /// Waits for the program to end; passes signals on, follows it into and out of a stop, ends it
    /// when its time is over, and tells `watch` of what goes by the clock.
    pub(super) fn supervise(
        &mut self,
        relay: &mut SignalRelay,
        timers: &mut Timers,
        mut descendants: Option<&mut Descendants<'_>>,
        watch: &mut dyn FnMut(Occasion),
    ) -> Result<Ending, ExecutionError> {
        loop {
            wait_for_event(relay, timers, None)?;
            let arrived: Vec<_> = relay.arrived().collect();
            self.interrupted |= arrived.iter().any(is_interrupt_key);
            if let Some(ending) = self.follow()? {
                return Ok(ending);
            }
            for origin in &arrived {
                if let Some(signal) = passed_on(origin, self.process.pid()) {
                    self.process.send(signal);
                }
            }
            // The shell continues the whole group. Whoever continued the Builder alone meant the
            // program as well.
            if self.stopped && arrived.iter().any(|origin| origin.signal == SIGCONT) {
                self.process.send(Signal::CONT);
            }
            if let Some(descendants) = descendants.as_deref_mut()
                && arrived.iter().any(|origin| origin.signal == SIGCHLD)
            {
                // Whoever cannot be looked for now is looked for when the program has ended.
                let _ = descendants.reap();
            }
            let end = |signal| {
                self.end(signal);
                if let Some(descendants) = descendants.as_deref_mut() {
                    let _ = descendants.end(signal);
                }
            };
            timers.go_on(end, watch)?;
        }
    }

    /// Stays until the last of those has ended whom the program left behind; stands in for it as to
    /// signals, ends them when their time is over, and tells `watch` of what goes by the clock.
    pub(super) fn outlast(
        &self,
        descendants: &mut Descendants<'_>,
        relay: &mut SignalRelay,
        timers: &mut Timers,
        watch: &mut dyn FnMut(Occasion),
    ) -> Result<(), ExecutionError> {
        descendants.survive_program();
        let mut untold = Some(UNTOLD);
        while descendants.reap()? {
            if !wait_for_event(relay, timers, untold)? {
                untold = None;
                watch(Occasion::OthersRunOn);
            }
            for origin in relay.arrived() {
                self.stand_in(&origin, descendants)?;
            }
            timers.go_on(|signal| drop(descendants.end(signal)), watch)?;
        }
        Ok(())
    }

    fn stand_in(
        &self,
        origin: &Origin,
        descendants: &mut Descendants<'_>,
    ) -> Result<(), ExecutionError> {
        if is_interrupt_key(origin) {
            // It reaches only those at the terminal, and may be ignored there: whoever presses it
            // wants the terminal back.
            return descendants.end(Signal::TERM);
        }
        if is_stop_key(origin) {
            stop_self();
            return Ok(());
        }
        match passed_on(origin, self.process.pid()) {
            Some(signal) => descendants.send(signal),
            None => Ok(()),
        }
    }

    fn end(&self, signal: Signal) {
        self.process.send(signal);
        // A stopped program could not act on it.
        self.process.send(Signal::CONT);
    }

    /// Whether the terminal's interrupt key was pressed.
    pub(super) fn was_interrupted(&self) -> bool {
        self.interrupted
    }

    /// Takes note of what the program did: stop, continue or end.
    fn follow(&mut self) -> Result<Option<Ending>, ExecutionError> {
        let changes = WaitIdOptions::EXITED | WaitIdOptions::STOPPED | WaitIdOptions::CONTINUED;
        while let Some(status) = self.process.wait(changes | WaitIdOptions::NOHANG)? {
            if let Some(ending) = ending(&status) {
                return Ok(Some(ending));
            }
            self.stopped = status.stopped();
            if self.stopped {
                // The shell sees only the Builder, so the Builder stops too.
                stop_self();
            }
        }
        Ok(None)
    }
}

/// Sleeps until a signal arrives (the program's own changes arrive as `SIGCHLD`) or a timer fires;
/// `false` if neither has happened within `limit`.
fn wait_for_event(
    relay: &SignalRelay,
    timers: &Timers,
    limit: Option<Timespec>,
) -> Result<bool, ExecutionError> {
    let deadline = timers.deadline.as_ref().map(DeadlineTimer::descriptor);
    let ticker = timers.ticker.as_ref().map(Ticker::descriptor);
    let sources: Vec<_> =
        [Some(relay.descriptor()), deadline, ticker].into_iter().flatten().collect();
    let mut events: Vec<_> =
        sources.iter().map(|source| PollFd::new(source, PollFlags::IN)).collect();
    match poll(&mut events, limit.as_ref()) {
        Ok(ready) => Ok(ready > 0),
        Err(Errno::INTR) => Ok(true),
        Err(error) => Err(ExecutionError::system("wait for the program")(error)),
    }
}
