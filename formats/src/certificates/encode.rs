//! Writes and signs what an authority issues.

use std::time::Duration;

use der::asn1::{Any, BitString};
use der::{DateTime, Decode as _, Encode as _, Sequence};
use x509_cert::certificate::Version;
use x509_cert::ext::Extension;
use x509_cert::name::Name;
use x509_cert::serial_number::SerialNumber;
use x509_cert::spki::{AlgorithmIdentifierOwned, ObjectIdentifier, SubjectPublicKeyInfoOwned};
use x509_cert::time::{Time, Validity};

use super::{Certificate, IssueError, Serial};
use crate::instant::Instant;
use crate::primitives::EcdsaKey;

/// `ecdsa-with-SHA256` (RFC 5758, section 3.2).
pub(super) const ECDSA_WITH_SHA256: AlgorithmIdentifierOwned = AlgorithmIdentifierOwned {
    oid: ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.2"),
    parameters: None,
};

/// What a certificate says.
pub(super) struct Body<'a> {
    pub(super) issuer: Name,
    pub(super) not_before: Instant,
    pub(super) not_after: Instant,
    pub(super) subject: Name,
    pub(super) spki: &'a [u8],
    pub(super) extensions: Vec<Extension>,
}

/// `TBSCertificate` (RFC 5280, section 4.1).
#[derive(Sequence)]
struct ToBeSigned {
    #[asn1(context_specific = "0")]
    version: Version,
    serial_number: SerialNumber,
    signature: AlgorithmIdentifierOwned,
    issuer: Name,
    validity: Validity,
    subject: Name,
    subject_public_key_info: SubjectPublicKeyInfoOwned,
    #[asn1(context_specific = "3")]
    extensions: Vec<Extension>,
}

/// `SEQUENCE { toBeSigned, signatureAlgorithm, signature }`, as of certificates, requests and lists.
#[derive(Sequence)]
struct Signed {
    to_be_signed: Any,
    algorithm: AlgorithmIdentifierOwned,
    signature: BitString,
}

/// Signs a certificate with a random serial number.
pub(super) fn certificate(key: &EcdsaKey, body: Body<'_>) -> Result<Certificate, IssueError> {
    let to_be_signed = ToBeSigned {
        version: Version::V3,
        serial_number: SerialNumber::new(Serial::random().as_bytes()).map_err(invalid)?,
        signature: ECDSA_WITH_SHA256,
        issuer: body.issuer,
        validity: Validity::new(time(body.not_before)?, time(body.not_after)?),
        subject: body.subject,
        subject_public_key_info: SubjectPublicKeyInfoOwned::from_der(body.spki).map_err(invalid)?,
        extensions: body.extensions,
    };
    let der = signed(key, &to_be_signed.to_der().map_err(invalid)?)?;
    Certificate::from_der(&der).map_err(|_| IssueError::Invalid)
}

/// Signs something in DER.
pub(super) fn signed(key: &EcdsaKey, to_be_signed: &[u8]) -> Result<Vec<u8>, IssueError> {
    let signature = key.sign(to_be_signed).map_err(IssueError::Signature)?;
    with_signature(to_be_signed, ECDSA_WITH_SHA256, &signature)
}

/// Puts a signature behind what it signs.
pub(super) fn with_signature(
    to_be_signed: &[u8],
    algorithm: AlgorithmIdentifierOwned,
    signature: &[u8],
) -> Result<Vec<u8>, IssueError> {
    let signed = Signed {
        to_be_signed: Any::from_der(to_be_signed).map_err(invalid)?,
        algorithm,
        signature: BitString::from_bytes(signature).map_err(invalid)?,
    };
    signed.to_der().map_err(invalid)
}

/// An instant as certificates write it (RFC 5280, section 4.1.2.5).
pub(super) fn time(instant: Instant) -> Result<Time, IssueError> {
    let since_1970 = Duration::from_secs(instant.unix().unsigned_abs());
    DateTime::from_unix_duration(since_1970).map(Time::from).map_err(invalid)
}

pub(super) fn invalid(_: der::Error) -> IssueError {
    IssueError::Invalid
}
