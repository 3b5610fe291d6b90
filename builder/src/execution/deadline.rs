//! Ends a program when its time is over, and says so before.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::Duration;

use rustix::fs::Timespec;
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
    /// How long before `after` it is told that the end comes near, at its start if less is left; not
    /// at all with zero.
    pub notice: Duration,
}

/// What a deadline asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Due {
    /// To say that the end comes near.
    Notice,
    /// To ask the program to end.
    End,
    /// To end it.
    Kill,
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
    deadline: Deadline,
    next: Due,
}

impl DeadlineTimer {
    /// Starts the time.
    pub(super) fn start(deadline: Deadline) -> Result<Self, ExecutionError> {
        let timer = create_timer(TimerfdClockId::Boottime)?;
        let (next, after) = if deadline.notice.is_zero() {
            (Due::End, deadline.after)
        } else {
            (Due::Notice, deadline.after.saturating_sub(deadline.notice))
        };
        set_timer(&timer, after, Duration::ZERO)?;
        Ok(Self { timer, deadline, next })
    }

    /// Readable when something is due.
    pub(super) fn descriptor(&self) -> BorrowedFd<'_> {
        self.timer.as_fd()
    }

    /// Whether the program's time was over.
    pub(super) fn reached(&self) -> bool {
        self.next == Due::Kill
    }

    /// What is due now, if anything.
    pub(super) fn due(&mut self) -> Result<Option<Due>, ExecutionError> {
        if !has_fired(&self.timer) {
            return Ok(None);
        }
        let due = self.next;
        let (next, after) = match due {
            Due::Notice => (Due::End, self.deadline.notice.min(self.deadline.after)),
            Due::End => (Due::Kill, self.deadline.grace),
            Due::Kill => return Ok(Some(due)),
        };
        self.next = next;
        set_timer(&self.timer, after, Duration::ZERO)?;
        Ok(Some(due))
    }
}

/// Fires again and again while a program runs; not while the machine is suspended.
pub(super) struct Ticker {
    timer: OwnedFd,
}

impl Ticker {
    /// Starts, to fire every `interval`.
    pub(super) fn start(interval: Duration) -> Result<Self, ExecutionError> {
        let timer = create_timer(TimerfdClockId::Monotonic)?;
        set_timer(&timer, interval, interval)?;
        Ok(Self { timer })
    }

    /// Readable when it has fired.
    pub(super) fn descriptor(&self) -> BorrowedFd<'_> {
        self.timer.as_fd()
    }

    /// Whether it has fired since this was asked before.
    pub(super) fn has_fired(&self) -> bool {
        has_fired(&self.timer)
    }
}

fn create_timer(clock: TimerfdClockId) -> Result<OwnedFd, ExecutionError> {
    let flags = TimerfdFlags::CLOEXEC | TimerfdFlags::NONBLOCK;
    timerfd_create(clock, flags).map_err(ExecutionError::system("create a timer"))
}

fn has_fired(timer: &OwnedFd) -> bool {
    // Nothing to read means that it has not.
    rustix::io::read(timer, &mut [0; 8]).is_ok()
}

fn set_timer(timer: &OwnedFd, after: Duration, interval: Duration) -> Result<(), ExecutionError> {
    let timespec = |duration: Duration| Timespec {
        tv_sec: duration.as_secs().cast_signed(),
        tv_nsec: duration.subsec_nanos().into(),
    };
    let value = Itimerspec {
        it_interval: timespec(interval),
        // A timer set to zero would never fire.
        it_value: timespec(after.clamp(Duration::from_nanos(1), LONGEST)),
    };
    timerfd_settime(timer, TimerfdTimerFlags::empty(), &value)
        .map(drop)
        .map_err(ExecutionError::system("set a timer"))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
mod tests {
    use super::{Deadline, DeadlineTimer, Due, Ticker};
    use rustix::event::{PollFd, PollFlags, poll};
    use std::time::Duration;

    fn wait(timer: &DeadlineTimer) {
        let descriptor = timer.descriptor();
        poll(&mut [PollFd::new(&descriptor, PollFlags::IN)], None).unwrap();
    }

    #[test]
    fn tells_first_then_asks_and_kills_later() {
        let [after, grace, notice] =
            [Duration::from_millis(2), Duration::from_millis(1), Duration::MAX];
        let mut timer = DeadlineTimer::start(Deadline { after, grace, notice }).unwrap();
        for (due, reached) in [(Due::Notice, false), (Due::End, true), (Due::Kill, true)] {
            wait(&timer);
            assert_eq!(timer.due().unwrap(), Some(due));
            assert_eq!(timer.reached(), reached);
        }
        assert_eq!(timer.due().unwrap(), None);
    }

    #[test]
    fn without_a_notice_it_asks_at_once() {
        let deadline =
            Deadline { after: Duration::ZERO, grace: Duration::MAX, notice: Duration::ZERO };
        let mut timer = DeadlineTimer::start(deadline).unwrap();
        wait(&timer);
        assert_eq!(timer.due().unwrap(), Some(Due::End));
        assert_eq!(timer.due().unwrap(), None);
    }

    #[test]
    fn a_ticker_fires_again_and_again() {
        let ticker = Ticker::start(Duration::from_millis(1)).unwrap();
        for _ in 0..3 {
            let descriptor = ticker.descriptor();
            poll(&mut [PollFd::new(&descriptor, PollFlags::IN)], None).unwrap();
            assert!(ticker.has_fired());
        }
    }

    #[test]
    fn the_longest_durations_do_not_overflow() {
        let [after, grace] = [Duration::MAX; 2];
        let deadline = Deadline { after, grace, notice: Duration::ZERO };
        assert!(deadline.backstop() < Duration::MAX);
        let mut timer = DeadlineTimer::start(deadline).unwrap();
        assert_eq!(timer.due().unwrap(), None);
    }
}
