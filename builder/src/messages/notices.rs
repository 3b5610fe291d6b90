//! What the Builder says when nothing is wrong, or not wrong enough to stop.

mod checks;
mod licensing;
mod offline;
mod running;
mod setup;

use trybuy_formats::api::ApplicationDetails;
use trybuy_formats::control::ControlInformation;
use trybuy_formats::ids::{ApplicationId, Name};
use trybuy_formats::instant::Instant;
use trybuy_formats::policy::{Expiration, GraceFrom};

use super::words;
use crate::library::Listed;

pub(crate) use self::checks::*;
pub(crate) use self::licensing::*;
pub(crate) use self::offline::*;
pub(crate) use self::running::*;
pub(crate) use self::setup::*;

/// A connection that everybody on the way can read and change.
pub(crate) fn plain_transport(url: &str) -> (String, &'static str) {
    (
        format!("the connection to {url} is not encrypted: others can read what you ask for"),
        "use a server with https:// where the network is not your own",
    )
}

/// A trial was delivered before, here or to another Builder of the same licensee, and nothing is
/// remembered of it. Nothing where nothing depends on that.
pub(crate) fn state_recovered(control: &ControlInformation) -> Option<(String, &'static str)> {
    let limits = control.limits;
    let from_warning =
        matches!(control.expiration, Expiration::Soft { from: GraceFrom::FirstWarning, .. });
    let consequences = [
        limits.launches.map(|_| "its launches count as used up"),
        limits.running.map(|_| "its running time counts as used up"),
        limits.days.map(|_| "every day since it began counts as a day of use"),
        from_warning.then_some("its grace counts from its end"),
    ];
    let consequences: Vec<_> = consequences.into_iter().flatten().collect();
    let what = format!(
        "the trial of {} began before, and this Builder remembers nothing of it: {}",
        control.name,
        consequences.join(", ")
    );
    (!consequences.is_empty()).then_some((what, "if too little is left of it, `trybuy renew` begins another trial, where one is left or its vendor gives one"))
}

/// Licensing terms, before they are accepted.
pub(crate) fn terms(whose: &str, text: &str) -> String {
    format!("Licensing terms of {whose}:\n\n{}\n", text.trim_end())
}

/// By trying it, the terms are accepted.
pub(crate) const TERMS_PASSIVE: &str = "By trying the application you accept these terms.";

/// The way out of that.
pub(crate) const ASK_DECLINE: &str = "Go on?";

/// The name that accepts the terms.
pub(crate) const ASK_ACCEPTING_NAME: &str = "Type your name to accept these terms:";

/// The code that accepts the terms.
pub(crate) fn ask_code(code: &str) -> String {
    format!("Type the code {code} to accept these terms:")
}

/// Whether an application is to be removed.
pub(crate) fn ask_remove(name: &str) -> String {
    format!("Remove {name}? Its trial goes on: trying it again does not begin anew.")
}

/// The download begins, or goes on.
pub(crate) fn downloading(
    name: &str,
    release: &str,
    length: u64,
    resume_percent: Option<u64>,
) -> String {
    let size = words::size(length);
    match resume_percent {
        Some(percent) => format!("Downloading {name} {release} ({size}), resuming at {percent} %"),
        None => format!("Downloading {name} {release} ({size})"),
    }
}

/// The installed file is damaged or outdated.
pub(crate) const GETTING_AGAIN: &str = "The installed file is damaged; it is downloaded again.";

/// The downloaded file is damaged.
pub(crate) const DOWNLOAD_DAMAGED: &str =
    "The downloaded file is damaged; it is downloaded again from the beginning.";

/// The server has another file now.
pub(crate) const DOWNLOAD_CHANGED: &str =
    "The file on the server has changed; the download begins again.";

/// Installed.
pub(crate) fn installed(listed: &Listed) -> String {
    format!("{} is installed ({}).{}", what(listed), left(listed), how_to_run(listed))
}

/// Nothing to do.
pub(crate) fn already_installed(listed: &Listed) -> String {
    format!(
        "{} is installed already, and intact ({}).{}",
        what(listed),
        left(listed),
        how_to_run(listed)
    )
}

