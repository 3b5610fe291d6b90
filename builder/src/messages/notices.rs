//! What the Builder says when nothing is wrong, or not wrong enough to stop.

use std::path::Path;

use trybuy_formats::api::{AcceptanceCode, ApplicationDetails, Problem};
use trybuy_formats::control::ControlInformation;
use trybuy_formats::ids::{ApplicationId, Email, KeyId, Name};
use trybuy_formats::instant::{Instant, Span};
use trybuy_formats::offline::OfflineText;
use trybuy_formats::policy::{Expiration, GraceFrom};

use super::words;
use crate::library::Listed;

/// A connection that everybody on the way can read and change.
pub(crate) fn plain_transport(url: &str) -> (String, &'static str) {
    (
        format!("the connection to {url} is not encrypted: others can read what you ask for"),
        "use a server with https:// where the network is not your own",
    )
}

/// The Builder license has been renewed.
pub(crate) fn license_renewed(end: Option<Instant>) -> String {
    match end {
        Some(end) => format!("the Builder license has been renewed until {}", words::date(end)),
        None => "the Builder license has been renewed; it has no end".to_owned(),
    }
}

/// The Builder license ends soon and could not be renewed.
pub(crate) fn license_ends(end: Instant) -> String {
    format!("the Builder license ends on {} and could not be renewed now", words::date(end))
}

/// Setup has come to its end.
pub(crate) fn set_up(server: &str, end: Option<Instant>) -> String {
    let license = match end {
        Some(end) => format!("a Builder license until {}", words::date(end)),
        None => "a Builder license without an end".to_owned(),
    };
    format!(
        "This Builder is set up with {server}: {license}.\nFind applications with `trybuy search`."
    )
}

/// The server asks for a verified address, and there is no terminal to ask for the code on.
pub(crate) const VERIFY_LATER: &str = "The server wants to know that your e-mail address is yours before the first trial: run `trybuy setup --verify`.";
/// The server asks for no verified address.
pub(crate) const NOTHING_TO_VERIFY: &str =
    "The server does not ask for a verified e-mail address: there is nothing to do.";
/// What vendors are told from now on.
pub(crate) fn first_runs(told: bool) -> &'static str {
    if told {
        "At its contacts with the server this Builder tells on which day you first ran each trial."
    } else {
        "This Builder tells nobody when you first ran a trial. What it told before stays told."
    }
}

/// The code comes later.
pub(crate) const VERIFY_WITH_CODE: &str =
    "When you have it, run `trybuy setup --verify --code CODE`.";
/// The code comes later, and goes by way of a file.
pub(crate) const VERIFY_BY_FILE: &str =
    "When you have it, run `trybuy setup --verify --code CODE --request FILE`.";
/// The code that was sent.
pub(crate) const ASK_EMAIL_CODE: &str = "The code (Return alone: later):";

/// A code was sent.
pub(crate) fn email_code_sent(email: &Email, until: Instant) -> String {
    format!("A code was sent to {email}; it is valid until {}.", words::date(until))
}

/// The address is verified.
pub(crate) fn email_verified(email: &Email) -> String {
    format!("Your e-mail address {email} is verified.")
}

/// This computer's clock differs from the server's.
pub(crate) fn clock_differs(own: Instant, server: Instant) -> (String, &'static str) {
    (
        format!(
            "this computer's clock says {}, the server's {}",
            words::date(own),
            words::date(server)
        ),
        "set this computer's clock, or programs may be refused later",
    )
}

