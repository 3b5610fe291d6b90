//! One certificate: read in its one encoding, and nothing believed of it yet.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use der::pem::{self, LineEnding, PemLabel as _};
use der::{Decode as _, Encode as _};
use x509_cert::Certificate as Parsed;

use super::names;
use super::verify::check_role;
use super::{CertificateError, Role};
use crate::instant::Instant;
use crate::limits;
use crate::primitives::random;

/// A certificate that was read, not verified: [`super::Authorities`] says whether it is good for a role.
#[derive(Clone, PartialEq, Eq)]
pub struct Certificate {
    der: Arc<[u8]>,
    parsed: Arc<Parsed>,
}

impl Certificate {
    /// Checks that it is exactly what a certificate of a role is (`CT-6` to `CT-8`). Whether it is trusted is asked of
    /// [`super::Authorities`].
    ///
    /// # Errors
    /// [`CertificateError`].
    pub fn check_role(&self, role: Role) -> Result<(), CertificateError> {
        check_role(self, role)
    }

    /// Reads a certificate in DER (`CT-1`).
    ///
    /// # Errors
    /// [`CertificateError::Malformed`].
    pub fn from_der(der: &[u8]) -> Result<Self, CertificateError> {
        if der.len() > limits::CERTIFICATE {
            return Err(CertificateError::Malformed);
        }
        let parsed = Parsed::from_der(der).map_err(|_| CertificateError::Malformed)?;
        // The reader lets some other spellings pass, for example of dates.
        let body = parsed.tbs_certificate();
        let has_names = [body.issuer(), body.subject()].into_iter().all(names::is_well_formed);
        if !has_names || parsed.to_der().ok().as_deref() != Some(der) {
            return Err(CertificateError::Malformed);
        }
        Ok(Self { der: der.into(), parsed: Arc::new(parsed) })
    }

    /// The certificate in DER.
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// The certificate in PEM (RFC 7468).
    pub fn to_pem(&self) -> String {
        pem::encode_string(Parsed::PEM_LABEL, LineEnding::LF, &self.der)
            .expect("DER of any length has a form in PEM")
    }

    /// Its public key, SubjectPublicKeyInfo in DER.
    pub fn spki(&self) -> Vec<u8> {
        let spki = self.parsed().tbs_certificate().subject_public_key_info().to_der();
        spki.expect("what was read from DER can be written")
    }

    /// Its serial number; none that is longer or shorter than the profile's (`CT-8`).
    pub fn serial(&self) -> Option<Serial> {
        Serial::from_bytes(self.parsed.tbs_certificate().serial_number().as_bytes())
    }

    /// The id of whom it is for: the one serial number in its subject's name.
    pub fn subject_id(&self) -> Option<String> {
        names::id(self.parsed.tbs_certificate().subject())
    }

    /// Its subject's name in DER, as TLS servers name the authorities they ask for.
    pub fn subject_der(&self) -> Vec<u8> {
        let subject = self.parsed.tbs_certificate().subject().to_der();
        subject.expect("what was read from DER can be written")
    }

    /// From when on it is valid.
    pub fn not_before(&self) -> Instant {
        instant(self.parsed.tbs_certificate().validity().not_before.to_unix_duration())
    }

    /// Until when it is valid; the last instant there is where it has no end (RFC 5280, section 4.1.2.5).
    pub fn not_after(&self) -> Instant {
        instant(self.parsed.tbs_certificate().validity().not_after.to_unix_duration())
    }

    /// Its parts.
    pub(super) fn parsed(&self) -> &Parsed {
        &self.parsed
    }
}

/// Dates of certificates lie in the range of the type.
fn instant(since_1970: std::time::Duration) -> Instant {
    let seconds = i64::try_from(since_1970.as_secs()).ok().and_then(Instant::from_unix);
    seconds.unwrap_or_else(Instant::last)
}

/// The serial number of a certificate: random, 16 bytes of which the first is 0x40 to 0x7f, so that it is
/// positive and of one length. Of other authorities, 8 to 20 bytes. Written in hexadecimal.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Serial(Vec<u8>);

impl Serial {
    /// A random one.
    pub fn random() -> Self {
        let mut bytes = vec![0; 16];
        random(&mut bytes);
        bytes[0] = bytes[0] & 0x3f | 0x40;
        Self(bytes)
    }

    /// From its bytes, the highest first.
    pub(super) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        // A zero comes first only where the number would be negative without it.
        let is_positive = matches!(bytes, [1..0x80, ..] | [0, 0x80..=0xff, ..]);
        (is_positive && (8..=20).contains(&bytes.len())).then(|| Self(bytes.to_vec()))
    }

    /// Its bytes, the highest first.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Display for Serial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(&self.0))
    }
}

impl FromStr for Serial {
    type Err = CertificateError;

    fn from_str(text: &str) -> Result<Self, CertificateError> {
        let bytes = (text.len() <= 40).then(|| hex::decode(text).ok()).flatten();
        let serial = bytes.as_deref().and_then(Self::from_bytes);
        serial.filter(|serial| serial.to_string() == text).ok_or(CertificateError::Profile)
    }
}
