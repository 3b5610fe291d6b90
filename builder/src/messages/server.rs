//! The catalog server: connections, answers and downloads.

use trybuy_formats::api::{AccessCondition, Problem};
use trybuy_formats::ids::KeyId;
use trybuy_formats::slug::Slug;

use crate::error::Error;

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

/// How an answer is called that is none of a trybuy server.
const STRANGE: &str = "does not answer like a trybuy server";

/// The server answers, but not as a trybuy server.
pub(crate) fn strange_answer(url: &str, detail: impl std::fmt::Display) -> Error {
    Error::new(
        Slug::ServerError,
        format!("{url} {STRANGE}: {detail}"),
        "check the address; if it is right, tell the operator of the server",
    )
}

/// Whether that is what is wrong, and not what the server itself says to be wrong with it.
pub(super) fn is_strange_answer(error: &Error) -> bool {
    error.slug() == Slug::ServerError && error.explain().contains(STRANGE)
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
            "run the same command again; if it stays so, install trybuy again from its origin, or ask the operator of \
             the license server to install the image of this one"
        }
        Slug::NoFreeLicense | Slug::LicenseRequired => "ask your administrator for a license",
        Slug::LicenseRevoked => "ask your administrator why your license was revoked",
        Slug::LicenseSuperseded => {
            "run `trybuy license renew`, which gets what took its place, or says why there is nothing"
        }
        Slug::LicenseServerUnreachable | Slug::LicenseServerRestored => {
            "try again later; licenses that you have go on working"
        }
        _ => "try again later; if it stays so, tell the operator of the server",
    }
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
