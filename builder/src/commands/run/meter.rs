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
use crate::library::StateLock;
use crate::license::LicensedBuilder;
use crate::messages::notices;
use crate::output;

/// How far ahead is counted.
const AHEAD: Span = Span::seconds(60);
/// The most days of use that are remembered: twenty years of daily use, so that the sealed state
/// keeps within its cap.
const MOST_DAYS: usize = 20 * 366;

/// What was counted of a launch.
#[derive(Serialize, Deserialize)]
pub(super) struct Counted {
    trial_id: TrialId,
    /// The trusted time of the launch.
    began_at: Instant,
    /// Running time that was counted ahead; none where it is counted at the end.
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
}

/// Counts on while the program runs.
pub(super) struct Meter<'a> {
    process: &'a HardenedProcess,
    data: &'a DataDir,
    id: &'a ApplicationId,
    counted: Counted,
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
        Self { process, data, id, counted, has_failed: false }
    }

    /// How often [`Self::count_on`] is to be called while the program runs, if at all.
    pub(super) fn interval(&self) -> Option<Duration> {
        self.counted.ahead.map(|_| Duration::from_secs(AHEAD.as_seconds()))
    }

    /// Counts the next minute.
    pub(super) fn count_on(&mut self) {
        let Some(ahead) = self.counted.ahead.map(|ahead| ahead.plus(AHEAD)) else { return };
        self.counted.ahead = Some(ahead);
        let (began_at, until) = (self.counted.began_at, self.counted.began_at.plus(ahead));
        self.update(|state| {
            state.running = state.running.plus(AHEAD);
            use_days(state, began_at, until.minus(AHEAD));
        });
    }

    /// Counts what the program used in the end.
    pub(super) fn settle(mut self, running: Span) {
        let Counted { began_at, ahead, .. } = self.counted;
        // Whole seconds are counted, so a shorter run changes nothing where nothing was counted
        // ahead: it costs no write either.
        if ahead.is_some() || running != Span::default() {
            self.update(|state| {
                state.running = state.running.minus(ahead.unwrap_or_default()).plus(running);
                use_days(state, began_at, began_at.plus(running));
            });
        }
    }

    /// Changes the sealed state, apart. The program runs, or has ended with its own code, so that a
    /// failure is only told, and once.
    fn update(&mut self, change: impl FnOnce(&mut TrialState)) {
        let (data, id, trial_id) = (self.data, self.id, self.counted.trial_id);
        let warns = !self.has_failed;
        let counted = self.process.apart(|| match count(data, id, trial_id, change) {
            Ok(()) => true,
            Err(error) => {
                if warns {
                    warn(&error);
                }
                false
            }
        });
        self.has_failed |= !counted.unwrap_or(false);
    }
}

fn count(
    data: &DataDir,
    id: &ApplicationId,
    trial_id: TrialId,
    change: impl FnOnce(&mut TrialState),
) -> Result<(), Error> {
    let builder = LicensedBuilder::load(data)?;
    StateLock::wait(data, &builder.secret, id)?.update(trial_id, change)
}

fn warn(error: &Error) {
    let what = format!("{}: {}", notices::RUNNING_NOT_RECORDED, error.explain());
    output::warn_at_once(&what, error.help());
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
    fn a_program_that_runs_over_midnight_uses_both_days() {
        let mut state = TrialState::default();
        use_days(&mut state, at(0), at(2 * 86_400));
        assert_eq!(state.days.len(), 3);
        use_days(&mut state, at(0), at(10 * 365 * 86_400));
        use_days(&mut state, at(0), at(100 * 365 * 86_400));
        assert_eq!(state.days.len(), MOST_DAYS);
    }
}
