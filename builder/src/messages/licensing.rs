//! Why there is no license for the service behind a gateway, and why a door cannot be opened.

use std::fmt::Display;
use std::io;
use std::path::Path;

use trybuy_formats::licensing::seat_license::SeatLicense;
use trybuy_formats::slug::Slug;
use trybuy_formats::words::counted;

use super::server::is_strange_answer;
use super::{local_file, strange_answer, usage, words};
use crate::error::Error;
use crate::licensing::cache::Objection;
use crate::licensing::gateway::Gateway;
use crate::licensing::requestor::Refused;
use crate::licensing::seat_license::ClientLicense;

/// What to do about a license that is not good yet, or no more, by a clock.
pub(super) const CHECK_CLOCK: &str = "check this computer's clock; if it is right, that of the license server is wrong: tell its \
                           operator. Then run `trybuy license renew`";

/// How to write the address of a gateway.
pub(crate) const GATEWAY_ADDRESS: &str = "write it like https://gateway.example.com:8443";

/// The key that seat licenses are for is missing or unusable.
pub(crate) fn no_seat_key(path: &Path, what: &str) -> Error {
    Error::new(
        Slug::NoBuilderKey,
        format!("this client's key {} {what}", path.display()),
        "restore it from a backup; without one, remove it, then run `trybuy license request GATEWAY`: \
         license servers then see another client, so ask your administrator to revoke the old licenses",
    )
}

/// An unencrypted gateway.
pub(crate) fn gateway_not_encrypted(text: &str) -> Error {
    usage(
        format!("{} is not encrypted: a license is presented in TLS", words::quoted(text)),
        GATEWAY_ADDRESS,
    )
}

/// A file of certificates is none.
pub(crate) fn no_ca(file: &str, why: &str) -> Error {
    usage(
        format!("{file} holds no certificates to trust: {why}"),
        "name a file with the certificates of an authority in PEM",
    )
}

/// What is remembered of a gateway is damaged.
pub(crate) fn gateway_record_damaged(path: &Path) -> Error {
    Error::new(
        Slug::LocalFile,
        format!("{} is damaged", path.display()),
        "remove it, then run `trybuy license request GATEWAY` with the certificates that you trust: \
         --authority FILE, and --ca FILE where the gateway's own is not of a public authority",
    )
}

/// The gateway shows another certifying authority.
pub(crate) fn authority_changed(gateway: &str) -> Error {
    Error::new(
        Slug::ServerKeyChanged,
        format!("{gateway} shows another certifying authority than the one that is trusted for it"),
        "do not go on: licenses may be forged there; ask your administrator, and if the authority is \
         really a new one, name its certificate with --authority FILE",
    )
}

/// The gateway answers, but not as one.
pub(crate) fn strange_gateway(gateway: &str, detail: impl Display) -> Error {
    strange_answer(gateway, detail)
        .with_help("check the address; if it is right, tell the operator of the gateway")
}

/// What to do where a gateway fails.
pub(crate) fn gateway_help(error: &Error) -> Option<&'static str> {
    match error.slug() {
        Slug::ServerUnreachable => Some(unreachable_help(&error.explain())),
        Slug::ServerError if is_strange_answer(error) => {
            Some("check the address; if it is right, tell the operator of the gateway")
        }
        Slug::ServerError => Some(
            "the gateway has a fault: try again later, and if it stays so, tell its operator; licenses that you have stay \
             valid",
        ),
        _ => None,
    }
}

/// Tells causes apart by the words of the TLS library, which are all that requests and doors have in common.
fn unreachable_help(cause: &str) -> &'static str {
    const LICENSE_REFUSED: [&str; 4] = ["Certificate", "UnknownCA", "DecryptError", "AccessDenied"];
    let alert = cause.split("received fatal alert").nth(1);
    if cause.contains("CaUsedAsEndEntity") {
        "the gateway uses a certificate that is meant for an authority (CA:TRUE) as its own: ask its operator for one \
         with CA:FALSE"
    } else if cause.contains("invalid peer certificate")
        && ["not valid yet", "NotValidYet", "expired", "Expired"]
            .iter()
            .any(|word| cause.contains(word))
    {
        "the gateway's certificate is not valid yet or no more by this computer's clock: check the clock; if it is right, \
         tell the operator of the gateway"
    } else if cause.contains("invalid peer certificate") {
        "this computer does not trust the gateway's certificate: if its authority is your company's own, \
         name that certificate with --ca FILE"
    } else if alert.is_some_and(|alert| LICENSE_REFUSED.iter().any(|word| alert.contains(word))) {
        "the gateway refuses your license: run `trybuy license renew`, then connect again; where your license came \
         from another gateway, run `trybuy license request` for this one instead"
    } else {
        "check the address and your connection, then try again; licenses that you have stay valid"
    }
}

