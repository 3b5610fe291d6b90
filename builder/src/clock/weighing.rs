//! Weighs the evidence for the time of day. This is the only place that does.
//!
//! | evidence | what it is worth |
//! |---|---|
//! | the floor, sealed | the time was at least that when it was written |
//! | the uptime, in the boot in which the floor was written | so much has passed since: exact, and nobody can set it |
//! | this computer's clock | believed where it goes forward; where it jumps further than anything explains, only until something contradicts |
//! | the server's time at a contact | as this computer's clock |
//! | the dates of the system's files, once a boot | a clock that is a day behind several of them was set back |
//! | a time that the server signed for this very question | the truth: it replaces all of the above, and no jump of the clock counts until the next boot |
//!
//! The trusted time never goes back, but where a signed time says so, or where a clock that had
//! jumped ahead is corrected.

use serde::{Deserialize, Serialize};
use trybuy_formats::expiry::TrustedTime;
use trybuy_formats::instant::{DAY, Instant, Span};

use super::reading::{Boot, Reading, Uptime};

/// How far behind the floor the clock may be in another boot: time zones, daylight saving, another
/// system on the same machine. Time then goes on from the floor.
pub const TOLERANCE: Span = DAY;
/// Clocks that differ by no more agree.
pub const AGREEMENT: Span = Span::seconds(600);
/// What a boot with a clock behind the floor costs, so that the time does not stand still for those
/// who set the clock back every day.
const COST_OF_A_BOOT: Span = Span::seconds(3600);
/// A jump forward in the same boot that cannot be real: the uptime knows better.
const IMPOSSIBLE: Span = DAY;
/// A jump forward in another boot that is probably a mistake.
const IMPROBABLE: Span = Span::seconds(180 * DAY.as_seconds());

/// What is remembered of the time.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Memory {
    /// It is at least so late.
    pub(super) floor: Instant,
    /// When the floor was that.
    pub(super) uptime: Uptime,
    /// Whether the server signed the time in that boot: then the uptime alone counts in it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) confirmed: bool,
    /// A time that the clock showed and nothing explains.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) ahead: Option<Ahead>,
    /// Dates of files up to this one are known to be wrong.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) excused: Option<Instant>,
}

/// A time ahead of everything that is known.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Ahead {
    pub(super) time: Instant,
    pub(super) boot: Boot,
}

/// The time, and what is to be remembered of it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Weighed {
    /// The trusted time.
    pub time: TrustedTime,
    /// What this computer's clock turned out to be.
    pub clock: ClockState,
    /// What to remember.
    pub memory: Memory,
}

impl Weighed {
    /// Whether this computer's clock is so wrong that it should be mended before anything else.
    pub fn is_clock_wrong(&self, reading: &Reading) -> bool {
        match self.clock {
            ClockState::Right => false,
            ClockState::Ahead => true,
            ClockState::Behind => reading.wall.plus(AGREEMENT) < self.time.instant(),
        }
    }
}

/// What this computer's clock is, by the other evidence.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ClockState {
    /// As it should be.
    Right,
    /// Earlier than the time is.
    Behind,
    /// Later than anything explains.
    Ahead,
}

/// This computer's clock was set back.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct SetBack {
    /// What it says.
    pub now: Instant,
    /// What it has been.
    pub latest: Instant,
    /// How that is known.
    pub by: Witness,
}

/// What tells that a clock was set back.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Witness {
    /// The Builder has seen a later time.
    Floor,
    /// The dates of the system's files.
    FileDates,
}

/// A time that the server signed for a question that went by way of a file.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Answer {
    /// The time that was signed.
    pub time: Instant,
    /// How much time has passed since the question, by the uptime of one boot.
    pub passed: Span,
}

impl Answer {
    /// The time that counts from now on, where `believed` is what counted before (`ST-5`). It was
    /// signed after the question, so it is no earlier than `time`, and no later than if it had been
    /// signed at once. In between stays what was believed, and where nothing was, it is as late as it
    /// can be: nobody gains by keeping an answer.
    pub fn counts(self, believed: Option<Instant>) -> Instant {
        let latest = self.time.plus(self.passed);
        believed.map_or(latest, |believed| believed.clamp(self.time, latest))
    }
}

impl Memory {
    /// What is known when the server has said the time, without signing it.
    pub fn said(time: Instant, uptime: Uptime, file_dates: Option<Instant>) -> Self {
        Self { confirmed: false, ..Self::signed(time, uptime, file_dates) }
    }

