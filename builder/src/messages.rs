//! The catalogue of what the Builder says: refusals and failures here, notices in [`notices`],
//! single words and units in [`words`]. Elsewhere are the help of the command line
//! ([`crate::cli`]), the labels of what a command prints, and details that a message takes as an
//! argument, such as what is strange about an answer.
//!
//! Every failure says what happened, then what to do.

pub mod notices;
pub mod words;

mod licensing;
mod offline;
mod refusals;
mod terms;

use std::io;
use std::path::Path;

use trybuy_formats::api::{AccessCondition, Problem};
use trybuy_formats::ids::{ApplicationId, KeyId, Name, Platform};
use trybuy_formats::slug::Slug;

use crate::error::Error;

pub(crate) use licensing::{
    authority_changed, cached_license_damaged, cannot_listen, door_failed, export_over_a_file,
    gateway_help, gateway_not_encrypted, gateway_record_damaged, gateway_unreachable,
    license_refused, license_unusable, no_ca, no_free_license, no_seat_key, no_such_license,
    renewal_unreachable, revoked_without_another, several_licenses, strange_gateway,
};
pub(crate) use offline::{
    another_file, answer_over_request, carried_file, carried_file_incomplete, carried_file_refused,
    carried_missing, head_without_file, help_by_file, offline_key_missing,
    offline_needs_application, other_request, request_missing, request_unusable, response_missing,
    response_unusable, time_answer_of_another_start,
};
pub(crate) use refusals::{
    clock_first, clock_set_back, clock_state_damaged, execution, file_of_another, file_problem,
    refusal, state_problem,
};
pub(crate) use terms::{
    terms_declined, terms_need_a_code, terms_need_a_flag, terms_need_a_name, terms_not_accepted,
};

/// A local file could not be read, written, made, locked …
pub(crate) fn local_file(action: &str, path: &Path, error: io::Error) -> Error {
    if matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded) {
        return Error::new(
            Slug::DiskFull,
            format!("there is no room left to {action} {}", path.display()),
            "free some space on this disk, then run the same command again: it goes on where it stopped",
        );
    }
    let help = beyond_a_limit(&error).unwrap_or(match error.raw_os_error() {
        Some(libc::EISDIR | libc::ENOTDIR) => {
            "something else is where this file belongs: move it away, then run the same command again"
        }
        _ => {
            "check that the path and its permissions are as you want them; `trybuy doctor` checks all of them"
        }
    });
    Error::new(Slug::LocalFile, format!("cannot {action} {}", path.display()), help)
        .caused_by(error)
}

/// What helps where the system's limits for a process are too low.
fn beyond_a_limit(error: &io::Error) -> Option<&'static str> {
    match error.raw_os_error()? {
        libc::EMFILE | libc::ENFILE => {
            Some("close other programs, or raise the limit of open files (ulimit -n)")
        }
        libc::EFBIG => Some("raise the limit of file sizes (ulimit -f)"),
        libc::EAGAIN => Some("close other programs, or raise the limit of processes (ulimit -u)"),
        _ => None,
    }
}

/// Standard output cannot be written.
pub(crate) fn output_lost(error: io::Error) -> Error {
    Error::new(
        Slug::LocalFile,
        "standard output cannot be written",
        "make room where it goes to, or send it elsewhere, then run the same command again",
    )
    .caused_by(error)
}

/// Something that is no file where one belongs.
pub(crate) fn not_a_file(path: &Path) -> Error {
    local_file("use", path, io::Error::from_raw_os_error(libc::EISDIR))
}

/// Something else than a known file is in the way, or a known file has unknown contents.
pub(crate) fn unreadable_file(path: &Path, what_to_do: &str) -> Error {
    Error::new(Slug::LocalFile, format!("{} is damaged", path.display()), what_to_do)
}

/// There is no home directory.
pub(crate) fn no_home() -> Error {
    Error::new(
        Slug::LocalFile,
        "there is no home directory to keep the Builder's files in",
        "name a directory with --data-dir, or set TRYBUY_DATA_DIR",
    )
}

/// Another process holds a lock.
pub(crate) fn busy(what: &str) -> Error {
    Error::new(
        Slug::Busy,
        format!("another trybuy is {what}"),
        "wait until it has finished, then try again",
    )
}

/// There is no Builder license and no library.
pub(crate) fn not_set_up() -> Error {
    Error::new(
        Slug::NotSetUp,
        "this Builder has not been set up",
        "run `trybuy setup URL --name NAME --email EMAIL` with the address of a trybuy server",
    )
}

/// Setup was called again.
pub(crate) fn already_set_up(url: &str) -> Error {
    Error::new(
        Slug::AlreadySetUp,
        format!("this Builder has been set up with {url}"),
        "run `trybuy setup --renew` for a new Builder license; for another server, use another --data-dir",
    )
}

/// The license file or a key is missing or unusable, though there was a setup.
pub(crate) fn no_builder_license(what: &str) -> Error {
    Error::new(
        Slug::NoBuilderLicense,
        format!("there is no valid Builder license: {what}"),
        "run `trybuy setup` again with the address of your server: with the same keys it gets the same license back",
    )
}

