//! Before, while and after a program runs.

use trybuy_formats::control::ControlInformation;
use trybuy_formats::ids::Name;
use trybuy_formats::instant::{Instant, Span};
use trybuy_formats::policy::Expiration;

use crate::messages::words;

/// How many days before the end of a trial its user is told at each launch.
const DAYS_AHEAD: u64 = 3;

/// The end of a trial that is refused at once from then on is near; nothing where it is not.
pub(crate) fn end_is_near(
    control: &ControlInformation,
    days_left: Option<u64>,
    launches: u64,
) -> Option<(String, &'static str)> {
    let name = &control.name;
    let last = control.limits.launches.is_some_and(|most| launches >= most);
    let days = days_left
        .filter(|days| matches!(control.expiration, Expiration::Hard {}) && *days <= DAYS_AHEAD);
    let what = match (control.ends_at, days) {
        _ if last => format!("this is the last launch of {name} that its license allows"),
        (Some(end), Some(_)) => {
            let left = words::left(days_left, None);
            format!("{name} may be used until {} ({left}), and not after that", words::date(end))
        }
        _ => return None,
    };
    Some((
        what,
        "if you do nothing, it is refused then, and what you made with it stays; `trybuy renew` asks \
         for another trial where its vendor allows one, `trybuy buy` makes it yours",
    ))
}

/// The time of a running program is over soon.
pub(crate) fn deadline_near(name: &Name, left: Span) -> (String, String) {
    (
        format!("{name} may run for another {}, and is then asked to end", left.in_words()),
        "save your work now; `trybuy renew` and `trybuy buy` say whether you can go on".to_owned(),
    )
}

/// The time of a running program is over.
pub(crate) fn deadline_reached(name: &Name, grace: Span) -> (String, String) {
    (
        format!("the time that {name} may run is over, and it is asked to end"),
        format!("it has {} to save", grace.in_words()),
    )
}

/// A program has ended, and processes that it started have not.
pub(crate) fn others_run_on(name: &Name, is_counted: bool) -> (String, String) {
    let counted = if is_counted { ", and that counts as use" } else { "" };
    (
        format!("{name} has ended, but what it started runs on{counted}"),
        "press Ctrl-C to ask all of it to end".to_owned(),
    )
}

/// The trial is over, and the program runs in its days of grace.
pub(crate) fn grace(
    control: &ControlInformation,
    until: Instant,
    days: Option<u64>,
    why: &str,
) -> (String, String) {
    let name = &control.name;
    let kind = words::kind(control.kind);
    let ended =
        control.ends_at.map_or_else(String::new, |end| format!(" ended on {}", words::date(end)));
    (
        format!(
            "the {kind} of {name}{ended}; it still runs until {} ({}; grace is {why})",
            words::date(until),
            words::left(days, None)
        ),
        "if you do nothing, it is refused from then on, and what you made with it stays; `trybuy renew` \
         asks for another trial, `trybuy buy` makes it yours"
            .to_owned(),
    )
}

/// What a run left could not be written down.
pub(crate) const RUNNING_NOT_RECORDED: &str = "the running time could not be recorded";

/// What to do about it while the program runs.
pub(crate) const RECORDED_LATER: &str = "it is kept and recorded once it can be: free some space on the disk, and see to it that the Builder can write its files, before the program ends";

/// What to do about it when the program has ended.
pub(crate) const NOT_RECORDED_AT_ALL: &str = "free some space on the disk, and see to it that the Builder can write its files: without that no further launch is possible either";
