//! Counts what a running program uses of its trial: running time and days of use.
//!
//! Where one of the two is limited it is counted while the program runs, a minute ahead, so that
//! nobody gains by killing the Builder: what was counted and not used is given back at the end, and
//! who kills it pays for a minute at most.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use trybuy_formats::expiry::TrialState;
use trybuy_formats::ids::{ApplicationId, TrialId};
use trybuy_formats::instant::{Instant, Span};
use trybuy_formats::policy::Limits;

use crate::data_dir::DataDir;
use crate::error::Error;
use crate::execution::HardenedProcess;
use crate::library::{MOST_DAYS, StateLock};
use crate::license::LicensedBuilder;
use crate::messages::notices;
use crate::output;

/// How far ahead is counted.
const AHEAD: Span = Span::seconds(60);
/// What was counted of a launch.
#[derive(Serialize, Deserialize)]
pub(super) struct Counted {
    trial_id: TrialId,
    /// The trusted time of the launch.
    began_at: Instant,
    /// Running time that was counted ahead, and is in the state; none where it is counted at the
    /// end.
    ahead: Option<Span>,
}

impl Counted {
    /// Counts what a launch uses at once.
    pub(super) fn launch(
        state: &mut TrialState,
        trial_id: TrialId,
        limits: Limits,
        began_at: Instant,
    ) -> Self {
        let is_metered = limits.running.is_some() || limits.days.is_some();
        let ahead = is_metered.then_some(AHEAD);
        state.running = state.running.plus(ahead.unwrap_or_default());
        use_days(state, began_at, began_at);
        Self { trial_id, began_at, ahead }
    }

    /// Counts up to `ahead`, of which the last minute is not used yet.
    fn count_on(&self, state: &mut TrialState, ahead: Span) {
        state.running = state.running.plus(ahead.minus(self.ahead.unwrap_or_default()));
        use_days(state, self.began_at, self.began_at.plus(ahead.minus(AHEAD)));
    }

    /// Counts what was used in the end, in place of what was counted ahead.
    fn settle(&self, state: &mut TrialState, running: Span) {
        state.running = state.running.minus(self.ahead.unwrap_or_default()).plus(running);
        use_days(state, self.began_at, self.began_at.plus(running));
    }
}

/// When something is counted.
#[derive(Clone, Copy)]
enum Moment {
    /// The program runs.
    Running,
    /// It has ended.
    Ended,
}

impl Moment {
    /// While the program runs, whoever has the lock must not put its end off.
    fn lock<'a>(
        self,
        data: &'a DataDir,
        builder: &'a LicensedBuilder,
        id: &'a ApplicationId,
    ) -> Result<StateLock<'a>, Error> {
        match self {
            Self::Running => StateLock::soon(data, &builder.secret, id),
            Self::Ended => StateLock::wait(data, &builder.secret, id),
        }
    }

    /// What to do if it cannot be stored.
    fn help(self) -> &'static str {
        match self {
            Self::Running => notices::RECORDED_LATER,
            Self::Ended => notices::NOT_RECORDED_AT_ALL,
        }
    }
}

/// Counts on while the program runs.
pub(super) struct Meter<'a> {
    process: &'a HardenedProcess,
    data: &'a DataDir,
    id: &'a ApplicationId,
    counted: Counted,
    /// What should have been counted ahead by now.
    due: Span,
    has_failed: bool,
}

impl<'a> Meter<'a> {
    /// Goes on from a launch.
    pub(super) fn new(
        process: &'a HardenedProcess,
        data: &'a DataDir,
        id: &'a ApplicationId,
        counted: Counted,
    ) -> Self {
        let due = counted.ahead.unwrap_or_default();
        Self { process, data, id, counted, due, has_failed: false }
    }

    /// How often [`Self::count_on`] is to be called while the program runs, if at all.
    pub(super) fn interval(&self) -> Option<Duration> {
        self.counted.ahead.map(|_| Duration::from_secs(AHEAD.as_seconds()))
    }