/// The pinned key is not the one of the server that gave the license.
pub(crate) fn pinned_key_damaged(server_file: &Path) -> Error {
    Error::new(
        Slug::NoBuilderLicense,
        format!("{} does not hold the key that license.jws is signed with", server_file.display()),
        "restore it from a backup; without one, remove it, then run `trybuy setup` with the address of your server: with the same keys it gets the same license back",
    )
}

/// The private key is missing or unusable.
pub(crate) fn no_builder_key(path: &Path, what: &str) -> Error {
    Error::new(
        Slug::NoBuilderKey,
        format!("the Builder's key {} {what}", path.display()),
        "restore it from a backup; without one, remove the folder `keys` and license.jws beside it, then run `trybuy setup` again, `trybuy doctor`, and `trybuy try` for each application",
    )
}

/// Random keys could not be made.
pub(crate) fn key_generation() -> Error {
    Error::new(
        Slug::LocalFile,
        "the cryptographic library could not make or store keys",
        "try again; if it stays so, report it as a fault of the Builder",
    )
}

/// The command line is understood, but something is missing in it.
pub(crate) fn usage(happened: impl Into<String>, help: impl Into<String>) -> Error {
    Error::new(Slug::Usage, happened, help)
}

/// There is no address to set up with.
pub(crate) fn address_missing() -> Error {
    usage(
        "the address of a server is missing",
        "run `trybuy setup URL`, for example with https://try.example.com",
    )
}

/// Something has to be said, and there is nobody to ask.
pub(crate) fn flag_missing(flag: &str) -> Error {
    usage(format!("{flag} is missing"), format!("run it again with {flag}"))
}

/// What was typed is not what was asked for.
pub(crate) fn answer_refused(why: &str) -> Error {
    usage(why, "run it again, and type another")
}

/// The address of a server is not one.
pub(crate) fn bad_address(text: &str, why: &str) -> Error {
    usage(
        format!("{} is not an address of a server: {why}", words::quoted(text)),
        "write it like https://try.example.com or http://127.0.0.1:8080",
    )
}

/// An unencrypted address.
pub(crate) fn unencrypted_address(text: &str) -> Error {
    usage(
        format!("{text} is not encrypted"),
        "use https://; if that network is your own and nobody else's, add --insecure-http",
    )
}

/// The server does not answer.
pub(crate) fn server_unreachable(
    url: &str,
    cause: impl Into<Box<dyn std::error::Error + Send + Sync>>,
) -> Error {
    Error::new(
        Slug::ServerUnreachable,
        format!("{url} cannot be reached"),
        "check the address, your connection and the proxy settings, then run the same command again; what is installed runs without the server",
    )
    .caused_by(cause)
}

/// No encrypted connection can be made from this system.
pub(crate) fn no_certificates(cause: String) -> Error {
    Error::new(
        Slug::ServerUnreachable,
        format!("encrypted connections cannot be made from this system: {cause}"),
        "install the system's CA certificates (on Debian: ca-certificates), or set SSL_CERT_FILE",
    )
}

/// The server answers, but not as a trybuy server.
pub(crate) fn strange_answer(url: &str, detail: impl std::fmt::Display) -> Error {
    Error::new(
        Slug::ServerError,
        format!("{url} does not answer like a trybuy server: {detail}"),
        "check the address; if it is right, tell the operator of the server",
    )
}

/// The server shows another key.
pub(crate) fn server_key_changed(url: &str, pinned: KeyId, shown: KeyId) -> Error {
    Error::new(
        Slug::ServerKeyChanged,
        format!("{url} shows another key ({shown}) than the one pinned at setup ({pinned})"),
        "do not go on: this may be a forged server; ask its operator, and if the server is really a new one, set up in another --data-dir",
    )
}

/// A problem document of the server.
pub(crate) fn problem(problem: &Problem) -> Error {
    let mut happened = problem.title.trim_end_matches('.').to_owned();
    if let Some(detail) = problem.detail.as_deref().filter(|detail| !detail.is_empty()) {
        happened.push_str(": ");
        happened.push_str(detail.trim_end_matches('.'));
    }
    if let Some(condition) = problem.condition {
        let letter = match condition {
            AccessCondition::A => "A",
            AccessCondition::B => "B",
            AccessCondition::C => "C",
        };
        happened.push_str(&format!(" (access condition {letter})"));
    }
    let help = problem.help.clone().unwrap_or_else(|| problem_help(problem.slug).to_owned());
    Error::new(problem.slug, happened, help)
}

