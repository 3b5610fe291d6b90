//! The policy of a trial as a vendor sets it: duration, expiration, limits, acceptance, layout.

use serde::{Deserialize, Serialize};

use crate::instant::Span;
use crate::limits;

mod words;

/// What happens when a trial reaches its license termination date (T&B "hard" and "soft expiration").
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Expiration {
    /// Refuse at once.
    Hard {},
    /// Warn, and allow until a later termination date.
    Soft {
        /// From when the grace is counted.
        from: GraceFrom,
        /// The length of the grace, in seconds.
        grace: Span,
    },
}

impl Expiration {
    /// Whether a grace lasts 1 second to 36525 days (`CI-3`).
    pub(crate) fn is_valid(&self) -> bool {
        match self {
            Self::Hard {} => true,
            Self::Soft { grace, .. } => is_duration(*grace),
        }
    }
}

/// Whether something lasts 1 second to 36525 days, as everything does that a vendor gives an end (`CI-3`).
pub fn is_duration(span: Span) -> bool {
    (Span::seconds(1)..=limits::DURATION).contains(&span)
}

/// The two schemes of soft expiration.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum GraceFrom {
    /// "a number of days in the future from the expiration date".
    Expiration,
    /// "a number of days forward from the ambient date on which the warning is given".
    FirstWarning,
}

/// Limits beside the date; the first one reached ends the trial (`XD-7`).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// Number of launches.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub launches: Option<u64>,
    /// Total running time, in seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub running: Option<Span>,
    /// Distinct days of use.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub days: Option<u64>,
}

impl Limits {
    /// Whether there is no limit.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Whether each limit there is is at least 1 (`CI-3`).
    pub(crate) fn are_valid(&self) -> bool {
        [self.launches, self.running.map(Span::as_seconds), self.days]
            .into_iter()
            .flatten()
            .all(|limit| (1..=limits::INTEGER).contains(&limit))
    }
}

/// What becomes of a program that runs when its license ends (`XD-14`).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OnExpiry {
    /// It runs on until its user ends it.
    #[default]
    Finish,
    /// Its user is told some minutes before, then it is asked to end.
    Warn,
    /// It is asked to end.
    Terminate,
}

impl OnExpiry {
    /// Whether it is what a policy says that says nothing of it.
    pub fn is_finish(&self) -> bool {
        *self == Self::Finish
    }
}

/// How a user accepts the licensing terms, access condition C.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AcceptanceKind {
    /// "input an identifying name".
    Explicit,
    /// "retype a verification code".
    RetypeCode,
    /// "unless the user declines to accept the license terms, the license is accepted".
    Passive,
}

/// Where the control information stands in a transmission file.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Layout {
    /// In front of the program (Fig. 4).
    Leading,
    /// In pieces inside the program's parts (Fig. 5).
    Dispersed,
}

/// Everything a vendor decides about the trials of an application.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrialPolicy {
    /// How long a trial lasts, in seconds, at least one.
    pub duration: Span,
    /// What happens at its end.
    pub expiration: Expiration,
    /// Limits beside the date.
    #[serde(default, skip_serializing_if = "Limits::is_empty")]
    pub limits: Limits,
    /// What becomes of a program that runs at its end.
    #[serde(default, skip_serializing_if = "OnExpiry::is_finish")]
    pub on_expiry: OnExpiry,
    /// Trials per licensee, 1 to 10.
    pub trials: u8,
    /// The least time from the end of a licensee's trial to the beginning of the next one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub between: Option<Span>,
    /// How the terms are accepted.
    pub acceptance: AcceptanceKind,
    /// The layout of the transmission files.
    pub layout: Layout,
}

impl TrialPolicy {
    /// Checks the ranges that the types alone do not hold.
    ///
    /// # Errors
    /// The first value that is out of its range.
    pub fn validate(&self) -> Result<(), InvalidPolicy> {
        let checks = [
            (is_duration(self.duration), InvalidPolicy::Duration),
            (self.expiration.is_valid(), InvalidPolicy::Grace),
            ((1..=10).contains(&self.trials), InvalidPolicy::Trials),
            (self.between.is_none_or(is_duration), InvalidPolicy::Between),
            (self.limits.are_valid(), InvalidPolicy::Limits),
        ];
        checks.into_iter().find(|(holds, _)| !holds).map_or(Ok(()), |(_, reason)| Err(reason))
    }

    /// The policy of a license that is bought: it has no limits but its end.
    #[must_use]
    pub fn of_license(self) -> Self {
        Self { limits: Limits::default(), ..self }
    }
}

/// A policy with a value out of its range.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidPolicy {
    /// The duration.
    #[error("a trial lasts 1s to 36525d")]
    Duration,
    /// The grace.
    #[error("a grace lasts 1s to 36525d")]
    Grace,
    /// The number of trials.
    #[error("a licensee has 1 to 10 trials of an application")]
    Trials,
    /// The time between trials.
    #[error("the time between trials is 1s to 36525d: leave it out for none")]
    Between,
    /// A limit.
    #[error("a limit is 1 to {}: leave it out for none", limits::INTEGER)]
    Limits,
}
