//! The sealed file of what is remembered of the time.

use std::io;

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
        self.update(|memory| look_with(memory, reading))
    }

    /// Weighs all evidence, and remembers nothing.
    ///
    /// # Errors
    /// `clock-set-back` and `state-damaged`.
    pub fn look(&self, reading: &Reading) -> Result<Weighed, Error> {
        look_with(&self.load()?, reading)
    }

    /// Takes the server's word for the time, as far as that of this computer's clock is taken.
    ///
    /// # Errors
    /// `state-damaged` and `local-file`.
    pub fn observe(&self, server_time: Instant, reading: &Reading) -> Result<(), Error> {
        let told = Reading { wall: server_time, uptime: reading.uptime.clone() };
        let memory = self.load()?;
        match memory.weigh(&told, None) {
            Ok(weighed) if weighed.clock != ClockState::Behind => {
                self.update(|memory| memory.weigh(&told, None).map_err(Error::from)).map(drop)
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

    fn update(&self, weigh: impl Fn(&Memory) -> Result<Weighed, Error>) -> Result<Weighed, Error> {
        let memory = self.load()?;
        let weighed = weigh(&memory)?;
        if !is_news(&memory, &weighed.memory) {
            return Ok(weighed);
        }
        // Others may remember theirs at the same time: the later one stays.
        let _lock = Lock::clock(self.data)?;
        let memory = self.load()?;
        let weighed = weigh(&memory)?;
        if is_news(&memory, &weighed.memory) {
            self.store(&weighed.memory)?;
        }
        Ok(weighed)
    }

    fn store(&self, memory: &Memory) -> Result<(), Error> {
        let sealed = sealed_state::seal(self.secret, NAME, memory)
            .map_err(|error| messages::clock_state_damaged().caused_by(io::Error::other(error)))?;
        data_dir::replace(&self.data.clock_file(), &sealed)
    }
}

fn look_with(memory: &Memory, reading: &Reading) -> Result<Weighed, Error> {
    let dates = memory.needs_file_dates(reading).then(file_dates::newest).flatten();
    Ok(memory.weigh(reading, dates)?)
}

fn is_news(before: &Memory, after: &Memory) -> bool {
    let ahead = |memory: &Memory| memory.ahead.as_ref().map(|ahead| ahead.boot.clone());
    after.floor.since(before.floor) >= GRANULARITY
        || after.latest().since(before.latest()) >= GRANULARITY
        || after.uptime.since(&before.uptime).is_none()
        || ahead(after) != ahead(before)
}
