//! What is remembered of a trial, sealed: the first warning, launches, running time, days of use.
//!
//! A state is made when the server gives the trial, before anything is downloaded, and stays when
//! the application is removed. One that is missing later was lost or deleted; it is never taken
//! for a new trial's.

use trybuy_formats::expiry::TrialState;
use trybuy_formats::ids::{ApplicationId, TrialId};
use trybuy_formats::instant::{Instant, Span};
use trybuy_formats::keys::LicenseSecret;
use trybuy_formats::{limits, sealed_state};

use crate::data_dir::{self, DataDir, Lock};
use crate::error::Error;
use crate::messages;

/// The most days of use that are remembered: twenty years of daily use, so that a sealed state keeps
/// within its cap.
pub const MOST_DAYS: usize = 20 * 366;

/// More launches, and more seconds of running, than a policy can allow; and few enough to be counted
/// on from (`CV-2`).
const USED_UP: u64 = limits::INTEGER / 2;

/// The state of an older trial whose state was lost, on the safe side: the warning was given at
/// the earliest moment (`XD-12` reads it as the end of the trial), every day since the trial began
/// was a day of use, and whatever launches and running time it had are used up.
pub fn recovered_state(started_at: Instant, now: Instant) -> TrialState {
    let days = started_at.day_number()..=now.day_number();
    TrialState {
        first_warned_at: Some(started_at),
        days: days.rev().take(MOST_DAYS).collect(),
        launches: USED_UP,
        running: Span::seconds(USED_UP),
        head_number: 0,
    }
}

/// The exclusive right to read and change the states of one application, held for moments.
pub struct StateLock<'a> {
    data: &'a DataDir,
    secret: &'a LicenseSecret,
    id: &'a ApplicationId,
    _lock: Lock,
}

impl<'a> StateLock<'a> {
    /// Waits for whoever else is changing them.
    ///
    /// # Errors
    /// `local-file`.
    pub fn wait(
        data: &'a DataDir,
        secret: &'a LicenseSecret,
        id: &'a ApplicationId,
    ) -> Result<Self, Error> {
        let lock = Lock::state(data, id)?;
        Ok(Self { data, secret, id, _lock: lock })
    }

    /// The same, for whoever must not be held up.
    ///
    /// # Errors
    /// `local-file`, and `busy` if somebody else does not come to an end.
    pub fn soon(
        data: &'a DataDir,
        secret: &'a LicenseSecret,
        id: &'a ApplicationId,
    ) -> Result<Self, Error> {
        let lock = Lock::state_soon(data, id)?;
        Ok(Self { data, secret, id, _lock: lock })
    }

    /// The state of a trial.
    ///
    /// # Errors
    /// `state-damaged` when it is missing, foreign or changed.
    pub fn load(&self, trial: TrialId) -> Result<TrialState, Error> {
        load(self.data, self.secret, self.id, trial)
    }

    /// Stores the state of a trial, durably.
    ///
    /// # Errors
    /// `local-file`.
    pub fn store(&self, trial: TrialId, state: &TrialState) -> Result<(), Error> {
        let sealed = sealed_state::seal(self.secret, &trial.to_string(), state)
            .map_err(|error| messages::state_problem(self.id).caused_by(error))?;
        data_dir::replace(&self.data.state_file(self.id, trial), &sealed)
    }

    /// Loads, changes and stores the state of a trial.
    ///
    /// # Errors
    /// As [`Self::load`] and [`Self::store`].
    pub fn update(
        &self,
        trial: TrialId,
        change: impl FnOnce(&mut TrialState),
    ) -> Result<(), Error> {
        let mut state = self.load(trial)?;
        change(&mut state);
        self.store(trial, &state)
    }
}

