//! The words of a policy that a vendor chooses among, the same in the manifest and on the command
//! line.

use clap::builder::{PossibleValuesParser, TypedValueParser};
use trybuy_formats::policy::{AcceptanceKind, GraceFrom, Layout, OnExpiry};

/// Words and what each stands for.
pub(super) type Choices<T> = &'static [(&'static str, T)];

/// Hard or soft expiration, before the grace is known.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum ExpirationKind {
    /// Refuse at once.
    Hard,
    /// Warn and allow for a grace.
    Soft,
}

pub(super) const EXPIRATION: Choices<ExpirationKind> =
    &[("hard", ExpirationKind::Hard), ("soft", ExpirationKind::Soft)];
pub(super) const GRACE_FROM: Choices<GraceFrom> =
    &[("expiration", GraceFrom::Expiration), ("first-warning", GraceFrom::FirstWarning)];
pub(super) const ACCEPTANCE: Choices<AcceptanceKind> = &[
    ("explicit", AcceptanceKind::Explicit),
    ("retype-code", AcceptanceKind::RetypeCode),
    ("passive", AcceptanceKind::Passive),
];
pub(super) const LAYOUT: Choices<Layout> =
    &[("leading", Layout::Leading), ("dispersed", Layout::Dispersed)];

pub(super) const ON_EXPIRY: Choices<OnExpiry> =
    &[("finish", OnExpiry::Finish), ("warn", OnExpiry::Warn), ("terminate", OnExpiry::Terminate)];

/// What the word stands for.
pub(super) fn choose<T: Copy>(choices: Choices<T>, word: &str) -> Option<T> {
    choices.iter().find(|(name, _)| *name == word).map(|(_, value)| *value)
}

/// The word that stands for the value.
pub(super) fn word_of<T: Copy + PartialEq>(choices: Choices<T>, value: T) -> &'static str {
    choices.iter().find(|(_, other)| *other == value).map_or("", |(name, _)| name)
}

/// An option of the command line that takes one of the words.
pub(super) fn parser<T>(choices: Choices<T>) -> impl TypedValueParser<Value = T>
where
    T: Copy + Send + Sync + 'static,
{
    PossibleValuesParser::new(choices.iter().map(|(name, _)| *name))
        .try_map(move |word| choose(choices, &word).ok_or("not one of the possible values"))
}

/// The candidate that the word was probably meant to be.
pub(super) fn nearest<'a>(
    word: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    let scored = candidates.into_iter().map(|c| (strsim::jaro_winkler(word, c), c));
    let best = scored.max_by(|(a, _), (b, _)| a.total_cmp(b));
    best.filter(|(score, _)| *score > 0.75).map(|(_, candidate)| candidate)
}