/// This computer's clock differs from what counts by the server's answer in a file.
pub(crate) fn clock_differs_by_file(own: Instant, counts: Instant) -> (String, &'static str) {
    (
        format!(
            "this computer's clock says {}, and {} counts now, by the time that the server signed",
            words::date(own),
            words::date(counts)
        ),
        "set this computer's clock if it is wrong; if it is right, write another request and relay it sooner: all the time since a request was written counts",
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
    (!consequences.is_empty()).then_some((what, "if too little is left of it, ask its vendor"))
}

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

/// This computer's clock is later than anything explains.
pub(crate) fn clock_ahead(own: Instant) -> (String, &'static str) {
    (
        format!(
            "this computer's clock says {}, which is later than anything else here tells",
            words::date(own)
        ),
        "if it is wrong, set it: then that time counts no more; if it is right, see to it that the server can be reached: this check asks it for the time; without a network, `trybuy doctor --request FILE`",
    )
}

/// This computer's clock is earlier than the time is.
pub(crate) fn clock_behind(own: Instant, time: Instant) -> (String, &'static str) {
    (
        format!(
            "this computer's clock says {}, but it is {} at least, which counts",
            words::date(own),
            words::date(time)
        ),
        "set this computer's clock, or programs may be refused after the next start",
    )
}

/// Licensing terms, before they are accepted.
pub(crate) fn terms(whose: &str, text: &str) -> String {
    format!("Licensing terms of {whose}:\n\n{}\n", text.trim_end())
}

/// By trying it, the terms are accepted.
pub(crate) const TERMS_PASSIVE: &str = "By trying the application you accept these terms.";
/// The way out of that.
pub(crate) const ASK_DECLINE: &str = "Go on?";

/// Whether the Builder's terms are accepted.
pub(crate) const ASK_TERMS: &str = "Do you accept these terms?";
/// The holder's name.
pub(crate) const ASK_HOLDER: &str = "Your name:";
/// The holder's e-mail address.
pub(crate) const ASK_EMAIL: &str = "Your e-mail address:";
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

/// The files are as they should be.
pub(crate) const FILES_PRIVATE: &str = "the Builder's files are yours alone";
/// The directory is as it should be.
pub(crate) const FILES_WRITABLE: &str = "the Builder can write its files";
/// The keys are as they should be.
pub(crate) const KEYS_USABLE: &str = "both keys are there and usable";
/// The clock, without a server to compare it with.
pub(crate) const CLOCK_CONSISTENT: &str = "not set back; not compared with a server";
/// What to do about a time that cannot be told without a server.
pub(crate) const CLOCK_NEEDS_SERVER: &str = "set the clock; if it is right, see to it that the server can be reached: this check asks it for the time; without a network, `trybuy doctor --request FILE`";
/// What to do about a license that has ended by a clock that is wrong.
pub(crate) const CLOCK_FIRST: &str =
    "see to the clock first: the license may turn out not to have ended";
/// The clock, compared with the server's.
pub(crate) const CLOCK_AGREES: &str = "agrees with the server's";
/// What to do about a full disk.
pub(crate) const FREE_SOME_SPACE: &str = "free some space before you try further applications";

/// Others could read a file.
pub(crate) fn file_open_to_others(path: &std::path::Path) -> (String, String) {
    let path = path.display();
    (format!("others can read {path}"), format!("run: chmod -R go= {path}"))
}

/// Until when the Builder is licensed.
pub(crate) fn license_until(end: Option<Instant>) -> String {
    match end {
        Some(end) => {
            format!("valid until {}; it is renewed at a contact with the server", words::date(end))
        }
        None => "valid, without an end".to_owned(),
    }
}

/// How many applications are installed.
pub(crate) fn applications_installed(count: usize) -> String {
    match count {
        1 => "1 application is installed".to_owned(),
        count => format!("{count} applications are installed"),
    }
}

/// Room on the disk.
pub(crate) fn room_left(size: &str) -> String {
    format!("{size} left")
}

/// The server answers.
pub(crate) fn server_answers(url: &str) -> String {
    format!("{url} answers, with the pinned key")
}

/// What is remembered of the time has been repaired.
pub(crate) fn clock_repaired(time: Instant) -> String {
    format!(
        "what was remembered of the time has been repaired: the server signed {}",
        words::date(time)
    )
}

/// A request file was written.
pub(crate) fn request_written(file: &Path) -> String {
    let file = file.display();
    format!(
        "{file} is written. On a machine with a network: trybuy relay {file} {file}.answer\nThen here: the same command with --response {file}.answer"
    )
}

/// Terms that came with a response.
pub(crate) fn offline_terms(about: &OfflineText, text: &str) -> String {
    let shown =
        if about.relicensing { relicensing_terms(&about.of, text) } else { terms(&about.of, text) };
    format!("{shown}\nSHA-256 of these terms: {}", about.digest)
}

/// How terms are accepted by way of a file.
pub(crate) fn accept_offline(command: &str, code: Option<&AcceptanceCode>) -> String {
    match code {
        Some(code) => format!(
            "read the terms, then run before {}: {command} --accept-terms --code {} --request FILE",
            words::date(code.expires_at),
            code.code
        ),
        None => format!(
            "read the terms, then write a request that accepts them: {command} --accept-terms --request FILE, with --name NAME where the vendor asks for your name"
        ),
    }
}

/// A request is brought to another address than its own.
pub(crate) fn relayed_elsewhere(own: &str, other: &str) -> (String, &'static str) {
    (
        format!("the request is for {own}, and is brought to {other}"),
        "leave out --server, or unset TRYBUY_SERVER, to bring it to its own server",
    )
}

/// The server refused what was relayed.
pub(crate) fn relayed_refusal(problem: &Problem) -> String {
    format!("The server refused it: {}. The answer says so to the one who asked.", problem.title)
}

/// An answer was relayed.
pub(crate) fn relayed(server: &str, response: &Path, with: Option<&Path>) -> String {
    let files = match with {
        Some(with) => format!("{} and {}", response.display(), with.display()),
        None => response.display().to_string(),
    };
    format!("{server} has answered. Bring back {files}.")
}

/// The key of a server was pinned by way of a file.
pub(crate) fn server_pinned(key: KeyId) -> String {
    format!("The server's key is {key}. Compare it with what the server's operator says.")
}
