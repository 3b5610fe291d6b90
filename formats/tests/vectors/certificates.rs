//! Certificates and revocation lists.

use serde::Deserialize;
use serde_json::{Value, json};
use trybuy_formats::certificates::{
    Authorities, CertificateChain, RevocationList, RevocationReason, Role,
};
use trybuy_formats::instant::Instant;
use trybuy_formats::keys::key_id;

use super::classes::Refused;
use super::set::bytes;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Given {
    authorities: String,
    chain: String,
    role: GivenRole,
    at: Instant,
}

/// A role by its slug.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
enum GivenRole {
    Clearinghouse,
    LicenseServer,
    LicenseIssuer,
    ImageVendor,
    SeatLicense,
}

pub(crate) fn certificate(given: Given) -> Result<Value, Refused> {
    let authorities = Authorities::from_pem(&given.authorities)?;
    let chain = CertificateChain::from_pem(&given.chain)?;
    let role = match given.role {
        GivenRole::Clearinghouse => Role::Clearinghouse,
        GivenRole::LicenseServer => Role::LicenseServer,
        GivenRole::LicenseIssuer => Role::LicenseIssuer,
        GivenRole::ImageVendor => Role::ImageVendor,
        GivenRole::SeatLicense => {
            let license = authorities.verify_license(&chain, given.at)?;
            let certificate = license.certificate();
            return Ok(json!({
                "subject_id": certificate.subject_id(),
                "key_id": key_id(&certificate.spki()),
                "license": license.license(),
            }));
        }
    };
    let certificate = authorities.verify(&chain, role, given.at)?;
    Ok(json!({ "subject_id": certificate.subject_id(), "key_id": key_id(&certificate.spki()) }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct GivenList {
    issuer: String,
    certificate: String,
    list: String,
}

pub(crate) fn revocation_list(given: GivenList) -> Result<Value, Refused> {
    let issuer = CertificateChain::from_pem(&given.issuer)?;
    let certificate = CertificateChain::from_pem(&given.certificate)?;
    let list = RevocationList::from_der(&bytes(&given.list), issuer.leaf())?;
    let serial = certificate.leaf().serial().unwrap();
    Ok(json!({
        "entries": list.len(),
        "revoked": list.contains(&serial),
        "reason": list.reason(&serial).map(RevocationReason::as_str),
        "this_update": list.this_update(),
        "next_update": list.next_update(),
    }))
}
