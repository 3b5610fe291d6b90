//! The command line, and what is typed.

use trybuy_formats::slug::Slug;

use super::words;
use crate::error::Error;

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
