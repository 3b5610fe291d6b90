//! The acceptance of licensing terms.

use trybuy_formats::instant::Instant;
use trybuy_formats::slug::Slug;

use super::words;
use crate::error::Error;

/// The licensing terms were not accepted.
fn terms_not_accepted(happened: &str, help: impl Into<String>) -> Error {
    Error::new(Slug::TermsNotAccepted, happened, help)
}

/// Terms cannot be asked for without a terminal.
pub(crate) fn terms_need_a_flag() -> Error {
    terms_not_accepted(
        "the terms were not accepted, and there is no terminal to ask on",
        "read them, then run the same command with --accept-terms",
    )
}

/// The user declined.
pub(crate) fn terms_declined() -> Error {
    terms_not_accepted(
        "the terms were not accepted",
        "nothing was changed; run the same command again if you want to accept them",
    )
}

/// The vendor wants a name typed.
pub(crate) fn terms_need_a_name() -> Error {
    terms_not_accepted(
        "the vendor asks you to accept the terms with your name, and there is no terminal to ask on",
        "read the terms, then run the same command with --accept-terms --name \"YOUR NAME\"",
    )
}

/// The vendor wants a code retyped.
pub(crate) fn terms_need_a_code(command: &str, code: &str, until: Instant) -> Error {
    terms_not_accepted(
        "the vendor asks you to accept the terms by retyping a code, and there is no terminal to ask on",
        format!(
            "read the terms, then run before {}: {command} --accept-terms --code {code}",
            words::date(until)
        ),
    )
}

/// The Builder license was renewed on other terms than those that were accepted.
pub(crate) fn builder_terms_changed() -> Error {
    terms_not_accepted(
        "the Builder license is ending, and the Builder's terms have changed since you accepted them",
        "read and accept the new terms with `trybuy setup --renew`",
    )
}
