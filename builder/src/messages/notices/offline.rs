//! Requests and answers by way of files.

use std::path::Path;

use trybuy_formats::api::{AcceptanceCode, Problem};
use trybuy_formats::ids::KeyId;
use trybuy_formats::offline::OfflineText;

use super::{relicensing_terms, terms};
use crate::messages::words;

/// The code comes later, and goes by way of a file.
pub(crate) const VERIFY_BY_FILE: &str =
    "When you have it, run `trybuy setup --verify --code CODE --request FILE`.";

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