fn what(listed: &Listed) -> String {
    format!("{} {}", listed.name, listed.release.as_deref().unwrap_or_default())
}

fn left(listed: &Listed) -> String {
    words::left(listed.days_left, listed.reason)
}

/// What cannot be run says so when it is run, with what to do.
fn how_to_run(listed: &Listed) -> String {
    match listed.reason {
        None => format!(" Run it with `trybuy run {}`.", listed.application),
        Some(_) => String::new(),
    }
}

/// Only a head was fetched.
pub(crate) fn new_head(bytes: usize) -> String {
    let size = words::size(u64::try_from(bytes).unwrap_or(u64::MAX));
    format!("Nothing had to be downloaded again: {size} were enough.")
}

/// Until when something may be used.
fn until(ends_at: Option<Instant>) -> String {
    ends_at.map_or_else(|| "without an end".to_owned(), |end| format!("until {}", words::date(end)))
}

/// The vendor changed nothing, and the trial is not over.
pub(crate) fn nothing_to_renew(name: &Name, ends_at: Option<Instant>) -> String {
    format!("{name} may be used {} already, and its vendor changed nothing.", until(ends_at))
}

/// No vendor changed anything.
pub(crate) const NOTHING_RENEWED: &str = "Nothing that is installed has changed on the server.";

/// An installed application got another head.
pub(crate) fn renewed(control: &ControlInformation) -> String {
    format!(
        "{}: its vendor changed your license. It may be used {} now; {}.",
        control.name,
        until(control.ends_at),
        words::terms_of_use(control)
    )
}

/// An installed application has changed, and only its whole file will do.
pub(crate) fn changed(name: &Name, id: &ApplicationId) -> String {
    format!(
        "{name}: its vendor changed your license. Run `trybuy renew {id}` to download it again with \
         the change."
    )
}

/// Relicensing terms, before they are accepted.
pub(crate) fn relicensing_terms(whose: &str, text: &str) -> String {
    format!("Terms of buying {whose}:\n\n{}\n", text.trim_end())
}

/// The purchase key.
pub(crate) const ASK_KEY: &str = "Your purchase key:";

/// The user declined to remove it.
pub(crate) const NOTHING_REMOVED: &str = "Nothing was removed.";

/// Removed.
pub(crate) fn removed(name: &str) -> String {
    format!("{name} has been removed.")
}

/// Another process has what is needed.
pub(crate) fn waiting(whose: &str) -> String {
    format!("Waiting for another trybuy, which is working on {whose} ...")
}

/// Nothing found, nothing installed.
pub(crate) const NOTHING_FOUND: &str = "No application was found.";

/// The library is empty.
pub(crate) const NOTHING_INSTALLED: &str =
    "No application is installed. Find one with `trybuy search`, get it with `trybuy try`.";

/// Everything about one application of the catalog.
pub(crate) fn application(details: &ApplicationDetails) -> String {
    let mut lines = vec![
        format!("{} ({})", details.name, details.id),
        details.summary.clone(),
        String::new(),
        format!("Vendor:    {}", details.vendor),
    ];
    if let Some(homepage) = &details.homepage {
        lines.push(format!("Homepage:  {homepage}"));
    }
    if !details.categories.is_empty() {
        lines.push(format!("About:     {}", details.categories.join(", ")));
    }
    lines.push(format!("Trial:     {}", details.policy.in_words()));
    lines.push(format!("Trials:    {} for each licensee", details.policy.trials_in_words()));
    lines.push("Releases:".to_owned());
    for release in &details.releases {
        lines.push(format!(
            "  {}  {}  download {}, in memory {}, published {}",
            release.version,
            release.platform,
            words::size(release.download_size),
            words::size(release.program_size),
            words::date(release.published_at),
        ));
    }
    for (title, text) in [
        ("Documentation", &details.documentation),
        ("Licensing terms", &details.terms),
        ("Relicensing terms", &details.relicensing),
    ] {
        if !text.trim().is_empty() {
            lines.push(format!("\n{title}\n{}\n{}", "-".repeat(title.len()), text.trim_end()));
        }
    }
    lines.join("\n")
}
