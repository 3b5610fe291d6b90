//! A policy in the words of this command line.

use trybuy_formats::policy::{AcceptanceKind, Layout, TrialPolicy};

use super::choices::{ACCEPTANCE, LAYOUT, word_of};

/// The policy as labels and values.
pub(super) fn rows(policy: &TrialPolicy) -> [(&'static str, String); 4] {
    let acceptance = match policy.acceptance {
        AcceptanceKind::Explicit => "the user types a name",
        AcceptanceKind::RetypeCode => "the user types back a code",
        AcceptanceKind::Passive => "accepted unless the user declines",
    };
    let layout = match policy.layout {
        Layout::Leading => "control information in front",
        Layout::Dispersed => "control information inside the program's parts",
    };
    [
        ("trial", policy.in_words()),
        ("trials", trials(policy)),
        ("acceptance", format!("{} ({acceptance})", word_of(ACCEPTANCE, policy.acceptance))),
        ("layout", format!("{} ({layout})", word_of(LAYOUT, policy.layout))),
    ]
}

fn trials(policy: &TrialPolicy) -> String {
    let number = format!("{} per licensee", policy.trials);
    match policy.between {
        Some(between) => format!("{number}, {} between two", between.in_words()),
        None => number,
    }
}

/// The whole policy as lines, `label before → after` where it differs from another one.
pub(super) fn after(before: &TrialPolicy, after: &TrialPolicy) -> Vec<String> {
    pairs(before, after)
        .map(|(label, before, after)| match before == after {
            true => format!("{label:12}{after}"),
            false => format!("{label:12}{before} → {after}"),
        })
        .collect()
}

/// What differs, as `label before → after`.
pub(super) fn changes(before: &TrialPolicy, after: &TrialPolicy) -> Vec<String> {
    pairs(before, after)
        .filter(|(_, before, after)| before != after)
        .map(|(label, before, after)| format!("{label:12}{before} → {after}"))
        .collect()
}

fn pairs(
    before: &TrialPolicy,
    after: &TrialPolicy,
) -> impl Iterator<Item = (&'static str, String, String)> {
    let pairs = rows(before).into_iter().zip(rows(after));
    pairs.map(|((label, before), (_, after))| (label, before, after))
}
