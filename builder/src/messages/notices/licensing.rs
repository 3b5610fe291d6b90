//! Licenses for the services behind gateways.

use std::path::Path;

use trybuy_formats::api::LicenseOutcome;
use trybuy_formats::ids::Label;
use trybuy_formats::instant::Instant;
use trybuy_formats::licensing::seat_license::SeatLicense;
use trybuy_formats::slug::Slug;

use super::until;
use crate::licensing::requestor::{Obtained, Refused, Source};
use crate::licensing::seat_license::ClientLicense;
use crate::messages::words::date;

/// The authority of a gateway was pinned, as its clients trust it at first use.
pub(crate) fn authority_pinned(gateway: &str, fingerprints: &[String]) -> String {
    format!(
        "From now on licenses for {gateway} are trusted if they are issued under this certifying authority \
         (SHA-256 of its certificate; compare it with your administrator's):\n{}",
        fingerprints.join("\n")
    )
}

/// The gateway refuses a license, so that another one was asked for. One that was upgraded keeps its id; so does one that
/// the license server issues again, as it knows of no revocation.
pub(crate) fn refused(refused: &Refused, other: &SeatLicense) -> String {
    let SeatLicense { license_id, product_id, version, .. } = refused.license.fields();
    let is_same = other.license_id == *license_id;
    if is_same && version.precedes(&other.version) {
        return format!(
            "Your license {license_id} for {product_id} {version} was upgraded before, so the newer one was asked for."
        );
    }
    if refused.slug == Slug::LicenseSuperseded {
        return format!(
            "A newer license took the place of your license {license_id} for {product_id} {version}, as the gateway says, \
             and was looked for."
        );
    }
    let advice = match refused.slug {
        _ if is_same => {
            "The license server issues it all the same: if the gateway goes on refusing it, tell its operator.".to_owned()
        }
        Slug::LicenseRevoked => format!(
            "Ask your administrator; if it was revoked and is still listed, remove it with `trybuy license remove \
             {license_id}`."
        ),
        _ => "If it stays so, tell your administrator.".to_owned(),
    };
    format!(
        "The gateway refuses your license {license_id} for {product_id} {version} ({}), so another one was looked for. \
         {advice}",
        refused.slug
    )
}

/// What came of a request.
pub(crate) fn obtained(obtained: &Obtained) -> String {
    let license = &obtained.license;
    let fields = license.fields();
    let what =
        format!("for {} {} {}", fields.product_id, fields.version, end(license.usable_until()));
    if let Some(ended) = &obtained.ended_upgrade {
        return upgrade_ended(ended, &what);
    }
    match obtained.source {
        Source::Cache => format!("There is a license {what} already."),
        Source::Kept if license.is_permanent() => format!(
            "The license {what} stays, as the gateway admits it. The license server offered a temporary one instead: \
             ask your administrator whether yours is to be replaced."
        ),
        Source::Kept => format!("There is no better license: the one {what} stays."),
        Source::Later => {
            format!("The license {what} stays: the one that came was issued before it.")
        }
        Source::Server(LicenseOutcome::Granted) => format!("You have a license {what}."),
        Source::Server(LicenseOutcome::Reissued) => {
            format!("Your license {what} was issued again.")
        }
        Source::Server(LicenseOutcome::Upgraded) => {
            format!("Your license was replaced by one {what}.")
        }
        Source::Server(LicenseOutcome::Temporary | LicenseOutcome::TemporaryAgain) => format!(
            "No license is free: you have a temporary one {what}. A permanent one takes its place as soon \
             as one is free; this client gets no second temporary one."
        ),
    }
}

/// A license is again what it was before an upgrade that has ended.
fn upgrade_ended(upgraded: &ClientLicense, what: &str) -> String {
    let SeatLicense { license_id, version, features, .. } = upgraded.fields();
    let features: Vec<&str> = features.iter().map(Label::as_str).collect();
    let with =
        if features.is_empty() { String::new() } else { format!(" with {}", features.join(", ")) };
    let ended = upgraded.usable_until().map(|end| format!(" on {}", date(end))).unwrap_or_default();
    format!(
        "The upgrade of your license {license_id} to version {version}{with} ended{ended}. Your license is {what} now."
    )
}

fn end(ends_at: Option<Instant>) -> String {
    until(ends_at)
}

/// No license is there.
pub(crate) const NO_LICENSES: &str =
    "There are no licenses. Get one with `trybuy license request GATEWAY`.";

/// A license was removed.
pub(crate) fn license_removed(license: &SeatLicense, gateway: &str) -> String {
    let SeatLicense { license_id, product_id, version, .. } = license;
    format!(
        "Removed the license {license_id} for {product_id} {version}. This client's key stays: unless the license was \
         revoked, `trybuy license request {gateway}` gets the same one again, which costs nothing."
    )
}

/// A temporary license that had ended was removed.
pub(crate) fn ended_temporary_removed(license: &SeatLicense, gateway: &str) -> String {
    let SeatLicense { license_id, product_id, version, .. } = license;
    format!(
        "Removed the temporary license {license_id} for {product_id} {version}, which had ended. There is no second \
         one: `trybuy license request {gateway}` gets a permanent license as soon as one is free."
    )
}

/// A damaged license was removed.
pub(crate) fn damaged_license_removed(path: &Path) -> String {
    format!(
        "Removed the damaged license {}. `trybuy license request GATEWAY` gets it again, which costs nothing.",
        path.display()
    )
}

/// A license was exported.
pub(crate) fn exported(certificate: &str, key: &str) -> String {
    format!(
        "Wrote {certificate} and {key}. Whoever has the key is this client: keep it to yourself.\n\
         For example: curl --cert {certificate} --key {key} https://GATEWAY/"
    )
}

/// The door is open.
pub(crate) fn listening(address: &str) -> String {
    format!("listening on {address}")
}

/// The door closes.
pub(crate) const CLOSING: &str = "Closing; connections that run may end within 5 seconds.";

/// The license could not be renewed, and the one that is there is good.
pub(crate) const GOES_ON: &str = "the license that is there goes on working";