fn problem_help(slug: Slug) -> &'static str {
    match slug {
        Slug::NoBuilderLicense | Slug::BuilderLicenseExpired | Slug::Unauthorized => {
            "run `trybuy setup --renew`; if there is no license at all, `trybuy setup URL`"
        }
        Slug::NotFound => "look for it with `trybuy search`",
        Slug::RateLimited => "wait a minute, then try again",
        Slug::TrialLimitReached => "ask the vendor of the application for more time",
        Slug::LicenseeBlocked => "ask the vendor of the application",
        Slug::EmailNotVerified => "verify your e-mail address with `trybuy setup --verify`",
        Slug::KeyRefused => {
            "compare it with the key that you bought, or ask the vendor for another"
        }
        Slug::PlatformUnsupported => "see its platforms with `trybuy show`",
        Slug::TermsNotAccepted => "read the terms with `trybuy show`, then accept them",
        Slug::ClockSkew => "set this computer's clock",
        Slug::ClientImageUnknown | Slug::ClientImageRefused => {
            "install the release of trybuy that your administrator names, or ask for this one to be admitted"
        }
        Slug::ChallengeFailed => {
            "run the same command again; if it stays so, install trybuy again from its origin"
        }
        Slug::NoFreeLicense | Slug::LicenseRequired => "ask your administrator for a license",
        Slug::LicenseRevoked => "ask your administrator why your license was revoked",
        Slug::LicenseServerUnreachable | Slug::LicenseServerRestored => {
            "try again later; licenses that you have go on working"
        }
        _ => "try again later; if it stays so, tell the operator of the server",
    }
}

/// Removing needs a yes.
pub(crate) fn remove_needs_a_flag(name: &str) -> Error {
    usage(
        format!(
            "removing {} was not confirmed, and there is no terminal to ask on",
            words::quoted(name)
        ),
        "run it again with --yes",
    )
}

/// There is no such application in the library.
pub(crate) fn not_installed(app: &str) -> Error {
    Error::new(
        Slug::NotInstalled,
        format!("{} is not installed", words::quoted(app)),
        "see what is with `trybuy list`, find it with `trybuy search`, get it with `trybuy try`",
    )
}

/// The application is not offered for this machine.
pub(crate) fn platform_unsupported(
    app: &ApplicationId,
    own: &Platform,
    others: &[String],
) -> Error {
    Error::new(
        Slug::PlatformUnsupported,
        format!("{app} is not offered for {own}"),
        if others.is_empty() {
            "ask its vendor for a release".to_owned()
        } else {
            format!("it is offered for {}", others.join(", "))
        },
    )
}

/// A release was asked for that does not exist.
pub(crate) fn no_such_release(app: &ApplicationId, version: &str) -> Error {
    Error::new(
        Slug::NotFound,
        format!("{app} has no release {version} for this platform"),
        format!("see its releases with `trybuy show {app}`"),
    )
}

/// A release was asked for, and the trial that has begun is one of another.
pub(crate) fn trial_of_another_release(app: &ApplicationId, version: &str) -> Error {
    Error::new(
        Slug::TrialLimitReached,
        format!("your trial of {app} has begun with release {version} and stays with it"),
        format!(
            "run `trybuy try {app}` for that release; where the vendor allows another trial, it can be of another one"
        ),
    )
}

/// What was bought has ended.
pub(crate) fn purchase_over(name: &Name, app: &ApplicationId) -> Error {
    Error::new(
        Slug::TrialExpired,
        format!("the license of {name} has ended"),
        format!("buy it for longer with another key: `trybuy buy {app} --key KEY`"),
    )
}

/// There is nothing to buy with.
pub(crate) fn key_missing(name: &Name, homepage: Option<&str>) -> Error {
    let place = homepage.map_or_else(|| "its vendor".to_owned(), words::quoted);
    Error::new(
        Slug::Usage,
        format!("{name} is bought with a purchase key, and none was given"),
        format!("get one at {place}, then add `--key KEY`"),
    )
}

/// There is not enough room for a download.
pub(crate) fn disk_full(needed: u64, margin: u64, free: u64, directory: &Path) -> Error {
    Error::new(
        Slug::DiskFull,
        format!(
            "the download needs {} and {} beside it, and {} has {} left",
            words::size(needed),
            words::size(margin),
            directory.display(),
            words::size(free)
        ),
        "free some space, or keep the Builder's files on another disk with --data-dir",
    )
}

/// The connection broke too often.
pub(crate) fn download_broken(
    url: &str,
    percent: u64,
    cause: impl Into<Box<dyn std::error::Error + Send + Sync>>,
) -> Error {
    Error::new(
        Slug::ServerUnreachable,
        format!("the download from {url} broke off at {percent} %, several times in a row"),
        "run the same command again later: it goes on where it stopped",
    )
    .caused_by(cause)
}

/// What the server sends keeps changing.
pub(crate) fn download_unstable(url: &str) -> Error {
    Error::new(
        Slug::ServerError,
        format!("{url} sends another file each time, or one of another length than it announced"),
        "try again later; if it stays so, tell the operator of the server",
    )
}

/// The Builder license was renewed on other terms than those that were accepted.
pub(crate) fn builder_terms_changed() -> Error {
    terms_not_accepted(
        "the Builder license is ending, and the Builder's terms have changed since you accepted them",
        "read and accept the new terms with `trybuy setup --renew`",
    )
}
