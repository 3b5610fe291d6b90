//! Revocation lists (RFC 5280, section 5; `CT-10`).

use std::collections::{BTreeMap, BTreeSet};

use der::asn1::{ObjectIdentifier, Uint};
use der::pem::{self, LineEnding};
use der::{Decode as _, Encode as _};
use x509_cert::certificate::Version;
use x509_cert::crl::{CertificateList, RevokedCert, TbsCertList};
use x509_cert::ext::Extension;
use x509_cert::ext::pkix::{AuthorityKeyIdentifier, CrlNumber};
use x509_cert::serial_number::SerialNumber;
use x509_cert::time::Time;

use super::encode::{self, ECDSA_WITH_SHA256, invalid, time};
use super::extensions::{AUTHORITY_KEY_IDENTIFIER, Extensions, authority_key, decode, extension};
use super::verify::check_signed;
use super::{Certificate, CertificateError, IssueError, RevocationReason, Serial};
use crate::instant::Instant;
use crate::limits;
use crate::primitives::EcdsaKey;

const CRL_NUMBER: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.20");

/// Before it, times are UTCTime.
const FIRST_GENERALIZED_YEAR: u16 = 2050;

/// A certificate that was revoked.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Revoked {
    /// Its serial number.
    pub serial: Serial,
    /// When.
    pub at: Instant,
    /// Why, where that is known.
    pub reason: Option<RevocationReason>,
}

/// A revocation list whose signature was verified.
#[derive(Clone, Debug)]
pub struct RevocationList {
    number: u64,
    revoked: BTreeMap<Serial, Option<RevocationReason>>,
    this_update: Instant,
    next_update: Instant,
}

impl RevocationList {
    /// Reads a list in DER and verifies that an issuer signed it.
    ///
    /// # Errors
    /// [`CertificateError::Malformed`], [`CertificateError::Untrusted`] when it is of another issuer,
    /// [`CertificateError::Algorithm`], [`CertificateError::Signature`], and [`CertificateError::Profile`].
    pub fn from_der(der: &[u8], issuer: &Certificate) -> Result<Self, CertificateError> {
        if der.len() > limits::REVOCATION_LIST {
            return Err(CertificateError::Malformed);
        }
        let list = CertificateList::<x509_cert::certificate::Rfc5280>::from_der(der)
            .map_err(|_| CertificateError::Malformed)?;
        let is_canonical = list.to_der().is_ok_and(|written| written == der);
        let body = &list.tbs_cert_list;
        if !is_canonical || !is_of_profile(body) {
            return Err(CertificateError::Malformed);
        }
        if body.issuer != *issuer.parsed().tbs_certificate().subject() {
            return Err(CertificateError::Untrusted);
        }
        if body.signature != list.signature_algorithm {
            return Err(CertificateError::Algorithm);
        }
        let signed = body.to_der().map_err(|_| CertificateError::Malformed)?;
        let signature = list.signature.as_bytes().ok_or(CertificateError::Signature)?;
        check_signed(&list.signature_algorithm, &issuer.spki(), &signed, signature)?;
        let number = check_extensions(body, issuer)?;
        Self::read(list.tbs_cert_list, number)
    }

    fn read(body: TbsCertList, number: u64) -> Result<Self, CertificateError> {
        let next_update = body.next_update.ok_or(CertificateError::Profile)?;
        let revoked = body.revoked_certificates.unwrap_or_default();
        Ok(Self {
            number,
            revoked: revoked.iter().map(read_entry).collect::<Result<_, _>>()?,
            this_update: instant(body.this_update)?,
            next_update: instant(next_update)?,
        })
    }

    /// Its number, which grows with each list of an issuer; one beyond 64 bits counts as the greatest.
    pub fn number(&self) -> u64 {
        self.number
    }

    /// Whether a certificate of the issuer was revoked.
    pub fn contains(&self, serial: &Serial) -> bool {
        self.revoked.contains_key(serial)
    }

    /// The certificates of the issuer that were revoked, and why, where the list says so.
    pub fn entries(&self) -> impl Iterator<Item = (&Serial, Option<RevocationReason>)> {
        self.revoked.iter().map(|(serial, reason)| (serial, *reason))
    }

    /// Why a certificate of the issuer was revoked; none where it was not, or the list does not say.
    pub fn reason(&self, serial: &Serial) -> Option<RevocationReason> {
        self.revoked.get(serial).copied().flatten()
    }

    /// How many were.
    pub fn len(&self) -> usize {
        self.revoked.len()
    }

