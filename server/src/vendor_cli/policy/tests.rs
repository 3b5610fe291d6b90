use trybuy_formats::instant::Span;
use trybuy_formats::policy::{AcceptanceKind, Layout, OnExpiry};

use super::*;

fn hard() -> TrialPolicy {
    TrialPolicy {
        duration: Span::seconds(30 * 86_400),
        expiration: Expiration::Hard {},
        limits: Limits { launches: Some(50), ..Limits::default() },
        on_expiry: OnExpiry::Finish,
        trials: 1,
        between: None,
        acceptance: AcceptanceKind::Explicit,
        layout: Layout::Leading,
    }
}

fn soft() -> TrialPolicy {
    let grace = Span::seconds(7 * 86_400);
    TrialPolicy { expiration: Expiration::Soft { from: GraceFrom::FirstWarning, grace }, ..hard() }
}

fn days(days: u64) -> Option<Span> {
    Some(Span::seconds(days * 86_400))
}

fn words(before: TrialPolicy, changes: PolicyChanges) -> String {
    match changed(before, &changes) {
        Ok(policy) => policy.in_words(),
        Err(failure) => failure.report(),
    }
}

#[test]
fn only_what_is_named_changes() {
    let changes = PolicyChanges { trials: Some(3), ..PolicyChanges::default() };
    assert_eq!(changed(soft(), &changes), Ok(TrialPolicy { trials: 3, ..soft() }));
    let changes = PolicyChanges { duration: days(14), ..PolicyChanges::default() };
    assert_eq!(words(hard(), changes), "14 days, then refused at once; at most 50 launches");
    let changes = PolicyChanges { grace: days(3), ..PolicyChanges::default() };
    assert_eq!(
        words(soft(), changes),
        "30 days, then 3 days of grace from the first warning; at most 50 launches"
    );
}

#[test]
fn a_limit_is_set_and_taken_away() {
    let changes = PolicyChanges {
        max_launches: Some(LimitChange(None)),
        max_days: Some(LimitChange(Some(14))),
        ..PolicyChanges::default()
    };
    assert_eq!(words(hard(), changes), "30 days, then refused at once; at most 14 days of use");
}

#[test]
fn the_grace_goes_with_the_expiration() {
    let to_soft =
        || PolicyChanges { expiration: Some(ExpirationKind::Soft), ..PolicyChanges::default() };
    let to_hard =
        || PolicyChanges { expiration: Some(ExpirationKind::Hard), ..PolicyChanges::default() };
    let with_grace = |changes: PolicyChanges| PolicyChanges { grace: days(2), ..changes };
    let cases = [
        (soft(), to_hard(), "30 days, then refused at once; at most 50 launches"),
        (
            hard(),
            with_grace(to_soft()),
            "30 days, then 2 days of grace from expiration; at most 50 launches",
        ),
        (
            soft(),
            with_grace(to_soft()),
            "30 days, then 2 days of grace from the first warning; at most 50 launches",
        ),
        (
            hard(),
            to_soft(),
            "error[usage]: a soft expiration needs a grace\nhelp: add for example `--grace 7d`\n",
        ),
        (
            hard(),
            with_grace(PolicyChanges::default()),
            "error[usage]: the expiration is hard and has no grace\n\
             help: add `--expiration soft`\n",
        ),
        (
            soft(),
            with_grace(to_hard()),
            "error[usage]: a hard expiration has no grace\n\
             help: leave out --grace and --grace-from, or use `--expiration soft`\n",
        ),
    ];
    for (before, changes, expected) in cases {
        assert_eq!(words(before, changes), expected);
    }
}

#[test]
fn a_value_out_of_its_range_is_refused() {
    let changes = PolicyChanges { duration: Some(Span::default()), ..PolicyChanges::default() };
    assert_eq!(words(hard(), changes), "error[usage]: a trial lasts 1s to 36525d\n");
}
