//! Trusted time (steps 316 and 428 ask for "the ambient date"): a floor that never goes back.
//!
//! The floor is the latest time that was ever seen, in the sealed state `clock`. It is raised by
//! this computer's clock at every launch and by the server's time at every contact.
//!
//! - A clock earlier than the floor by at most [`TOLERANCE`] is an honest correction (NTP steps,
//!   dual-boot systems that differ by minutes): the floor itself is then the trusted time.
//! - A clock earlier than that is refused, `clock-set-back`.
//! - A state that is missing or was changed is refused, `state-damaged`.
//!
//! There is one way back from both, for those whose clock once ran ahead: a signed time of the
//! server ([`Clock::repair`]), which `trybuy doctor` gets.

use std::path::Path;

use serde::{Deserialize, Serialize};
use trybuy_formats::expiry::TrustedTime;
use trybuy_formats::instant::{Instant, Span};
use trybuy_formats::keys::LicenseSecret;
use trybuy_formats::limits;
use trybuy_formats::sealed_state;

use crate::data_dir::{self, DataDir, Lock};
use crate::error::Error;
use crate::messages;

/// How far this computer's clock may be behind the floor: ten minutes.
pub const TOLERANCE: Span = Span::seconds(600);
/// The floor is stored when it has risen by so much: a launch need not write it every time, and
/// nobody gains more than this minute by it.
const GRANULARITY: Span = Span::seconds(60);
/// The name that the state is sealed under (`BL-6`).
const NAME: &str = "clock";

/// This computer's time, cut to the second. A clock before 1970 reads as 1970.
pub fn now() -> Instant {
    let since_1970 = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let seconds = since_1970.ok().and_then(|since| i64::try_from(since.as_secs()).ok());
    let first = Instant::from_unix(0).expect("1970 is in range");
    seconds.and_then(Instant::from_unix).unwrap_or(first)
}

/// What is remembered of the time.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Clock {
    latest: Instant,
}

/// This computer's clock is earlier than the floor by more than the tolerance.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct SetBack {
    /// This computer's time.
    pub now: Instant,
    /// The floor.
    pub latest: Instant,
}

impl From<SetBack> for Error {
    fn from(set_back: SetBack) -> Self {
        messages::clock_set_back(set_back.now, set_back.latest)
    }
}

impl Clock {
    /// The first memory of time, at setup: the server's.
    pub fn starting_at(server_time: Instant) -> Self {
        Self { latest: server_time }
    }

    /// The latest time that was ever seen.
    pub fn latest(&self) -> Instant {
        self.latest
    }

    /// The trusted time: `now`, or the floor where `now` is earlier within the tolerance.
    ///
    /// # Errors
    /// When the clock was set back further than that.
    pub fn trusted(&self, now: Instant) -> Result<TrustedTime, SetBack> {
        if now.plus(TOLERANCE) < self.latest {
            return Err(SetBack { now, latest: self.latest });
        }
        Ok(TrustedTime::vouch(now.max(self.latest)))
    }

    /// Remembers a time that was seen; an earlier one changes nothing. Says whether it is enough
    /// of a change to be stored.
    pub fn observe(&mut self, seen: Instant) -> bool {
        self.observe_since(seen, GRANULARITY)
    }

    fn observe_since(&mut self, seen: Instant, least: Span) -> bool {
        let raised = seen > self.latest && seen.since(self.latest) >= least;
        if raised {
            self.latest = seen;
        }
        raised
    }

    /// Replaces the floor by a time that the server signed, even an earlier one.
    pub fn repair(signed_time: Instant) -> Self {
        Self { latest: signed_time }
    }

    /// Loads the state.
    ///
    /// # Errors
    /// `state-damaged` when it is missing, foreign or changed.
    pub fn load(data: &DataDir, secret: &LicenseSecret) -> Result<Self, Error> {
        read(&data.clock_file(), secret)?.ok_or_else(messages::clock_state_damaged)
    }

    /// Stores the state.
    ///
    /// # Errors
    /// `local-file` when it cannot be written.
    pub fn store(&self, data: &DataDir, secret: &LicenseSecret) -> Result<(), Error> {
        let sealed =
            sealed_state::seal(secret, NAME, self).map_err(|_| messages::clock_state_damaged())?;
        data_dir::replace(&data.clock_file(), &sealed)
    }
}

/// Remembers a time that was seen, if that is news. Others may remember theirs at the same time:
/// the later one stays.
///
/// # Errors
/// `state-damaged` and `local-file`.
pub fn remember(data: &DataDir, secret: &LicenseSecret, seen: Instant) -> Result<(), Error> {
    if !Clock::load(data, secret)?.observe(seen) {
        return Ok(());
    }
    let _lock = Lock::clock(data)?;
    let mut clock = Clock::load(data, secret)?;
    if clock.observe(seen) {
        clock.store(data, secret)?;
    }
    Ok(())
}

