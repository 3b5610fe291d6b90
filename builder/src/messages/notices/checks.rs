//! What `trybuy doctor` finds.

use std::path::Path;

use trybuy_formats::instant::Instant;
use trybuy_formats::slug::Slug;

use crate::licensing::seat_license::ClientLicense;
use crate::messages::licensing::CHECK_CLOCK;
use crate::messages::words;

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

/// The files are as they should be.
pub(crate) const FILES_PRIVATE: &str = "the Builder's files are yours alone";

/// The directory is as it should be.
pub(crate) const FILES_WRITABLE: &str = "the Builder can write its files";

/// The keys are as they should be.
pub(crate) const KEYS_USABLE: &str = "both keys are there and usable";

/// The key that licenses for services are encrypted to is as it should be.
pub(crate) const KEYS_FOR_LICENSES: &str = "what licenses for services need is there and usable";

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

/// This client's key is as it should be.
pub(crate) const SEAT_KEY_USABLE: &str = "this client's key is there and usable";

/// Licenses for services are all that this Builder is used for.
pub(crate) const NO_SETUP_NEEDED: &str =
    "not set up with a server, which only applications need and licenses for services do not";

/// The licenses for services are as they should be.
pub(crate) fn licenses_usable(count: usize) -> String {
    match count {
        0 => "there are none; get one with `trybuy license request GATEWAY`".to_owned(),
        1 => "1 license for a service can be used".to_owned(),
        count => format!("{count} licenses for services can be used"),
    }
}

/// A license for a service that cannot be used, and what to do.
pub(crate) fn license_unusable(license: &ClientLicense, reason: Slug) -> (String, String) {
    let fields = license.fields();
    let (id, gateway) = (fields.license_id, license.gateway());
    let end = license.usable_until().map(words::date).unwrap_or_default();
    let (what, help) = match reason {
        Slug::LicenseExpired => (
            format!("ended on {end}"),
            format!(
                "run `trybuy license renew {id}`, or `trybuy license remove {id}` if it is needed no more"
            ),
        ),
        Slug::LicenseForeign => (
            "is for another client: this client's key is not the one that it was issued for"
                .to_owned(),
            format!(
                "restore keys/seat.pkcs8 from a backup; without one, run `trybuy license remove {id}`, then \
                 `trybuy license request {gateway}`"
            ),
        ),
        _ => ("cannot be used yet".to_owned(), CHECK_CLOCK.to_owned()),
    };
    (format!("the license {id} for {} {} {what}", fields.product_id, fields.version), help)
}

/// What to do about a damaged license.
pub(crate) fn damaged_license(path: &Path, help: &str) -> String {
    format!("{help}; `trybuy license remove {}` removes this one", path.display())
}

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