    /// Counts the next minute, and those before it that could not be counted.
    pub(super) fn count_on(&mut self) {
        self.due = self.due.plus(AHEAD);
        let due = self.due;
        let count_on = |counted: &Counted, state: &mut TrialState| counted.count_on(state, due);
        if self.update(Moment::Running, count_on) {
            self.counted.ahead = Some(due);
        }
    }

    /// Counts what the program used in the end.
    pub(super) fn settle(mut self, running: Span) {
        // Whole seconds are counted, so a shorter run changes nothing where nothing was counted
        // ahead: it costs no write either.
        if self.counted.ahead.is_some() || running != Span::default() {
            let settle = |counted: &Counted, state: &mut TrialState| counted.settle(state, running);
            self.update(Moment::Ended, settle);
        }
    }

    /// Changes the sealed state, apart; the answer is whether it is stored. The program runs, or has
    /// ended with its own code, so that a failure is only told, and once.
    fn update(&mut self, moment: Moment, change: impl FnOnce(&Counted, &mut TrialState)) -> bool {
        let (data, id, counted) = (self.data, self.id, &self.counted);
        let count = || {
            let builder = LicensedBuilder::load(data)?;
            let lock = moment.lock(data, &builder, id)?;
            lock.update(counted.trial_id, |state| change(counted, state))
        };
        let warns = !self.has_failed;
        let stored = self.process.apart(|| match count() {
            Ok(()) => true,
            Err(error) => {
                if warns {
                    warn(&error, moment.help());
                }
                false
            }
        });
        let is_stored = stored.unwrap_or(false);
        self.has_failed |= !is_stored;
        is_stored
    }
}

fn warn(error: &Error, help: &str) {
    let what = format!("{}: {}", notices::RUNNING_NOT_RECORDED, error.explain());
    output::warn_at_once(&what, help);
}

/// Each day that a program runs on is a day of use (`XD-14`).
fn use_days(state: &mut TrialState, from: Instant, until: Instant) {
    for day in from.day_number()..=until.day_number() {
        if state.days.len() < MOST_DAYS {
            state.days.insert(day);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Instant {
        Instant::from_unix(1_798_000_000 + seconds).expect("in range")
    }

    #[test]
    fn only_what_is_limited_is_counted_ahead() {
        let mut state = TrialState::default();
        let limits = |running, days| Limits { launches: Some(9), running, days };
        for (limits, seconds) in [
            (limits(None, None), 0),
            (limits(Some(Span::seconds(5)), None), 60),
            (limits(None, Some(3)), 120),
        ] {
            Counted::launch(&mut state, TrialId::new(), limits, at(0));
            assert_eq!(state.running, Span::seconds(seconds));
        }
        assert_eq!(state.days.len(), 1);
    }

    #[test]
    fn a_minute_that_could_not_be_counted_is_counted_later() {
        let limits = Limits { running: Some(Span::seconds(9000)), ..Limits::default() };
        let begin = || {
            let mut state = TrialState::default();
            let counted = Counted::launch(&mut state, TrialId::new(), limits, at(0));
            (counted, state)
        };
        // The second and third minute could not be written, and the program ended in the third.
        let (counted, mut state) = begin();
        counted.settle(&mut state, Span::seconds(170));
        assert_eq!(state.running, Span::seconds(170));
        // The fourth could be.
        let (mut counted, mut state) = begin();
        counted.count_on(&mut state, Span::seconds(240));
        assert_eq!(state.running, Span::seconds(240));
        counted.ahead = Some(Span::seconds(240));
        counted.settle(&mut state, Span::seconds(200));
        assert_eq!(state.running, Span::seconds(200));
    }

    #[test]
    fn a_program_that_runs_over_midnight_uses_both_days() {
        let mut state = TrialState::default();
        use_days(&mut state, at(0), at(2 * 86_400));
        assert_eq!(state.days.len(), 3);
        use_days(&mut state, at(0), at(10 * 365 * 86_400));
        use_days(&mut state, at(0), at(100 * 365 * 86_400));
        assert_eq!(state.days.len(), MOST_DAYS);
    }
}