    /// Whether none was.
    pub fn is_empty(&self) -> bool {
        self.revoked.is_empty()
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

/// Whether a list is of the one version and in the one form of its contents (RFC 5280, sections 5.1.2.4 to
/// 5.1.2.6).
fn is_of_profile(body: &TbsCertList) -> bool {
    let is_canonical = |time: &Time| match time {
        Time::UtcTime(_) => true,
        Time::GeneralTime(time) => time.to_date_time().year() >= FIRST_GENERALIZED_YEAR,
    };
    let entries = body.revoked_certificates.iter().flatten();
    let mut times = entries
        .map(|entry| &entry.revocation_date)
        .chain([&body.this_update])
        .chain(&body.next_update);
    let entries = body.revoked_certificates.iter().flatten();
    let mut lists = entries.map(|entry| &entry.crl_entry_extensions).chain([&body.crl_extensions]);
    let is_empty_list = body.revoked_certificates.as_ref().is_some_and(Vec::is_empty)
        || lists.any(|list| list.as_ref().is_some_and(Vec::is_empty));
    body.version == Version::V2 && !is_empty_list && times.all(is_canonical)
}

/// Whether none of some extensions is critical and none stands twice.
fn are_plain(extensions: &[Extension]) -> bool {
    let kinds: BTreeSet<_> = extensions.iter().map(|extension| extension.extn_id).collect();
    kinds.len() == extensions.len() && !extensions.iter().any(|extension| extension.critical)
}

/// Whether a list has a number and an identifier of the issuer's key, and nothing critical: that would say,
/// for example, that only some of the certificates are in it (RFC 5280, section 5.2.5). Answers the number.
fn check_extensions(body: &TbsCertList, issuer: &Certificate) -> Result<u64, CertificateError> {
    let profile = CertificateError::Profile;
    let extensions = body.crl_extensions.as_deref().unwrap_or_default();
    let entries = body.revoked_certificates.iter().flatten();
    let mut of_entries = entries.filter_map(|entry| entry.crl_entry_extensions.as_deref());
    if !are_plain(extensions) || !of_entries.all(are_plain) {
        return Err(profile);
    }
    let value = |kind| {
        let found = extensions.iter().find(|extension| extension.extn_id == kind);
        found.map(|extension| extension.extn_value.as_bytes()).ok_or(profile)
    };
    let number: CrlNumber = decode(value(CRL_NUMBER)?)?;
    let key: AuthorityKeyIdentifier = decode(value(AUTHORITY_KEY_IDENTIFIER)?)?;
    let key = key.key_identifier.ok_or(profile)?;
    let is_issuers = Extensions::of(issuer)?.subject_key.is_none_or(|it| it == key.as_bytes());
    is_issuers.then(|| counted(&number)).ok_or(CertificateError::Untrusted)
}

fn read_entry(entry: &RevokedCert) -> Result<(Serial, Option<RevocationReason>), CertificateError> {
    let serial = Serial::from_bytes(entry.serial_number.as_bytes());
    let serial = serial.ok_or(CertificateError::Profile)?;
    let extensions = entry.crl_entry_extensions.as_deref().unwrap_or_default();
    Ok((serial, RevocationReason::of_entry(extensions)?))
}

fn instant(time: Time) -> Result<Instant, CertificateError> {
    let seconds = i64::try_from(time.to_unix_duration().as_secs()).ok();
    seconds.and_then(Instant::from_unix).ok_or(CertificateError::Profile)
}

fn counted(number: &CrlNumber) -> u64 {
    number
        .0
        .as_bytes()
        .iter()
        .try_fold(0_u64, |so_far, byte| so_far.checked_mul(256)?.checked_add(u64::from(*byte)))
        .unwrap_or(u64::MAX)
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
    let body = TbsCertList {
        version: Version::V2,
        signature: ECDSA_WITH_SHA256,
        issuer: issuer.parsed().tbs_certificate().subject().clone(),
        this_update: time(now)?,
        next_update: Some(time(next)?),
        // An empty list is left out (RFC 5280, section 5.1.2.6).
        revoked_certificates: (!entries.is_empty()).then_some(entries),
        crl_extensions: Some(vec![authority_key(issuer)?, extension(CRL_NUMBER, false, &number)?]),
    };
    encode::signed(key, &body.to_der().map_err(invalid)?)
}

fn entry(revoked: &Revoked) -> Result<RevokedCert, IssueError> {
    let reason = revoked.reason.map(RevocationReason::extension).transpose()?;
    Ok(RevokedCert {
        serial_number: SerialNumber::new(revoked.serial.as_bytes()).map_err(invalid)?,
        revocation_date: time(revoked.at)?,
        crl_entry_extensions: reason.map(|reason| vec![reason]),
    })
}
