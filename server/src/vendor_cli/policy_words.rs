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

/// What differs, as `label before → after`.
pub(super) fn changes(before: &TrialPolicy, after: &TrialPolicy) -> Vec<String> {
    let pairs = rows(before).into_iter().zip(rows(after));
    pairs
        .filter(|((_, before), (_, after))| before != after)
        .map(|((label, before), (_, after))| format!("{label:12}{before} → {after}"))
        .collect()
}
