//! What is said of request and response files.

use std::io;
use std::path::Path;

use trybuy_formats::ids::ApplicationId;
use trybuy_formats::offline::OfflineError;
use trybuy_formats::signed::SignedError;
use trybuy_formats::slug::Slug;

use super::{local_file, usage, words};
use crate::error::Error;

/// Another copy of what was carried.
const COPY_AGAIN: &str = "copy it again; if it is no longer where it was relayed, or damaged there, remove it there and relay the request again";

/// The system's own words.
fn not_there() -> io::Error {
    io::Error::from_raw_os_error(libc::ENOENT)
}

/// What to do about a refusal of the server where it cannot be reached, if that is something else than
/// where it can.
pub(crate) fn help_by_file(slug: Slug) -> Option<&'static str> {
    match slug {
        Slug::EmailNotVerified => Some(
            "have a code sent with `trybuy setup --verify --request FILE`, then bring the one of the newest mail with `trybuy setup --verify --code CODE --request FILE`; for an address that gets no mail, set a Builder up in an empty data directory with another one",
        ),
        Slug::BuilderLicenseExpired | Slug::NoBuilderLicense => Some(
            "write a request with `trybuy setup --renew --request FILE`, and take its answer first",
        ),
        _ => None,
    }
}

/// There is no such request file.
pub(crate) fn request_missing(path: &Path) -> Error {
    local_file("read", path, not_there())
        .with_help("name the file that --request wrote on the machine without a network")
}

/// Another file is where a request or an answer was to be written.
pub(crate) fn another_file(path: &Path) -> Error {
    local_file("write", path, io::ErrorKind::AlreadyExists.into())
        .with_help("it is neither a request nor an answer: name another file")
}

/// The answer was to be written over its request.
pub(crate) fn answer_over_request(path: &Path) -> Error {
    local_file("write", path, io::ErrorKind::AlreadyExists.into())
        .with_help("name another file for the answer than that of the request")
}

/// There is no such response file.
pub(crate) fn response_missing(path: &Path) -> Error {
    local_file("read", path, not_there()).with_help("name the file that `trybuy relay` wrote")
}

/// A request file is none.
pub(crate) fn request_unusable(path: &Path, error: OfflineError) -> Error {
    Error::new(
        slug_of(error),
        format!("{} is no request file", path.display()),
        "write it again with --request on the machine without a network, and bring it as it is",
    )
    .caused_by(error)
}

/// A response file is none, or not from the server that was pinned.
pub(crate) fn response_unusable(path: &Path, error: OfflineError) -> Error {
    let (happened, help) = match error {
        OfflineError::Signed(SignedError::ForeignKey) => (
            "is from another server than the one this Builder was set up with",
            "relay the request to its own server, without --server",
        ),
        OfflineError::TooNew | OfflineError::Signed(SignedError::TooNew) => {
            ("is from a newer server", "install a newer trybuy on this machine")
        }
        _ => (
            "is no answer of a server",
            "bring it again as `trybuy relay` wrote it, or relay the same request again",
        ),
    };
    Error::new(slug_of(error), format!("{} {happened}", path.display()), help).caused_by(error)
}

fn slug_of(error: OfflineError) -> Slug {
    match error {
        OfflineError::TooNew | OfflineError::Signed(SignedError::TooNew) => Slug::FormatTooNew,
        OfflineError::Signed(SignedError::ForeignKey) => Slug::ServerKeyChanged,
        _ => Slug::FileDamaged,
    }
}

/// A response to something else.
pub(crate) fn other_request(path: &Path) -> Error {
    Error::new(
        Slug::OtherRequest,
        format!("{} does not answer the last request that this Builder wrote here", path.display()),
        "take the answer to the last request, or write a new request with --request; an answer is taken once",
    )
}

/// The machine has been started since it asked for the time.
pub(crate) fn time_answer_of_another_start(path: &Path) -> Error {
    Error::new(
        Slug::OtherRequest,
        format!(
            "{} answers a request that was written before this machine was last started, and nothing tells how old the answer is",
            path.display()
        ),
        "write another request with `trybuy doctor --request FILE`, and take its answer before the machine is started again; it may sleep, but not be switched off",
    )
}

/// What belongs to a response is not there.
pub(crate) fn carried_missing(path: &Path) -> Error {
    carried_file(path, not_there())
}

/// What belongs to a response cannot be read.
pub(crate) fn carried_file(path: &Path, error: io::Error) -> Error {
    local_file("read", path, error)
        .with_help("bring it together with the response: `trybuy relay` writes both")
}

/// What belongs to a response is not all there.
pub(crate) fn carried_file_incomplete(path: &Path, have: u64, length: u64) -> Error {
    Error::new(
        Slug::FileDamaged,
        format!("{} has {} of {}", path.display(), words::size(have), words::size(length)),
        COPY_AGAIN,
    )
}

/// What belongs to a response is refused: the server cannot be asked for it here.
pub(crate) fn carried_file_refused(error: Error) -> Error {
    match error.slug() {
        Slug::FileDamaged | Slug::WrongKey | Slug::LicenseeMismatch | Slug::HeadTooOld => {
            error.with_help(COPY_AGAIN)
        }
        _ => error,
    }
}

/// A head came for a file that is not there.
pub(crate) fn head_without_file(app: &ApplicationId) -> Error {
    Error::new(
        Slug::NotInstalled,
        format!(
            "the installed file of {app}, which this answer goes on with, is missing or damaged"
        ),
        format!("ask for the whole file: trybuy try {app} --request FILE"),
    )
}

/// Everything cannot be renewed at once by way of a file.
pub(crate) fn offline_needs_application() -> Error {
    usage("a request file is for one application", "name the application: `trybuy list` shows them")
}

/// There is nothing to buy with.
pub(crate) fn offline_key_missing() -> Error {
    usage("the purchase key is missing", "add `--key KEY`")
}
