//! Setup, the Builder license and the holder's address.

use trybuy_formats::ids::Email;
use trybuy_formats::instant::Instant;

use crate::messages::words;

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

/// Whether the Builder's terms are accepted.
pub(crate) const ASK_TERMS: &str = "Do you accept these terms?";

/// The holder's name.
pub(crate) const ASK_HOLDER: &str = "Your name:";

/// The holder's e-mail address.
pub(crate) const ASK_EMAIL: &str = "Your e-mail address:";
