//! Licenses for the services behind gateways.

use trybuy_formats::api::{GatewayInfo, LicenseOutcome};
use trybuy_formats::instant::Instant;

use super::until;
use crate::licensing::requestor::{Obtained, Source};

/// The authority of a gateway was pinned, as its clients trust it at first use.
pub(crate) fn authority_pinned(gateway: &str, digests: &[String]) -> String {
    format!(
        "From now on licenses for {gateway} are trusted if they are issued under this certifying authority \
         (SHA-256 of its certificate; compare it with your administrator's):\n{}",
        digests.join("\n")
    )
}

/// What came of a request.
pub(crate) fn obtained(obtained: &Obtained) -> String {
    let license = &obtained.license;
    let fields = license.fields();
    let what =
        format!("for {} {} {}", fields.product_id, fields.version, end(license.usable_until()));
    match obtained.source {
        Source::Cache => format!("There is a license {what} already."),
        Source::Kept if license.is_permanent() => format!(
            "The license {what} stays. The license server offered a temporary one instead: if the gateway \
             does not admit yours any more, ask your administrator whether it was revoked."
        ),
        Source::Kept => format!("There is no better license: the one {what} stays."),
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

fn end(ends_at: Option<Instant>) -> String {
    until(ends_at)
}

/// The license does not enable all that the service wants.
pub(crate) fn features_missing(info: &GatewayInfo, missing: &[String]) -> (String, &'static str) {
    (
        format!(
            "the license does not enable what the service asks for: {} of {}",
            missing.join(", "),
            info.product_id
        ),
        "ask your administrator for a license with these features",
    )
}

/// No license is there.
pub(crate) const NO_LICENSES: &str =
    "There are no licenses. Get one with `trybuy license request GATEWAY`.";

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
