//! Reads `TRYBUY_TRIAL`: what a program may know about its own trial.
//!
//! The launcher decides whether a program may run; the program decides nothing.
//! So that it can still show "12 days left", the launcher sets one environment variable, [`VARIABLE`], to a JSON object:
//!
//! | field | type | meaning |
//! |---|---|---|
//! | `application` | string | the application id, in reverse DNS order |
//! | `name` | string | the application's name for people |
//! | `release` | string | the release, a semantic version |
//! | `licensee_id` | string | who the license was given to |
//! | `ends_at` | string or null | license termination date (RFC 3339, UTC); null: it has none, the application was bought |
//! | `days_left` | number or null | started 24-hour periods until `ends_at` |
//! | `state` | `"allowed"` or `"warning"` | whether the launch came with a warning |
//! | `until` | string | only with `"warning"`: when the grace ends too (RFC 3339, UTC) |
//!
//! Unknown fields are ignored, so that later launchers can say more.
//! The variable holds no secret, and anyone can set it: never base a decision on it, only words.
//!
//! ```
//! use trial_facts::TrialFacts;
//!
//! let facts = TrialFacts::parse(
//!     r#"{"application":"com.example.sketch","name":"Sketch","release":"1.4.0",
//!         "licensee_id":"L-1","ends_at":"2026-12-22T10:00:00Z","days_left":12,"state":"allowed"}"#,
//! )?;
//! assert_eq!(facts.notice(), "12 days left");
//! # Ok::<(), trial_facts::TrialFactsError>(())
//! ```
//!
//! A program that does not care why there are no facts asks [`TrialFacts::from_environment`].

#![forbid(unsafe_code)]

use serde::Deserialize;

/// The name of the environment variable.
pub const VARIABLE: &str = "TRYBUY_TRIAL";

/// The longest value, in bytes, that is looked at; a launcher's is below one kilobyte.
pub const MAX_BYTES: usize = 16 * 1024;

/// Why a value of [`VARIABLE`] could not be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TrialFactsError {
    /// The value is longer than [`MAX_BYTES`].
    #[error("{VARIABLE} is longer than {MAX_BYTES} bytes")]
    TooLong,
    /// The value is not the JSON object this crate documents.
    #[error("{VARIABLE} is not the expected JSON object")]
    Malformed(#[from] serde_json::Error),
}

/// Whether the launch came with a warning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TrialState {
    /// The license termination date has not come, or there is none.
    Allowed,
    /// The program runs within its days of grace.
    Warning,
}

/// What the launcher says about the license this program runs under.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct TrialFacts {
    /// The application id, in reverse DNS order.
    pub application: String,
    /// The application's name for people.
    pub name: String,
    /// The release that runs, a semantic version.
    pub release: String,
    /// The licensee's id.
    pub licensee_id: String,
    /// The license termination date (RFC 3339, UTC), or `None` when the license has no end.
    #[serde(default)]
    pub ends_at: Option<String>,
    /// Started 24-hour periods until [`Self::ends_at`], or `None` when the license has no end.
    #[serde(default)]
    pub days_left: Option<u32>,
    /// Whether the launch came with a warning.
    pub state: TrialState,
    /// When even the grace ends (RFC 3339, UTC); present only in [`TrialState::Warning`].
    #[serde(default)]
    pub until: Option<String>,
}

impl TrialFacts {
    /// Reads the facts of this process.
    ///
    /// `None` when the program was not started by the launcher, or when the value is unusable:
    /// a program must run the same with and without.
    #[must_use]
    pub fn from_environment() -> Option<Self> {
        let value = std::env::var(VARIABLE).ok()?;
        Self::parse(&value).ok()
    }

    /// Parses one value of [`VARIABLE`].
    ///
    /// # Errors
    ///
    /// [`TrialFactsError::TooLong`] beyond [`MAX_BYTES`], [`TrialFactsError::Malformed`] for anything but the documented object.
    pub fn parse(value: &str) -> Result<Self, TrialFactsError> {
        if value.len() > MAX_BYTES {
            return Err(TrialFactsError::TooLong);
        }
        Ok(serde_json::from_str(value)?)
    }