/// A connection to the gateway cannot be made, or broke.
pub(crate) fn gateway_unreachable(gateway: &str, error: io::Error) -> Error {
    let help = unreachable_help(&error.to_string());
    Error::new(Slug::ServerUnreachable, format!("{gateway} cannot be reached"), help)
        .caused_by(error)
}

/// The gateway that a license came from cannot be reached, which is where it is renewed.
pub(crate) fn renewal_unreachable(error: Error) -> Error {
    let help = format!(
        "{}; where another gateway has taken its place, run `trybuy license request` with the address of that one",
        error.help()
    );
    error.with_help(help)
}

/// A license came that this client cannot use.
pub(crate) fn license_refused(slug: Slug) -> Error {
    let (happened, help) = match slug {
        Slug::LicenseExpired => ("the license that came has ended", CHECK_CLOCK),
        Slug::LicenseNotActive => ("the license that came is not valid yet", CHECK_CLOCK),
        Slug::LicenseForeign => (
            "the license that came is for another client, product or platform, or without a feature that the \
             service needs",
            "tell the operator of the license server; nothing was stored",
        ),
        Slug::LicenseTooOld => (
            "the license that came is for an older version than the service needs",
            "tell the operator of the license server; nothing was stored",
        ),
        _ => (
            "the license that came is not one of the certifying authority for this client",
            "do not go on: it may be forged; tell the operator of the gateway. Nothing was stored",
        ),
    };
    Error::new(slug, happened, help)
}

/// A license came that must not take the place of one that is here. Which of two authorities is the right one cannot be
/// known here: whoever was visited first is no better for that.
pub(crate) fn license_not_stored(
    old: &ClientLicense,
    objection: Objection,
    gateway: &Gateway,
) -> Error {
    let SeatLicense { license_id, .. } = old.fields();
    let (happened, help) = match objection {
        Objection::IssuedBefore => (
            format!("the license that came was issued before your license {license_id}"),
            format!(
                "the gateway may have passed on an old answer: try again later, and if it stays so, tell its operator. \
                 Nothing was stored; where yours is good for nothing any more, remove it with `trybuy license remove \
                 {license_id}`"
            ),
        ),
        Objection::OtherAuthority => (
            format!(
                "the license that came from {} is of another certifying authority than your license {license_id}, \
                 which came from {}",
                gateway.address(),
                old.gateway()
            ),
            format!(
                "one of the two is wrong: ask your administrator for the SHA-256 of the authority's certificate, which \
                 is {} at {}. If that is right, remove your license with `trybuy license remove {license_id}`, and run \
                 `trybuy license request {}`; if not, use that one no more. Nothing was stored",
                words::fingerprints(gateway.authorities()).join(" and "),
                gateway.address(),
                gateway.address()
            ),
        ),
    };
    Error::new(Slug::LicenseInvalid, happened, help)
}

/// A license is refused, and no other one came. It stays: who says so signs nothing.
pub(crate) fn no_license_but(refused: &Refused, why: &Error) -> Error {
    let SeatLicense { license_id, product_id, version, .. } = refused.license.fields();
    let happened = format!(
        "your license {license_id} for {product_id} {version} is refused ({}), as the gateway says, and there is no \
         other: {}",
        refused.slug,
        why.explain()
    );
    let is_for_now = matches!(why.slug(), Slug::ServerUnreachable | Slug::LicenseServerUnreachable);
    let ask = match (refused.slug, is_for_now) {
        (Slug::LicenseRevoked, true) => {
            "ask your administrator whether it was revoked, and try again later for another one"
        }
        (Slug::LicenseRevoked, false) => {
            "ask your administrator whether it was revoked, and for another one"
        }
        (Slug::LicenseSuperseded, true) => {
            "try again later: the newer one that took its place comes from the license server"
        }
        (_, true) => "try again later; if it stays so, ask your administrator",
        (_, false) => "ask your administrator for another one",
    };
    let help = format!(
        "{ask}; it stays here until you remove it with `trybuy license remove {license_id}`"
    );
    Error::new(why.slug(), happened, help)
}