/// The state of a trial for display: files appear whole, so no lock is needed to read one.
pub(super) fn load(
    data: &DataDir,
    secret: &LicenseSecret,
    id: &ApplicationId,
    trial: TrialId,
) -> Result<TrialState, Error> {
    let sealed = data_dir::read(&data.state_file(id, trial), limits::SEALED_STATE)?
        .ok_or_else(|| messages::state_problem(id))?;
    sealed_state::open(secret, &trial.to_string(), &sealed)
        .map_err(|error| messages::state_problem(id).caused_by(error))
}

/// The day on which a trial was run for the first time: its beginning in UTC. None if it never was, or if
/// that is not known because its state was lost.
pub fn first_run(
    data: &DataDir,
    secret: &LicenseSecret,
    id: &ApplicationId,
    trial: TrialId,
) -> Option<Instant> {
    let state = load(data, secret, id, trial).ok()?;
    let day = state.days.first().filter(|_| (1..USED_UP).contains(&state.launches))?;
    Some(Instant::start_of_day(*day))
}

#[cfg(test)]
mod tests {
    use super::*;
    use trybuy_formats::ids::{KeyId, LicenseId};
    use trybuy_formats::keys::MasterSecret;
    use trybuy_formats::slug::Slug;

    struct Fixture {
        _directory: tempfile::TempDir,
        data: DataDir,
        secret: LicenseSecret,
        id: ApplicationId,
    }

    fn fixture() -> Fixture {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let data = DataDir::locate(Some(directory.path())).expect("located");
        let master = MasterSecret::generate();
        let secret = LicenseSecret::derive(&master, LicenseId::new(), KeyId::from_bytes([1; 32]));
        let id = "com.example.sketch".parse().expect("an id");
        Fixture { _directory: directory, data, secret, id }
    }

    #[test]
    fn two_who_count_at_once_lose_nothing() {
        let Fixture { data, secret, id, _directory } = fixture();
        let trial = TrialId::new();
        let lock = StateLock::wait(&data, &secret, &id).expect("free");
        lock.store(trial, &TrialState::default()).expect("stored");
        drop(lock);
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    let lock = StateLock::wait(&data, &secret, &id).expect("waited for");
                    lock.update(trial, |state| state.launches += 1).expect("counted");
                });
            }
        });
        let state = load(&data, &secret, &id, trial).expect("loaded");
        assert_eq!(state.launches, 8);
    }

    #[test]
    fn a_missing_or_exchanged_state_is_refused() {
        let Fixture { data, secret, id, _directory } = fixture();
        let (used, unused) = (TrialId::new(), TrialId::new());
        let lock = StateLock::wait(&data, &secret, &id).expect("free");
        let missing = lock.load(used).expect_err("missing");
        assert_eq!(missing.slug(), Slug::StateDamaged);
        lock.store(unused, &TrialState::default()).expect("stored");
        std::fs::copy(data.state_file(&id, unused), data.state_file(&id, used)).expect("copied");
        let exchanged = lock.load(used).expect_err("of another trial");
        assert_eq!(exchanged.slug(), Slug::StateDamaged);
    }

    #[test]
    fn a_recovered_state_is_never_better_than_the_lost_one() {
        let start = Instant::from_unix(1_798_000_000).expect("in range");
        let now = start.plus(trybuy_formats::instant::Span::seconds(10 * 86_400));
        let state = recovered_state(start, now);
        assert_eq!(state.days.len(), 11);
        assert_eq!(state.first_warned_at, Some(start));
        let most = USED_UP;
        assert_eq!((state.launches, state.running), (most, Span::seconds(most)));
        let long_ago = Instant::from_unix(0).expect("in range");
        let state = recovered_state(long_ago, now);
        assert_eq!(state.days.len(), MOST_DAYS);
        assert_eq!(state.days.last(), Some(&now.day_number()));
        let Fixture { data, secret, id, _directory } = fixture();
        let lock = StateLock::wait(&data, &secret, &id).expect("free");
        lock.store(TrialId::new(), &state).expect("within the cap");
    }
}
