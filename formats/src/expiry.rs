//! The one decision about dates and limits (steps 316 and 428-432).
//! Specification: `docs/formats/expiry.md`.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::builder_license::BuilderLicense;
use crate::control::ControlInformation;
use crate::ids::Version;
use crate::instant::{DAY, Instant, Span};
use crate::policy::{Expiration, GraceFrom};
use crate::slug::Slug;

/// A time that the Builder's clock rules have approved: never before the latest time seen.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct TrustedTime(Instant);

impl TrustedTime {
    /// Declares an instant trusted. Only the Builder's clock does so, after its checks, and tests.
    pub fn vouch(instant: Instant) -> Self {
        Self(instant)
    }

    /// The instant.
    pub fn instant(self) -> Instant {
        self.0
    }
}

/// What the Builder remembers of a trial, in its sealed state (`BL-6`).
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrialState {
    /// The highest head number accepted so far (`TF-8`).
    pub head_number: u64,
    /// When the first warning was given.
    pub first_warned_at: Option<Instant>,
    /// Launches so far.
    pub launches: u64,
    /// Running time so far, in seconds.
    pub running: Span,
    /// The days of use so far (`XD-13`), as numbers of [`Instant::day_number`].
    pub days: BTreeSet<i64>,
}

impl TrialState {
    /// Takes note of a warning. One after `now` was given by a clock that was ahead.
    pub fn warned(&mut self, now: TrustedTime) {
        let now = now.instant();
        self.first_warned_at = Some(self.first_warned_at.map_or(now, |first| first.min(now)));
    }

    /// Whether a clock that was ahead has left something in it, if it is `now` (`XD-15`).
    pub fn lies_ahead_of(&self, now: Instant) -> bool {
        self.first_warned_at.is_some_and(|first| first > now)
            || self.days.last().is_some_and(|day| *day > now.day_number())
    }

    /// Takes back what a clock that was ahead has left, where it is proven to be `now` (`XD-15`).
    pub fn take_back(&mut self, control: &ControlInformation, now: Instant) {
        if self.first_warned_at.is_some_and(|first| first > now) {
            self.first_warned_at = control.ends_at.filter(|end| *end <= now).map(|_| now);
        }
        let today = now.day_number();
        let ahead = self.days.split_off(&today.saturating_add(1));
        let as_many = i64::try_from(ahead.len()).unwrap_or(i64::MAX);
        self.days.extend(today.saturating_sub(as_many).saturating_add(1)..=today);
    }
}

/// The answer to "may this user still run this program".
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Decision {
    /// Yes.
    Allow {
        /// The time that remains; none for a license without an end.
        remaining: Option<Span>,
    },
    /// Yes, but the user has to be warned: the license termination date has passed.
    Warn {
        /// From this instant on the program is refused.
        until: Instant,
        /// Why there is a warning.
        reason: Warning,
    },
    /// No.
    Refuse {
        /// Why not.
        reason: Refusal,
    },
}

/// Why a user is warned.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Warning {
    /// The trial is over; grace is counted from its end.
    GraceFromExpiration,
    /// The trial is over; grace is counted from the first warning.
    GraceFromFirstWarning,
}

/// Why a program is refused.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Refusal {
    /// The Builder license ended (`XD-4`).
    BuilderLicenseExpired(Instant),
    /// The application asks for a newer Builder (`XD-5`).
    BuilderTooOld,
    /// The trusted time lies before the day the license was issued (`XD-6`).
    ClockSetBack,
    /// A limit was reached (`XD-7`).
    LimitReached(Limit),
    /// Hard expiration (`XD-9`).
    TrialExpired(Instant),
    /// The grace is over (`XD-10`, `XD-11`).
    GraceEnded(Instant),
}

/// The limits beside the date.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Limit {
    /// Number of launches.
    Launches,
    /// Total running time.
    Running,
    /// Distinct days of use.
    Days,
}

impl Refusal {
    /// Its stable name.
    pub fn slug(self) -> Slug {
        match self {
            Self::BuilderLicenseExpired(_) => Slug::BuilderLicenseExpired,
            Self::BuilderTooOld => Slug::BuilderTooOld,
            Self::ClockSetBack => Slug::ClockSetBack,
            Self::LimitReached(_) => Slug::LimitReached,
            Self::TrialExpired(_) => Slug::TrialExpired,
            Self::GraceEnded(_) => Slug::GraceEnded,
        }
    }
}

impl Decision {
    /// The days left, the same number on every front end (`XD-3`): until the end, or with a
    /// warning until the end of the grace; none for a license without an end.
    pub fn days_left(self, now: TrustedTime) -> Option<u64> {
        match self {
            Self::Allow { remaining } => remaining.map(Span::started_days),
            Self::Warn { until, .. } => Some(until.since(now.instant()).started_days()),
            Self::Refuse { .. } => Some(0),
        }
    }
}

