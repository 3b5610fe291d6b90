//! The sealed file of what is remembered of the time.

use trybuy_formats::instant::{Instant, Span};
use trybuy_formats::keys::LicenseSecret;
use trybuy_formats::limits;
use trybuy_formats::sealed_state;

use super::file_dates;
use super::reading::Reading;
use super::weighing::{ClockState, Memory, Weighed};
use crate::data_dir::{self, DataDir, Lock};
use crate::error::Error;
use crate::messages;

/// The memory is stored when the time has gone on by so much: a launch need not write it every
/// time, and nobody gains more than this minute by it.
const GRANULARITY: Span = Span::seconds(60);
/// The name that the state is sealed under (`BL-6`).
const NAME: &str = "clock";

/// Where the time is remembered, and by which secret it is sealed.
#[derive(Clone, Copy)]
pub struct ClockFile<'a> {
    data: &'a DataDir,
    secret: &'a LicenseSecret,
}

impl<'a> ClockFile<'a> {
    /// The file of a Builder; nothing is looked at.
    pub fn of(data: &'a DataDir, secret: &'a LicenseSecret) -> Self {
        Self { data, secret }
    }

    /// The memory.
    ///
    /// # Errors
    /// `state-damaged` when it is missing, foreign or changed.
    pub fn load(&self) -> Result<Memory, Error> {
        let sealed = data_dir::read(&self.data.clock_file(), limits::SEALED_STATE)?
            .ok_or_else(messages::clock_state_damaged)?;
        sealed_state::open(self.secret, NAME, &sealed)
            .map_err(|error| messages::clock_state_damaged().caused_by(error))
    }

    /// Weighs all evidence, and remembers what is new.
    ///
    /// # Errors
    /// `clock-set-back`, `state-damaged`, `local-file`.
    pub fn weigh(&self, reading: &Reading) -> Result<Weighed, Error> {
        self.update(GRANULARITY, |memory| look_with(memory, reading))
    }

    /// Weighs all evidence, and remembers nothing.
    ///
    /// # Errors
    /// `clock-set-back` and `state-damaged`.
    pub fn look(&self, reading: &Reading) -> Result<Weighed, Error> {
        look_with(&self.load()?, reading)
    }

    /// Takes the server's word for the time, as far as that of this computer's clock is taken; to
    /// the second, so that no trial which it gave then lies in the future.
    ///
    /// # Errors
    /// `state-damaged` and `local-file`.
    pub fn observe(&self, server_time: Instant, reading: &Reading) -> Result<(), Error> {
        let told = Reading { wall: server_time, uptime: reading.uptime.clone() };
        let memory = self.load()?;
        match memory.weigh(&told, None) {
            Ok(weighed) if weighed.clock != ClockState::Behind => {
                let weigh = |memory: &Memory| memory.weigh(&told, None).map_err(Error::from);
                self.update(Span::seconds(1), weigh).map(drop)
            }
            _ => Ok(()),
        }
    }

    /// Begins to remember, with the time that the server says.
    ///
    /// # Errors
    /// `local-file`.
    pub fn begin(&self, time: Instant, reading: &Reading) -> Result<(), Error> {
        let _lock = Lock::clock(self.data)?;
        self.store(&Memory::said(time, reading.uptime.clone(), file_dates::newest()))
    }

    /// Replaces what was remembered by a time that the server signed.
    ///
    /// # Errors
    /// `local-file`.
    pub fn replace(&self, time: Instant, reading: &Reading) -> Result<(), Error> {
        let _lock = Lock::clock(self.data)?;
        self.store(&Memory::signed(time, reading.uptime.clone(), file_dates::newest()))
    }

    fn update(
        &self,
        granularity: Span,
        weigh: impl Fn(&Memory) -> Result<Weighed, Error>,
    ) -> Result<Weighed, Error> {
        let memory = self.load()?;
        let weighed = weigh(&memory)?;
        if !is_news(&memory, &weighed.memory, granularity) {
            return Ok(weighed);
        }
        // Others may remember theirs at the same time: the later one stays.
        let _lock = Lock::clock(self.data)?;
        let memory = self.load()?;
        let weighed = weigh(&memory)?;
        if is_news(&memory, &weighed.memory, granularity) {
            self.store(&weighed.memory)?;
        }
        Ok(weighed)
    }

    fn store(&self, memory: &Memory) -> Result<(), Error> {
        let sealed = sealed_state::seal(self.secret, NAME, memory)
            .map_err(|error| messages::clock_state_damaged().caused_by(error))?;
        data_dir::replace(&self.data.clock_file(), &sealed)
    }
}

fn look_with(memory: &Memory, reading: &Reading) -> Result<Weighed, Error> {
    let dates = memory.needs_file_dates(reading).then(file_dates::newest).flatten();
    Ok(memory.weigh(reading, dates)?)
}