    /// Whether the user should be warned that the program will soon stop running.
    #[must_use]
    pub fn is_warning(&self) -> bool {
        self.state == TrialState::Warning
    }

    /// A few words for a status line, such as `12 days left` or `runs until 2026-12-29`.
    #[must_use]
    pub fn notice(&self) -> String {
        if self.is_warning() {
            return match self.until.as_deref().and_then(date) {
                Some(day) => format!("trial over, runs until {day}"),
                None => "trial over, runs for a few days more".to_owned(),
            };
        }
        match self.days_left {
            Some(1) => "1 day left".to_owned(),
            Some(days) => format!("{days} days left"),
            None => "full license".to_owned(),
        }
    }

    /// The day of the license termination date, `YYYY-MM-DD` in UTC, where there is one.
    #[must_use]
    pub fn end_day(&self) -> Option<&str> {
        self.ends_at.as_deref().and_then(date)
    }
}

/// The `YYYY-MM-DD` in front of an RFC 3339 instant.
///
/// Digits are checked so that nothing but a date can reach the user's terminal.
fn date(instant: &str) -> Option<&str> {
    let day = instant.get(..10)?;
    let shaped = day.bytes().enumerate().all(|(at, byte)| match at {
        4 | 7 => byte == b'-',
        _ => byte.is_ascii_digit(),
    });
    shaped.then_some(day)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(tail: &str) -> TrialFacts {
        let text = format!(
            r#"{{"application":"org.trybuy.x","name":"X","release":"1.0.0","licensee_id":"L",{tail}}}"#
        );
        TrialFacts::parse(&text).expect("the object is the documented one")
    }

    #[test]
    fn the_notice_says_what_is_left() {
        let cases = [
            (
                r#""ends_at":"2026-12-22T10:00:00Z","days_left":12,"state":"allowed""#,
                "12 days left",
            ),
            (r#""ends_at":"2026-12-22T10:00:00Z","days_left":1,"state":"allowed""#, "1 day left"),
            (r#""ends_at":"2026-12-22T10:00:00Z","days_left":0,"state":"allowed""#, "0 days left"),
            (r#""ends_at":null,"days_left":null,"state":"allowed""#, "full license"),
            (r#""state":"allowed""#, "full license"),
            (
                r#""ends_at":"2026-12-22T10:00:00Z","days_left":0,"state":"warning","until":"2026-12-29T10:00:00Z""#,
                "trial over, runs until 2026-12-29",
            ),
            (r#""state":"warning""#, "trial over, runs for a few days more"),
            (
                "\"state\":\"warning\",\"until\":\"\\u001b[2J-aa-bb\"",
                "trial over, runs for a few days more",
            ),
        ];
        for (tail, expected) in cases {
            assert_eq!(facts(tail).notice(), expected, "{tail}");
        }
    }

    #[test]
    fn unknown_fields_are_ignored() {
        assert_eq!(facts(r#""days_left":3,"state":"allowed","later":[1]"#).days_left, Some(3));
    }

    #[test]
    fn anything_but_the_documented_object_is_malformed() {
        for text in ["", "{", "[]", "null", "{}", "12", r#"{"state":"refused"}"#, "\u{feff}{}"] {
            assert!(
                matches!(TrialFacts::parse(text), Err(TrialFactsError::Malformed(_))),
                "{text:?}"
            );
        }
    }

    #[test]
    fn an_overlong_value_is_refused_before_parsing() {
        let text = "[".repeat(MAX_BYTES + 1);
        assert!(matches!(TrialFacts::parse(&text), Err(TrialFactsError::TooLong)));
    }

    #[test]
    fn deep_nesting_does_not_overflow_the_stack() {
        assert!(TrialFacts::parse(&"[".repeat(MAX_BYTES)).is_err());
    }

    #[test]
    fn the_end_day_is_the_date_alone() {
        assert_eq!(
            facts(r#""ends_at":"2026-12-22T10:00:00Z","state":"allowed""#).end_day(),
            Some("2026-12-22")
        );
        assert_eq!(facts(r#""ends_at":"soon","state":"allowed""#).end_day(), None);
        assert_eq!(facts(r#""ends_at":"ééééé-éé-éé","state":"allowed""#).end_day(), None);
    }
}
