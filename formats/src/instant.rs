//! Instants and spans of time: UTC to the second (`CV-4`).

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Deserialize, Serialize};

/// 9999-12-31T23:59:59Z, the last instant RFC 3339 can write.
const LATEST: i64 = 253_402_300_799;

/// Seconds of a day; every "day" of trybuy is a period of this length.
pub const DAY: Span = Span(86_400);

/// An instant: whole seconds since 1970-01-01T00:00:00Z, between the years 1970 and 9999.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Instant(i64);

impl Instant {
    /// The instant that many seconds after 1970, if it is within the range of the type.
    pub fn from_unix(seconds: i64) -> Option<Self> {
        (0..=LATEST).contains(&seconds).then_some(Self(seconds))
    }

    /// The last instant there is, 9999-12-31T23:59:59Z.
    pub fn last() -> Self {
        Self(LATEST)
    }

    /// Seconds since 1970.
    pub fn unix(self) -> i64 {
        self.0
    }

    /// The instant a span later; at the end of the range, the last instant there is.
    pub fn plus(self, span: Span) -> Self {
        let span = i64::try_from(span.0).unwrap_or(LATEST);
        Self(self.0.saturating_add(span).min(LATEST))
    }

    /// The instant a span earlier; at the beginning of the range, the first instant there is.
    pub fn minus(self, span: Span) -> Self {
        let span = i64::try_from(span.0).unwrap_or(LATEST);
        Self(self.0.saturating_sub(span).max(0))
    }

    /// The span from `earlier` to this instant; zero if it is not earlier.
    pub fn since(self, earlier: Self) -> Span {
        Span(u64::try_from(self.0 - earlier.0).unwrap_or(0))
    }

    /// The first instant of a day in UTC, by its number; the last instant there is for one that lies
    /// later.
    pub fn start_of_day(number: i64) -> Self {
        Self(number.saturating_mul(86_400).clamp(0, LATEST))
    }

    /// The number of its day in UTC, counted from 1970-01-01 (`XD-13`).
    pub fn day_number(self) -> i64 {
        self.0 / 86_400
    }
}

impl TryFrom<DateTime<Utc>> for Instant {
    type Error = InvalidTime;

    /// Fractions of a second are cut off.
    fn try_from(time: DateTime<Utc>) -> Result<Self, InvalidTime> {
        Self::from_unix(time.timestamp()).ok_or(InvalidTime::Instant)
    }
}

impl From<Instant> for DateTime<Utc> {
    fn from(instant: Instant) -> Self {
        DateTime::from_timestamp(instant.0, 0).expect("an Instant is within chrono's range")
    }
}

impl fmt::Display for Instant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&DateTime::<Utc>::from(*self).to_rfc3339_opts(SecondsFormat::Secs, true))
    }
}

impl FromStr for Instant {
    type Err = InvalidTime;

    /// Reads the one spelling that [`fmt::Display`] writes.
    fn from_str(text: &str) -> Result<Self, InvalidTime> {
        let parsed = DateTime::parse_from_rfc3339(text).map_err(|_| InvalidTime::Instant)?;
        let instant = Self::try_from(parsed.with_timezone(&Utc))?;
        (instant.to_string() == text).then_some(instant).ok_or(InvalidTime::Instant)
    }
}

impl TryFrom<String> for Instant {
    type Error = InvalidTime;

    fn try_from(text: String) -> Result<Self, InvalidTime> {
        text.parse()
    }
}

impl From<Instant> for String {
    fn from(instant: Instant) -> Self {
        instant.to_string()
    }
}

/// A span of time in whole seconds, written as a number in the formats.
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Span(u64);

impl Span {
    /// A span of that many seconds.
    pub const fn seconds(seconds: u64) -> Self {
        Self(seconds)
    }

    /// Its length in seconds.
    pub const fn as_seconds(self) -> u64 {
        self.0
    }

    /// The number of started 24-hour periods in it: "days left" (`XD-3`).
    pub const fn started_days(self) -> u64 {
        self.0.div_ceil(DAY.0)
    }

    /// What is left of it without another one; zero if that is longer.
    pub const fn minus(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }

    /// Both spans together, at most the longest there is.
    pub const fn plus(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

/// Writes the largest unit that divides the span: `30d`, `12h`, `90m`, `5s`.
impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (unit, letter) = [(86_400, 'd'), (3_600, 'h'), (60, 'm')]
            .into_iter()
            .find(|(unit, _)| self.0 != 0 && self.0.is_multiple_of(*unit))
            .unwrap_or((1, 's'));
        write!(f, "{}{letter}", self.0 / unit)
    }
}

impl FromStr for Span {
    type Err = InvalidTime;

    /// Reads a number and a unit, `d`, `h`, `m` or `s`: `30d`, `12h`, `5s`; at most 100 years.
    fn from_str(text: &str) -> Result<Self, InvalidTime> {
        let (number, unit) = text
            .char_indices()
            .last()
            .and_then(|(at, letter)| Some((&text[..at], seconds_of_unit(letter)?)))
            .ok_or(InvalidTime::Span)?;
        let plain = !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit());
        let number: u64 = plain.then(|| number.parse().ok()).flatten().ok_or(InvalidTime::Span)?;
        number
            .checked_mul(unit)
            .filter(|seconds| *seconds <= 36_525 * DAY.0)
            .map(Self)
            .ok_or(InvalidTime::Span)
    }
}

fn seconds_of_unit(letter: char) -> Option<u64> {
    match letter {
        'd' => Some(86_400),
        'h' => Some(3_600),
        'm' => Some(60),
        's' => Some(1),
        _ => None,
    }
}

/// A text that is no instant or span.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidTime {
    /// Not an instant as `2026-12-22T10:00:00Z`.
    #[error("not an instant in UTC such as 2026-12-22T10:00:00Z")]
    Instant,
    /// Not a span as `30d`.
    #[error("not a duration such as 30d, 12h, 45m or 5s of at most 36525d")]
    Span,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_have_one_spelling() {
        let instant = Instant::from_unix(1_798_000_000).expect("in range");
        assert_eq!(instant.to_string().parse(), Ok(instant));
        for other in [
            "2026-12-22T10:00:00+00:00",
            "2026-12-22T10:00:00.0Z",
            "2026-12-22t10:00:00z",
            "2026-12-22 10:00:00Z",
            "1969-12-31T23:59:59Z",
            "",
        ] {
            assert!(other.parse::<Instant>().is_err(), "{other}");
        }
    }

    #[test]
    fn spans_are_read_and_written_with_a_unit() {
        for (text, seconds) in [("30d", 2_592_000), ("12h", 43_200), ("90m", 5_400), ("5s", 5)] {
            let span: Span = text.parse().expect(text);
            assert_eq!(span.as_seconds(), seconds);
            assert_eq!(span.to_string(), text);
        }
        for bad in ["", "d", "5", "-5s", "+5s", "5 s", "5µ", "99999999999999999999d", "36526d"] {
            assert_eq!(bad.parse::<Span>(), Err(InvalidTime::Span), "{bad}");
        }
    }

    #[test]
    fn days_left_count_started_periods() {
        for (seconds, days) in [(0, 0), (1, 1), (86_400, 1), (86_401, 2), (2_592_000, 30)] {
            assert_eq!(Span::seconds(seconds).started_days(), days);
        }
    }
}