fn is_news(before: &Memory, after: &Memory, granularity: Span) -> bool {
    let ahead = |memory: &Memory| memory.ahead.as_ref().map(|ahead| ahead.boot.clone());
    after.floor.since(before.floor) >= granularity
        || after.latest().since(before.latest()) >= granularity
        || after.uptime.since(&before.uptime).is_none()
        || ahead(after) != ahead(before)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::{Boot, Uptime};
    use trybuy_formats::ids::{KeyId, LicenseId};
    use trybuy_formats::keys::MasterSecret;
    use trybuy_formats::slug::Slug;

    /// A look so many seconds after the beginning, by both clocks.
    fn after(seconds: u64) -> Reading {
        let wall = Instant::from_unix(4_000_000_000).expect("in range");
        let uptime = Uptime { boot: Boot::new("one"), milliseconds: seconds * 1000 };
        Reading { wall: wall.plus(Span::seconds(seconds)), uptime }
    }

    fn directory() -> (tempfile::TempDir, DataDir) {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let data = DataDir::locate(Some(directory.path())).expect("located");
        (directory, data)
    }

    fn secret() -> LicenseSecret {
        LicenseSecret::derive(
            &MasterSecret::generate(),
            LicenseId::new(),
            KeyId::from_bytes([7; 32]),
        )
    }

    #[test]
    fn a_missing_foreign_or_edited_memory_is_refused() {
        let (_directory, data) = directory();
        let (own, other) = (secret(), secret());
        let file = ClockFile::of(&data, &own);
        let refused = || file.weigh(&after(0)).map(drop).map_err(|error| error.slug());
        assert_eq!(refused(), Err(Slug::StateDamaged));
        ClockFile::of(&data, &other).begin(after(0).wall, &after(0)).expect("stored");
        assert_eq!(refused(), Err(Slug::StateDamaged));
        file.begin(after(0).wall, &after(0)).expect("stored");
        assert_eq!(refused(), Ok(()));
        let mut bytes = std::fs::read(data.clock_file()).expect("readable");
        *bytes.last_mut().expect("not empty") ^= 1;
        std::fs::write(data.clock_file(), bytes).expect("written");
        assert_eq!(refused(), Err(Slug::StateDamaged));
    }

    #[test]
    fn the_memory_is_written_once_a_minute_at_most() {
        let (_directory, data) = directory();
        let secret = secret();
        let file = ClockFile::of(&data, &secret);
        file.begin(after(0).wall, &after(0)).expect("stored");
        let floor_after = |seconds| {
            file.weigh(&after(seconds)).expect("weighed");
            file.load().expect("loaded").latest()
        };
        assert_eq!(floor_after(59), after(0).wall);
        assert_eq!(floor_after(60), after(60).wall);
        assert_eq!(floor_after(119), after(60).wall);
        file.look(&after(300)).expect("looked");
        assert_eq!(file.load().expect("loaded").latest(), after(60).wall, "a look writes nothing");
    }

    #[test]
    fn a_trial_that_has_just_begun_does_not_lie_in_the_future_of_a_clock_set_back() {
        let (_directory, data) = directory();
        let secret = secret();
        let file = ClockFile::of(&data, &secret);
        file.begin(after(0).wall, &after(0)).expect("stored");
        // The server's clock is a second further on, in which a trial begins.
        let began = after(2).wall;
        file.observe(began, &after(1)).expect("observed");
        let set_back = Reading { wall: after(0).wall, uptime: after(1).uptime };
        let time = file.look(&set_back).expect("looked").time.instant();
        assert!(time >= began, "{time}");
    }

    #[test]
    fn of_two_who_remember_the_later_time_stays() {
        let (_directory, data) = directory();
        let secret = secret();
        ClockFile::of(&data, &secret).begin(after(0).wall, &after(0)).expect("stored");
        std::thread::scope(|scope| {
            for minutes in 1..=8 {
                let (data, secret) = (&data, &secret);
                scope.spawn(move || ClockFile::of(data, secret).weigh(&after(minutes * 60)));
            }
        });
        let latest = ClockFile::of(&data, &secret).load().expect("loaded").latest();
        assert!(latest >= after(480).wall, "{latest}");
    }

    #[test]
    fn the_servers_word_raises_the_time_and_only_a_signed_one_lowers_it() {
        let (_directory, data) = directory();
        let secret = secret();
        let file = ClockFile::of(&data, &secret);
        file.begin(after(0).wall, &after(0)).expect("stored");
        let latest = || file.load().expect("loaded").latest();
        file.observe(after(7200).wall, &after(0)).expect("observed");
        assert_eq!(latest(), after(7200).wall);
        file.observe(after(60).wall, &after(0)).expect("observed");
        assert_eq!(latest(), after(7200).wall);
        file.replace(after(60).wall, &after(0)).expect("stored");
        assert_eq!(latest(), after(60).wall);
    }
}
