//! Seat licenses as certificates: the fields of SL Table 5 in an extension (`CT-9`).

use der::Decode as _;
use der::asn1::Utf8StringRef;

use super::extensions::Extensions;
use super::{Authorities, Certificate, CertificateChain, CertificateError, Role};
use crate::canonical_json;
use crate::instant::Instant;
use crate::keys::key_id;
use crate::licensing::seat_license::SeatLicense;
use crate::signed::FORMAT;

/// A license whose certificate was verified: the only way to a license's fields.
///
/// Whoever presents it has still to show that the certificate's key is theirs, as TLS does.
#[derive(Clone)]
pub struct VerifiedLicense {
    license: SeatLicense,
    certificate: Certificate,
    issuer: Certificate,
}

impl VerifiedLicense {
    /// The fields of SL Table 5.
    pub fn license(&self) -> &SeatLicense {
        &self.license
    }

    /// Its certificate.
    pub fn certificate(&self) -> &Certificate {
        &self.certificate
    }

    /// The license server's certificate that it was issued under.
    pub fn issuer(&self) -> &Certificate {
        &self.issuer
    }
}

impl Authorities {
    /// Verifies a license. Whether it was revoked, only its license server knows.
    ///
    /// # Errors
    /// Why it was refused.
    pub fn verify_license(
        &self,
        chain: &CertificateChain,
        now: Instant,
    ) -> Result<VerifiedLicense, CertificateError> {
        let certificate = self.verify(chain, Role::SeatLicense, now)?;
        let issuer = chain.certificates().get(1).ok_or(CertificateError::Chain)?.clone();
        let license = fields(&certificate)?;
        if !belong_together(&license, &certificate, &issuer) {
            return Err(CertificateError::LicenseFields);
        }
        Ok(VerifiedLicense { license, certificate, issuer })
    }
}

/// The fields in a certificate. Those of a newer version are read as far as they are known.
fn fields(certificate: &Certificate) -> Result<SeatLicense, CertificateError> {
    let missing = CertificateError::LicenseFields;
    let extension = Extensions::of(certificate)?.license_fields.ok_or(missing)?;
    let json = Utf8StringRef::from_der(&extension).map_err(|_| missing)?;
    let license: SeatLicense = serde_json::from_str(json.as_str()).map_err(|_| missing)?;
    let is_canonical = license.format != FORMAT
        || canonical_json::parse_unversioned::<SeatLicense>(json.as_str().as_bytes()).is_some();
    (license.is_valid() && is_canonical).then_some(license).ok_or(missing)
}

/// Whether the fields say what the certificate says. A certificate may end before its license does, with
/// that of its license server.
fn belong_together(license: &SeatLicense, certificate: &Certificate, issuer: &Certificate) -> bool {
    let client = key_id(&certificate.spki()).to_string();
    license.client_id.to_string() == client
        && certificate.subject_id() == Some(client)
        && issuer.subject_id().as_deref() == Some(license.license_server.as_str())
        && certificate.not_before() <= license.issued_at
        && license.ends_at.is_none_or(|end| certificate.not_after() <= end)
}
