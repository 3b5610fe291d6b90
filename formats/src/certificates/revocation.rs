//! Revocation lists (RFC 5280, section 5; `CT-10`).

use std::collections::BTreeSet;

use der::asn1::Uint;
use der::pem::{self, LineEnding};
use der::{Decode as _, Encode as _};
use x509_cert::certificate::Version;
use x509_cert::crl::{CertificateList, RevokedCert, TbsCertList};
use x509_cert::ext::pkix::CrlNumber;
use x509_cert::serial_number::SerialNumber;

use super::encode::{self, ECDSA_WITH_SHA256, invalid, time};
use super::extensions::{authority_key, extension};
use super::verify::check_signed;
use super::{Certificate, CertificateError, IssueError, Serial};
use crate::instant::Instant;
use crate::limits;
use crate::primitives::EcdsaKey;

/// A certificate that was revoked.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Revoked {
    /// Its serial number.
    pub serial: Serial,
    /// When.
    pub at: Instant,
}

/// A revocation list whose signature was verified.
#[derive(Clone, Debug)]
pub struct RevocationList {
    serials: BTreeSet<Serial>,
    this_update: Instant,
    next_update: Instant,
}

impl RevocationList {
    /// Reads a list in DER and verifies that an issuer signed it.
    ///
    /// # Errors
    /// [`CertificateError::Malformed`], [`CertificateError::Untrusted`] when it is of another issuer,
    /// [`CertificateError::Signature`], and [`CertificateError::Profile`].
    pub fn from_der(der: &[u8], issuer: &Certificate) -> Result<Self, CertificateError> {
        if der.len() > limits::REVOCATION_LIST {
            return Err(CertificateError::Malformed);
        }
        let list = CertificateList::<x509_cert::certificate::Rfc5280>::from_der(der)
            .map_err(|_| CertificateError::Malformed)?;
        let body = list.tbs_cert_list.to_der().map_err(|_| CertificateError::Malformed)?;
        let signature = list.signature.as_bytes().ok_or(CertificateError::Signature)?;
        if list.tbs_cert_list.issuer != *issuer.parsed().tbs_certificate().subject() {
            return Err(CertificateError::Untrusted);
        }
        check_signed(&list.signature_algorithm, &issuer.spki(), &body, signature)?;
        Self::read(list.tbs_cert_list).ok_or(CertificateError::Profile)
    }

    fn read(body: TbsCertList) -> Option<Self> {
        let instant = |time: x509_cert::time::Time| {
            Instant::from_unix(i64::try_from(time.to_unix_duration().as_secs()).ok()?)
        };
        let revoked = body.revoked_certificates.unwrap_or_default();
        let serials =
            revoked.iter().map(|entry| Serial::from_bytes(entry.serial_number.as_bytes()));
        Some(Self {
            serials: serials.collect::<Option<_>>()?,
            this_update: instant(body.this_update)?,
            next_update: instant(body.next_update?)?,
        })
    }

    /// Whether a certificate of the issuer was revoked.
    pub fn contains(&self, serial: &Serial) -> bool {
        self.serials.contains(serial)
    }

    /// How many were.
    pub fn len(&self) -> usize {
        self.serials.len()
    }

    /// Whether none was.
    pub fn is_empty(&self) -> bool {
        self.serials.is_empty()
    }

    /// When it was signed.
    pub fn this_update(&self) -> Instant {
        self.this_update
    }

    /// When the next one is there at the latest.
    pub fn next_update(&self) -> Instant {
        self.next_update
    }
}

/// A list in PEM (RFC 7468, section 6), as stock servers read it.
pub fn revocation_list_pem(der: &[u8]) -> String {
    pem::encode_string("X509 CRL", LineEnding::LF, der)
        .expect("DER of any length has a form in PEM")
}

/// Signs a list: its number grows with each, and the next one comes at the latest at `next`.
pub(super) fn list(
    key: &EcdsaKey,
    issuer: &Certificate,
    mut revoked: Vec<Revoked>,
    number: u64,
    now: Instant,
    next: Instant,
) -> Result<Vec<u8>, IssueError> {
    revoked.sort();
    let entries: Vec<RevokedCert> = revoked.iter().map(entry).collect::<Result<_, _>>()?;
    let number = CrlNumber(Uint::new(&number.to_be_bytes()).map_err(invalid)?);
    let number_oid = der::asn1::ObjectIdentifier::new_unwrap("2.5.29.20");
    let body = TbsCertList {
        version: Version::V2,
        signature: ECDSA_WITH_SHA256,
        issuer: issuer.parsed().tbs_certificate().subject().clone(),
        this_update: time(now)?,
        next_update: Some(time(next)?),
        // An empty list is left out (RFC 5280, section 5.1.2.6).
        revoked_certificates: (!entries.is_empty()).then_some(entries),
        crl_extensions: Some(vec![
            authority_key(key.spki())?,
            extension(number_oid, false, &number)?,
        ]),
    };
    encode::signed(key, &body.to_der().map_err(invalid)?)
}

fn entry(revoked: &Revoked) -> Result<RevokedCert, IssueError> {
    Ok(RevokedCert {
        serial_number: SerialNumber::new(revoked.serial.as_bytes()).map_err(invalid)?,
        revocation_date: time(revoked.at)?,
        crl_entry_extensions: None,
    })
}