fn read(path: &Path, secret: &LicenseSecret) -> Result<Option<Clock>, Error> {
    let Some(sealed) = data_dir::read(path, limits::SEALED_STATE)? else {
        return Ok(None);
    };
    sealed_state::open(secret, NAME, &sealed)
        .map(Some)
        .map_err(|error| messages::clock_state_damaged().caused_by(error))
}

#[cfg(test)]
mod tests {
    use super::*;
    use trybuy_formats::ids::{KeyId, LicenseId};
    use trybuy_formats::keys::MasterSecret;
    use trybuy_formats::slug::Slug;

    fn at(seconds: i64) -> Instant {
        Instant::from_unix(1_798_000_000 + seconds).expect("in range")
    }

    const DAY: i64 = 86_400;

    /// Each row: the times seen so far, the clock now, and the trusted time (none: refused).
    const SCENARIOS: &[(&str, &[i64], i64, Option<i64>)] = &[
        ("time goes on", &[0, DAY], 2 * DAY, Some(2 * DAY)),
        ("the same second again", &[DAY], DAY, Some(DAY)),
        ("a small step back keeps the floor", &[DAY], DAY - 599, Some(DAY)),
        ("the tolerance itself", &[DAY], DAY - 600, Some(DAY)),
        ("a second more than the tolerance", &[DAY], DAY - 601, None),
        ("a day back", &[3 * DAY], 2 * DAY, None),
        ("back in small steps gains nothing", &[DAY, DAY - 300, DAY - 600], DAY - 900, None),
        ("the server's later time counts", &[0, 5 * DAY], 0, None),
        ("a clock of 1970", &[0], -1_798_000_000, None),
        ("a year in a drawer", &[0], 365 * DAY, Some(365 * DAY)),
    ];

    #[test]
    fn the_trusted_time_never_goes_back() {
        for (name, seen, now, expected) in SCENARIOS {
            let mut clock = Clock::starting_at(at(0));
            for seconds in *seen {
                clock.observe(at(*seconds));
            }
            let trusted = clock.trusted(at(*now)).map(TrustedTime::instant).ok();
            assert_eq!(trusted, expected.map(at), "{name}");
        }
    }

    #[test]
    fn the_floor_is_written_once_a_minute_at_most() {
        let mut clock = Clock::starting_at(at(0));
        assert!(!clock.observe(at(59)));
        assert_eq!(clock.latest(), at(0));
        assert!(clock.observe(at(60)));
        assert!(!clock.observe(at(60)));
        assert!(!clock.observe(at(-60)));
        assert_eq!(clock.latest(), at(60));
    }

    #[test]
    fn a_signed_time_brings_a_clock_back_that_ran_ahead() {
        let mut clock = Clock::starting_at(at(0));
        clock.observe(at(400 * DAY));
        assert!(clock.trusted(at(DAY)).is_err());
        assert_eq!(Clock::repair(at(DAY)).trusted(at(DAY)).map(TrustedTime::instant), Ok(at(DAY)));
    }

    fn secret() -> LicenseSecret {
        LicenseSecret::derive(
            &MasterSecret::generate(),
            LicenseId::new(),
            KeyId::from_bytes([7; 32]),
        )
    }

    #[test]
    fn a_missing_foreign_or_edited_state_is_refused() {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let data = DataDir::locate(Some(directory.path())).expect("located");
        let secret = secret();
        let refused = |data: &DataDir| Clock::load(data, &secret).map(|_| ()).map_err(|e| e.slug());
        assert_eq!(refused(&data), Err(Slug::StateDamaged));

        Clock::starting_at(at(0)).store(&data, &self::secret()).expect("stored");
        assert_eq!(refused(&data), Err(Slug::StateDamaged));

        Clock::starting_at(at(0)).store(&data, &secret).expect("stored");
        assert_eq!(refused(&data), Ok(()));
        let mut bytes = std::fs::read(data.clock_file()).expect("readable");
        *bytes.last_mut().expect("not empty") ^= 1;
        std::fs::write(data.clock_file(), bytes).expect("written");
        assert_eq!(refused(&data), Err(Slug::StateDamaged));
    }

    #[test]
    fn of_two_who_remember_the_later_time_stays() {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let data = DataDir::locate(Some(directory.path())).expect("located");
        let secret = secret();
        Clock::starting_at(at(0)).store(&data, &secret).expect("stored");
        std::thread::scope(|scope| {
            for minutes in 1..=8 {
                let (data, secret) = (&data, &secret);
                scope.spawn(move || remember(data, secret, at(minutes * 60)).expect("stored"));
            }
        });
        assert_eq!(Clock::load(&data, &secret).expect("loaded").latest(), at(480));
    }
}
