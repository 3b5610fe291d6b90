//! Ends a program when its time is over.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::Duration;

use rustix::fs::Timespec;
use rustix::process::Signal;
use rustix::time::{
    Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, timerfd_create, timerfd_settime,
};

use super::ExecutionError;

/// How much later than the Builder's own `SIGKILL` the backstop in the program fires.
const BACKSTOP_MARGIN: Duration = Duration::from_secs(5);

/// The longest time a timer is set for: a hundred years, which every timer of the kernel holds.
const LONGEST: Duration = Duration::from_secs(100 * 365 * 24 * 3600);

/// When a program is to be ended: `SIGTERM` after `after`, `SIGKILL` after another `grace`.
///
/// The time runs on while the machine is suspended. As a backstop against a user who stops the
/// Builder, the program's own interval timer (`ITIMER_REAL`) ends it with `SIGALRM` five seconds
/// later. A program that sets that timer itself, or handles `SIGALRM`, has no backstop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deadline {
    /// How long the program may run.
    pub after: Duration,
    /// How long it may take to end itself, after it was asked to.
    pub grace: Duration,
}

impl Deadline {
    /// When the backstop in the program fires, counted from its start.
    pub(super) fn backstop(&self) -> Duration {
        let kill = self.after.saturating_add(self.grace);
        kill.saturating_add(BACKSTOP_MARGIN).min(LONGEST)
    }
}

/// A running deadline.
pub(super) struct DeadlineTimer {
    timer: OwnedFd,
    grace: Duration,
    reached: bool,
}

impl DeadlineTimer {
    /// Starts the time.
    pub(super) fn start(deadline: Deadline) -> Result<Self, ExecutionError> {
        let flags = TimerfdFlags::CLOEXEC | TimerfdFlags::NONBLOCK;
        let timer = timerfd_create(TimerfdClockId::Boottime, flags)
            .map_err(ExecutionError::system("create a timer"))?;
        let timer = Self { timer, grace: deadline.grace, reached: false };
        timer.set(deadline.after)?;
        Ok(timer)
    }

    /// Readable when the time is over.
    pub(super) fn descriptor(&self) -> BorrowedFd<'_> {
        self.timer.as_fd()
    }

    /// Whether the program's time was over.
    pub(super) fn reached(&self) -> bool {
        self.reached
    }

    /// Looks at the timer: the signal that is due now, if any.
    pub(super) fn due(&mut self) -> Result<Option<Signal>, ExecutionError> {
        let mut expirations = [0; 8];
        // Nothing to read means that the timer has not fired.
        if rustix::io::read(&self.timer, &mut expirations).is_err() {
            return Ok(None);
        }
        if self.reached {
            return Ok(Some(Signal::KILL));
        }
        self.reached = true;
        self.set(self.grace)?;
        Ok(Some(Signal::TERM))
    }

    fn set(&self, after: Duration) -> Result<(), ExecutionError> {
        // A timer set to zero would never fire.
        let after = after.clamp(Duration::from_nanos(1), LONGEST);
        let value = Itimerspec {
            it_interval: Timespec::default(),
            it_value: Timespec {
                tv_sec: after.as_secs().cast_signed(),
                tv_nsec: after.subsec_nanos().into(),
            },
        };
        timerfd_settime(&self.timer, TimerfdTimerFlags::empty(), &value)
            .map(drop)
            .map_err(ExecutionError::system("set a timer"))
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
mod tests {
    use super::{Deadline, DeadlineTimer};
    use rustix::event::{PollFd, PollFlags, poll};
    use rustix::process::Signal;
    use std::time::Duration;

    fn wait(timer: &DeadlineTimer) {
        let descriptor = timer.descriptor();
        poll(&mut [PollFd::new(&descriptor, PollFlags::IN)], None).unwrap();
    }

    #[test]
    fn asks_first_and_kills_later() {
        let [after, grace] = [Duration::ZERO, Duration::from_millis(1)];
        let mut timer = DeadlineTimer::start(Deadline { after, grace }).unwrap();
        wait(&timer);
        assert_eq!(timer.due().unwrap(), Some(Signal::TERM));
        assert!(timer.reached());
        wait(&timer);
        assert_eq!(timer.due().unwrap(), Some(Signal::KILL));
        assert_eq!(timer.due().unwrap(), None);
    }

    #[test]
    fn the_longest_durations_do_not_overflow() {
        let [after, grace] = [Duration::MAX; 2];
        let deadline = Deadline { after, grace };
        assert!(deadline.backstop() < Duration::MAX);
        let mut timer = DeadlineTimer::start(deadline).unwrap();
        assert_eq!(timer.due().unwrap(), None);
    }
}
