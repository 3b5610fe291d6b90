//! The table `[trial]`: the policy of an application.

use std::ops::RangeInclusive;

use toml::Spanned;
use trybuy_formats::instant::Span;
use trybuy_formats::limits;
use trybuy_formats::policy::{
    AcceptanceKind, Expiration, GraceFrom, InvalidPolicy, Layout, Limits, OnExpiry, TrialPolicy,
};

use super::raw::{Number, RawGrace, RawLimits, RawTrial};
use super::source::Source;
use super::values::{choice, parsed};
use crate::vendor_cli::choices::{
    ACCEPTANCE, EXPIRATION, ExpirationKind, GRACE_FROM, LAYOUT, ON_EXPIRY,
};
use crate::vendor_cli::failure::Failure;

/// The policy that the table describes.
pub(super) fn policy(source: &Source, trial: &Spanned<RawTrial>) -> Result<TrialPolicy, Failure> {
    let raw = trial.get_ref();
    let policy = TrialPolicy {
        duration: span(source, &raw.duration)?,
        expiration: expiration(source, raw)?,
        limits: raw.limits.as_ref().map_or(Ok(Limits::default()), |raw| limits(source, raw))?,
        on_expiry: raw
            .on_expiry
            .as_ref()
            .map_or(Ok(OnExpiry::Finish), |word| choice(source, ON_EXPIRY, word))?,
        trials: trials(source, raw.trials.as_ref())?,
        between: raw.between.as_ref().map(|text| span(source, text)).transpose()?,
        acceptance: raw
            .acceptance
            .as_ref()
            .map_or(Ok(AcceptanceKind::Explicit), |word| choice(source, ACCEPTANCE, word))?,
        layout: raw
            .layout
            .as_ref()
            .map_or(Ok(Layout::Leading), |word| choice(source, LAYOUT, word))?,
    };
    // Each value has been checked at its own place: what is left concerns the whole table.
    policy.validate().map_err(|invalid| source.failure(trial.span(), invalid.to_string()))?;
    Ok(policy)
}

fn expiration(source: &Source, raw: &RawTrial) -> Result<Expiration, Failure> {
    match (choice(source, EXPIRATION, &raw.expiration)?, &raw.grace) {
        (ExpirationKind::Hard, None) => Ok(Expiration::Hard {}),
        (ExpirationKind::Hard, Some(grace)) => {
            let failure = source.failure(grace.span(), "a hard expiration has no grace");
            Err(failure.with_help("remove `grace`, or set `expiration = \"soft\"`"))
        }
        (ExpirationKind::Soft, Some(grace)) => soft(source, grace.get_ref()),
        (ExpirationKind::Soft, None) => {
            let failure = source.failure(raw.expiration.span(), "a soft expiration needs a grace");
            Err(failure.with_help("add `grace = { from = \"expiration\", length = \"7d\" }`"))
        }
    }
}

fn soft(source: &Source, raw: &RawGrace) -> Result<Expiration, Failure> {
    let from = raw
        .from
        .as_ref()
        .map_or(Ok(GraceFrom::Expiration), |word| choice(source, GRACE_FROM, word))?;
    let grace = span(source, &raw.length)?;
    Ok(Expiration::Soft { from, grace })
}

fn limits(source: &Source, raw: &RawLimits) -> Result<Limits, Failure> {
    let count = |value: &Number| -> Result<u64, Failure> {
        let number = u64::try_from(*value.get_ref()).ok();
        let number = number.filter(|number| (1..=limits::INTEGER).contains(number));
        number.ok_or_else(|| source.failure(value.span(), InvalidPolicy::Limits.to_string()))
    };
    Ok(Limits {
        launches: raw.launches.as_ref().map(count).transpose()?,
        running: raw.running.as_ref().map(|text| span(source, text)).transpose()?,
        days: raw.days.as_ref().map(count).transpose()?,
    })
}

fn trials(source: &Source, raw: Option<&Number>) -> Result<u8, Failure> {
    const TRIALS: RangeInclusive<u8> = 1..=10;
    let Some(value) = raw else {
        return Ok(1);
    };
    let trials = u8::try_from(*value.get_ref()).ok().filter(|trials| TRIALS.contains(trials));
    trials.ok_or_else(|| source.failure(value.span(), InvalidPolicy::Trials.to_string()))
}

/// A duration of at least a second.
fn span(source: &Source, text: &Spanned<String>) -> Result<Span, Failure> {
    let span: Span = parsed(source, text)?;
    if span == Span::default() {
        return Err(source.failure(text.span(), "a duration is at least 1s"));
    }
    Ok(span)
}
