//! A policy in words, the same in every front end.

use super::{Expiration, GraceFrom, Limits, OnExpiry, TrialPolicy};
use crate::instant::Span;
use crate::words::counted;

impl TrialPolicy {
    /// How long a trial lasts and what ends it, for people:
    /// `30 days, then 7 days of grace from the first warning; at most 50 launches`.
    ///
    /// ```
    /// use trybuy_formats::instant::Span;
    /// use trybuy_formats::policy::{
    ///     AcceptanceKind, Expiration, Layout, Limits, OnExpiry, TrialPolicy,
    /// };
    ///
    /// let policy = TrialPolicy {
    ///     duration: "30d".parse()?,
    ///     expiration: Expiration::Hard {},
    ///     limits: Limits { launches: Some(50), ..Limits::default() },
    ///     on_expiry: OnExpiry::Terminate,
    ///     trials: 1,
    ///     between: None,
    ///     acceptance: AcceptanceKind::Explicit,
    ///     layout: Layout::Leading,
    /// };
    /// assert_eq!(policy.in_words(), "30 days, then refused at once; at most 50 launches; a running program is ended then");
    /// # Ok::<(), trybuy_formats::instant::InvalidTime>(())
    /// ```
    pub fn in_words(&self) -> String {
        let mut words =
            format!("{}, then {}", self.duration.in_words(), self.expiration.in_words());
        if !self.limits.is_empty() {
            words.push_str("; at most ");
            words.push_str(&self.limits.in_words());
        }
        if let Some(ending) = self.on_expiry.in_words() {
            words.push_str("; ");
            words.push_str(ending);
        }
        words
    }
}

impl TrialPolicy {
    /// How many trials a licensee may have: `2 trials, 90 days between two`.
    pub fn trials_in_words(&self) -> String {
        let number = counted(self.trials.into(), "trial", "trials");
        match self.between {
            Some(between) => format!("{number}, {} between two", between.in_words()),
            None => number,
        }
    }
}

impl Expiration {
    /// What follows the end of a trial: `refused at once`, or the grace and from when it counts.
    pub fn in_words(&self) -> String {
        let (grace, from) = match self {
            Self::Hard {} => return "refused at once".to_owned(),
            Self::Soft { grace, from: GraceFrom::Expiration } => (grace, "expiration"),
            Self::Soft { grace, from: GraceFrom::FirstWarning } => (grace, "the first warning"),
        };
        format!("{} of grace from {from}", grace.in_words())
    }
}

impl OnExpiry {
    /// What becomes of a running program; nothing where it runs on.
    pub fn in_words(self) -> Option<&'static str> {
        match self {
            Self::Finish => None,
            Self::Warn => Some("a running program is ended then, after a warning"),
            Self::Terminate => Some("a running program is ended then"),
        }
    }
}

impl Limits {
    /// The limits that are set, joined: `50 launches, 20 hours of running and 14 days of use`.
    /// Without any, the empty text.
    pub fn in_words(&self) -> String {
        let parts = [
            self.launches.map(|launches| counted(launches, "launch", "launches")),
            self.running.map(|running| format!("{} of running", running.in_words())),
            self.days.map(|days| format!("{} of use", counted(days, "day", "days"))),
        ];
        let parts: Vec<String> = parts.into_iter().flatten().collect();
        match parts.split_last() {
            Some((last, [])) => last.clone(),
            Some((last, others)) => format!("{} and {last}", others.join(", ")),
            None => String::new(),
        }
    }
}

impl Span {
    /// Its length in the largest unit that divides it: `30 days`, `1 hour`, `90 minutes`.
    pub fn in_words(self) -> String {
        let units = [(86_400, "day", "days"), (3_600, "hour", "hours"), (60, "minute", "minutes")];
        let seconds = self.as_seconds();
        let (unit, one, many) = units
            .into_iter()
            .find(|(unit, ..)| seconds != 0 && seconds.is_multiple_of(*unit))
            .unwrap_or((1, "second", "seconds"));
        counted(seconds / unit, one, many)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::{AcceptanceKind, Layout};

    fn words(duration: &str, expiration: Expiration, limits: Limits) -> String {
        let policy = TrialPolicy {
            duration: duration.parse().expect("a span"),
            expiration,
            limits,
            on_expiry: OnExpiry::Finish,
            trials: 1,
            between: None,
            acceptance: AcceptanceKind::Explicit,
            layout: Layout::Leading,
        };
        policy.in_words()
    }

    fn soft(from: GraceFrom, grace: &str) -> Expiration {
        Expiration::Soft { from, grace: grace.parse().expect("a span") }
    }

    #[test]
    fn every_expiration_has_its_words() {
        let none = Limits::default();
        let cases = [
            ("30d", Expiration::Hard {}, "30 days, then refused at once"),
            (
                "1d",
                soft(GraceFrom::Expiration, "12h"),
                "1 day, then 12 hours of grace from expiration",
            ),
            (
                "90m",
                soft(GraceFrom::FirstWarning, "1s"),
                "90 minutes, then 1 second of grace from the first warning",
            ),
        ];
        for (duration, expiration, expected) in cases {
            assert_eq!(words(duration, expiration, none), expected);
        }
    }

    #[test]
    fn limits_are_joined_as_people_join_them() {
        let running = Some(Span::seconds(72_000));
        let cases = [
            (Limits { launches: Some(1), running: None, days: None }, "1 launch"),
            (
                Limits { launches: None, running, days: Some(1) },
                "20 hours of running and 1 day of use",
            ),
            (
                Limits { launches: Some(50), running, days: Some(14) },
                "50 launches, 20 hours of running and 14 days of use",
            ),
        ];
        for (limits, expected) in cases {
            let text = words("30d", Expiration::Hard {}, limits);
            assert_eq!(text, format!("30 days, then refused at once; at most {expected}"));
        }
    }
}
