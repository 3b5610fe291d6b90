//! A certificate that a server signs itself, for its clients to trust by name. It has nothing to do with the
//! certifying authority of licenses.

use core::net::IpAddr;

use der::asn1::{Ia5String, ObjectIdentifier, OctetString};
use x509_cert::ext::pkix::name::GeneralName;
use x509_cert::ext::pkix::{
    BasicConstraints, ExtendedKeyUsage, KeyUsage, KeyUsages, SubjectAltName,
};

use super::encode::{self, Body, invalid};
use super::extensions::{self, extension};
use super::{Certificate, IssueError, names};
use crate::instant::{Instant, Span};
use crate::primitives::EcdsaKey;

/// TLS server authentication (RFC 5280, section 4.2.1.12).
const SERVER_AUTHENTICATION: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.1");

/// The certificate of a TLS server that is reached by these names and addresses.
///
/// # Errors
/// [`IssueError::Invalid`] when there is no host, or one that certificates cannot hold.
pub fn self_signed(
    key: &EcdsaKey,
    hosts: &[String],
    now: Instant,
    validity: Span,
) -> Result<Certificate, IssueError> {
    let first = hosts.first().ok_or(IssueError::Invalid)?;
    let alternatives = hosts.iter().map(|host| general_name(host)).collect::<Result<_, _>>()?;
    let subject = names::name(first, None)?;
    let usage = KeyUsage(KeyUsages::DigitalSignature.into());
    let constraints = BasicConstraints { ca: false, path_len_constraint: None };
    let purposes = ExtendedKeyUsage(vec![SERVER_AUTHENTICATION]);
    let body = Body {
        issuer: subject.clone(),
        not_before: now,
        not_after: now.plus(validity),
        subject,
        spki: key.spki(),
        extensions: vec![
            extension(extensions::BASIC_CONSTRAINTS, true, &constraints)?,
            extension(extensions::KEY_USAGE, true, &usage)?,
            extension(extensions::EXTENDED_KEY_USAGE, false, &purposes)?,
            extension(extensions::SUBJECT_ALTERNATIVE_NAME, false, &SubjectAltName(alternatives))?,
        ],
    };
    encode::certificate(key, body)
}

fn general_name(host: &str) -> Result<GeneralName, IssueError> {
    Ok(match host.parse() {
        Ok(IpAddr::V4(address)) => {
            GeneralName::IpAddress(OctetString::new(address.octets()).map_err(invalid)?)
        }
        Ok(IpAddr::V6(address)) => {
            GeneralName::IpAddress(OctetString::new(address.octets()).map_err(invalid)?)
        }
        Err(_) => GeneralName::DnsName(Ia5String::new(host).map_err(invalid)?),
    })
}