/// The gateway refuses a license, and none that it admits came a moment ago.
pub(crate) fn refused_again(slug: Slug, seconds: u64) -> Error {
    Error::new(
        slug,
        "the gateway refuses your license, and none that it admits came when one was last asked for",
        format!(
            "another one is asked for in {} at the earliest; if it stays so, ask your administrator",
            counted(seconds, "second", "seconds")
        ),
    )
}

/// The gateway refuses a license, and what it was to let pass is not there any more.
pub(crate) fn refused_and_not_kept(slug: Slug) -> Error {
    Error::new(
        slug,
        "the gateway refuses the license that your request came with, and there is another one now",
        "send the request again: it did not reach the service, and was too large to be kept",
    )
}

/// The temporary license has ended, and there is no other.
pub(crate) fn no_free_license(temporary: &SeatLicense) -> Error {
    let end = temporary.ends_at.map(words::date).unwrap_or_default();
    Error::new(
        Slug::NoFreeLicense,
        format!(
            "your temporary license for {} ended on {end}, and no other license is free",
            temporary.product_id
        ),
        "ask your administrator for more licenses, then run the same command again",
    )
}

/// Key and license do not belong together, or cannot be used in TLS.
pub(crate) fn license_unusable() -> Error {
    Error::new(
        Slug::LicenseInvalid,
        "the license and this client's key cannot be used together",
        "run `trybuy license renew`",
    )
}

/// An entry of the license cache is damaged.
pub(crate) fn cached_license_damaged(path: &Path) -> Error {
    Error::new(
        Slug::LicenseInvalid,
        format!(
            "the license {} is damaged, or of an authority that is not trusted",
            path.display()
        ),
        "run `trybuy license request GATEWAY`: the same license is issued again and costs nothing",
    )
}

/// There is no such license.
pub(crate) fn no_such_license(name: &str) -> Error {
    Error::new(
        Slug::NotFound,
        format!("there is no license {}", words::quoted(name)),
        "see what there is with `trybuy license list`, and get one with `trybuy license request GATEWAY`",
    )
}

/// A product of which there are several licenses.
pub(crate) fn several_licenses(name: &str) -> Error {
    usage(
        format!("there are several licenses for {}", words::quoted(name)),
        "name one by its id, as `trybuy license list` shows it",
    )
}

/// A license is not exported over another file.
pub(crate) fn export_over_a_file(path: &Path) -> Error {
    local_file("make", path, io::ErrorKind::AlreadyExists.into())
        .with_help(
            "nothing is written over: name another directory, or to export a license anew remove certificate.pem and \
             key.pem there first",
        )
}

/// The door cannot be opened there.
pub(crate) fn cannot_listen(address: impl Display, error: io::Error) -> Error {
    let help = match error.kind() {
        io::ErrorKind::AddrInUse => {
            "another program listens there: end it, or name another place with --listen"
        }
        _ => "name another place with --listen, for example 127.0.0.1:8080 or unix:PATH",
    };
    Error::new(Slug::LocalFile, format!("cannot listen on {address}"), help).caused_by(error)
}

/// The system gives the door nothing to run with.
pub(crate) fn door_failed(error: io::Error) -> Error {
    Error::new(
        Slug::LocalFile,
        "the local door cannot be opened",
        "close other programs, then try again",
    )
    .caused_by(error)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustls::CertificateError;
    use rustls::pki_types::UnixTime;

    #[test]
    fn a_certificate_that_is_not_trusted_is_explained_by_its_cause() {
        let other =
            || rustls::OtherError(std::sync::Arc::new(io::Error::other("CaUsedAsEndEntity")));
        let time = UnixTime::now();
        for (cause, words) in [
            (CertificateError::NotValidYetContext { time, not_before: time }, "check the clock"),
            (CertificateError::ExpiredContext { time, not_after: time }, "check the clock"),
            (CertificateError::NotValidYet, "check the clock"),
            (CertificateError::Expired, "check the clock"),
            (CertificateError::UnknownIssuer, "--ca FILE"),
            (CertificateError::Other(other()), "CA:FALSE"),
        ] {
            let cause = rustls::Error::InvalidCertificate(cause).to_string();
            assert!(unreachable_help(&cause).contains(words), "{cause}");
        }
    }
}