/// Decides whether the program may be launched now (`XD-1`).
///
/// `builder` is the version of the running Builder. Both documents must have been verified: the
/// decision is about dates and limits, not about authenticity.
pub fn decide(
    control: &ControlInformation,
    license: &BuilderLicense,
    builder: &Version,
    now: TrustedTime,
    state: &TrialState,
) -> Decision {
    let refusal = refuse_builder(control, license, builder, now)
        .or_else(|| limit_reached(control, now, state).map(Refusal::LimitReached));
    match refusal {
        Some(reason) => Decision::Refuse { reason },
        None => {
            let date = (control.ends_at, control.expiration);
            decide_date(date, now.instant(), state.first_warned_at)
        }
    }
}

/// How long a program that is launched now may run, where it is ended at the end of its license or
/// limits (`XD-14`); none if nothing ends it.
///
/// `state` is that before the launch.
pub fn may_run_for(
    control: &ControlInformation,
    decision: Decision,
    now: TrustedTime,
    state: &TrialState,
) -> Option<Span> {
    if control.on_expiry.is_finish() {
        return None;
    }
    let now = now.instant();
    let date = match decision {
        Decision::Allow { .. } => control.ends_at.map(|end| match control.expiration {
            Expiration::Hard {} => end,
            Expiration::Soft { grace, .. } => end.plus(grace),
        }),
        Decision::Warn { until, .. } => Some(until),
        Decision::Refuse { .. } => Some(now),
    };
    let running = control.limits.running.map(|most| most.minus(state.running));
    let days = control.limits.days.map(|most| first_day_too_many(most, now, state).since(now));
    [date.map(|date| date.since(now)), running, days].into_iter().flatten().min()
}

/// The beginning of the day that would be one more than the limit, if every day until then is one
/// of use.
fn first_day_too_many(most: u64, now: Instant, state: &TrialState) -> Instant {
    let further = most.saturating_sub(days_with_today(now, state));
    let number = i64::try_from(further).unwrap_or(i64::MAX).saturating_add(1);
    Instant::start_of_day(now.day_number().saturating_add(number))
}

/// The days of use, today among them.
fn days_with_today(now: Instant, state: &TrialState) -> u64 {
    let seen = u64::try_from(state.days.len()).unwrap_or(u64::MAX);
    seen.saturating_add(u64::from(!state.days.contains(&now.day_number())))
}

/// Why a license is over whatever its Builder remembers; none as long as a launch may be allowed.
///
/// With a grace from the first warning it is never over in this sense: that instant is known to the
/// Builder alone (`XD-11`).
pub fn over(ends_at: Option<Instant>, expiration: Expiration, now: Instant) -> Option<Refusal> {
    match decide_date((ends_at, expiration), now, None) {
        Decision::Refuse { reason } => Some(reason),
        Decision::Allow { .. } | Decision::Warn { .. } => None,
    }
}

/// Whether the license termination date has passed (`XD-8`), be there a grace after it or not: whoever
/// still uses a trial then may have another one.
pub fn has_ended(ends_at: Option<Instant>, now: Instant) -> bool {
    ends_at.is_some_and(|end| end <= now)
}

/// `XD-4` to `XD-6`: what speaks against any launch with this Builder.
fn refuse_builder(
    control: &ControlInformation,
    license: &BuilderLicense,
    builder: &Version,
    now: TrustedTime,
) -> Option<Refusal> {
    let now = now.instant();
    if let Some(end) = license.ends_at.filter(|end| now >= *end) {
        return Some(Refusal::BuilderLicenseExpired(end));
    }
    if control.minimum_builder.as_ref().is_some_and(|oldest| builder.precedes(oldest)) {
        return Some(Refusal::BuilderTooOld);
    }
    (now.plus(DAY) < control.issued_at).then_some(Refusal::ClockSetBack)
}

/// `XD-7`: the first limit that the launch about to happen would exceed.
fn limit_reached(
    control: &ControlInformation,
    now: TrustedTime,
    state: &TrialState,
) -> Option<Limit> {
    let limits = control.limits;
    if limits.launches.is_some_and(|most| state.launches >= most) {
        return Some(Limit::Launches);
    }
    if limits.running.is_some_and(|most| state.running >= most) {
        return Some(Limit::Running);
    }
    let days = days_with_today(now.instant(), state);
    limits.days.is_some_and(|most| days > most).then_some(Limit::Days)
}

/// `XD-8` to `XD-12`: the license termination date and the grace after it.
fn decide_date(
    (ends_at, expiration): (Option<Instant>, Expiration),
    now: Instant,
    first_warned_at: Option<Instant>,
) -> Decision {
    let Some(end) = ends_at else {
        return Decision::Allow { remaining: None };
    };
    if !has_ended(ends_at, now) {
        return Decision::Allow { remaining: Some(end.since(now)) };
    }
    let (until, reason) = match expiration {
        Expiration::Hard {} => return Decision::Refuse { reason: Refusal::TrialExpired(end) },
        Expiration::Soft { from: GraceFrom::Expiration, grace } => {
            (end.plus(grace), Warning::GraceFromExpiration)
        }
        Expiration::Soft { from: GraceFrom::FirstWarning, grace } => {
            let warned_at = first_warned_at.unwrap_or(now).clamp(end, now);
            (warned_at.plus(grace), Warning::GraceFromFirstWarning)
        }
    };
    if now < until {
        Decision::Warn { until, reason }
    } else {
        Decision::Refuse { reason: Refusal::GraceEnded(until) }
    }
}

#[cfg(test)]
mod tests;