    /// What is known after the server has signed the time. `file_dates` are the system's: where
    /// they are later they are wrong.
    pub fn signed(time: Instant, uptime: Uptime, file_dates: Option<Instant>) -> Self {
        let excused = file_dates.filter(|dates| *dates > time);
        Self { floor: time, uptime, confirmed: true, ahead: None, excused }
    }

    /// The latest time that counts: the floor, or what the clock showed beyond it.
    pub fn latest(&self) -> Instant {
        self.ahead.as_ref().map_or(self.floor, |ahead| ahead.time.max(self.floor))
    }

    /// Whether the dates of the system's files are worth a look: not in a boot in which the time
    /// is known.
    pub fn needs_file_dates(&self, reading: &Reading) -> bool {
        reading.uptime.since(&self.uptime).is_none()
    }

    /// Weighs what this computer's clocks say.
    ///
    /// # Errors
    /// When the clock was set back and nothing tells how late it is.
    pub fn weigh(
        &self,
        reading: &Reading,
        file_dates: Option<Instant>,
    ) -> Result<Weighed, SetBack> {
        match reading.uptime.since(&self.uptime) {
            Some(passed) => Ok(self.rise(reading, self.floor.plus(passed), IMPOSSIBLE)),
            None => {
                self.refuse_set_back(reading, file_dates)?;
                Ok(self.rise(reading, self.floor.plus(self.cost(reading)), IMPROBABLE))
            }
        }
    }

    /// How far the floor goes on over what may be a boot. Where the kernel does not say which boot it
    /// is and none is certain, so much as has passed in any case: nobody pays for a boot at every
    /// look, and nobody gains what a clock set to the floor would not give.
    fn cost(&self, reading: &Reading) -> Span {
        match reading.uptime.at_least_since(&self.uptime) {
            Some(passed) => passed,
            None if reading.wall < self.floor => COST_OF_A_BOOT,
            None => Span::default(),
        }
    }

    fn refuse_set_back(
        &self,
        reading: &Reading,
        file_dates: Option<Instant>,
    ) -> Result<(), SetBack> {
        let now = reading.wall;
        let set_back = |latest, by| Err(SetBack { now, latest, by });
        if now.plus(TOLERANCE) < self.floor {
            return set_back(self.floor, Witness::Floor);
        }
        let believed = file_dates.filter(|dates| self.excused.is_none_or(|wrong| *dates > wrong));
        match believed {
            Some(dates) if now.plus(TOLERANCE) < dates => set_back(dates, Witness::FileDates),
            _ => Ok(()),
        }
    }

    /// The time from a floor of now on: what the clock shows beyond it, if it may.
    fn rise(&self, reading: &Reading, floor: Instant, unexplained: Span) -> Weighed {
        let Reading { wall, uptime } = reading;
        let confirmed = self.confirmed && uptime.since(&self.uptime).is_some();
        let memory = |floor, ahead| Memory {
            floor,
            uptime: uptime.clone(),
            confirmed,
            ahead,
            excused: self.excused,
        };
        let weighed =
            |time, clock, memory| Weighed { time: TrustedTime::vouch(time), clock, memory };
        if *wall < floor {
            // A clock that had jumped ahead has been corrected as well.
            return weighed(floor, ClockState::Behind, memory(floor, None));
        }
        let right = || weighed(*wall, ClockState::Right, memory(*wall, None));
        if wall.since(floor) <= unexplained {
            return right();
        }
        if confirmed {
            return weighed(floor, ClockState::Ahead, memory(floor, None));
        }
        match &self.ahead {
            // Two boots agree.
            Some(ahead) if ahead.boot != uptime.boot && wall.plus(TOLERANCE) >= ahead.time => {
                right()
            }
            // The boot in which it was first seen stays.
            Some(ahead) if wall.plus(TOLERANCE) >= ahead.time => {
                let ahead = Ahead { time: ahead.time.max(*wall), boot: ahead.boot.clone() };
                let time = ahead.time;
                weighed(time, ClockState::Ahead, memory(floor, Some(ahead)))
            }
            _ => {
                let ahead = Ahead { time: *wall, boot: uptime.boot.clone() };
                weighed(*wall, ClockState::Ahead, memory(floor, Some(ahead)))
            }
        }
    }
}

#[cfg(test)]
mod tests;
