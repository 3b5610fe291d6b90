//! Licenses of this license server that clients present again.

use trybuy_formats::certificates::{Authorities, Certificate, CertificateError, LicenseIssuer};
use trybuy_formats::instant::Instant;

use crate::store::PresentedLicense;

/// Reads a license, and verifies that this license server issued it. It may have ended: then it was good until then.
///
/// # Errors
/// Why it is not one of this license server.
pub fn read(
    authorities: &Authorities,
    issuer: &LicenseIssuer,
    der: &[u8],
    now: Instant,
) -> Result<PresentedLicense, CertificateError> {
    let leaf = Certificate::from_der(der)?;
    let was_valid = now.clamp(leaf.not_before(), leaf.not_after().max(leaf.not_before()));
    let chain = issuer.chain().with_leaf(leaf)?;
    let verified = authorities.verify_license(&chain, was_valid)?;
    Ok(PresentedLicense {
        license: verified.license().clone(),
        certificate_serial: verified.certificate().serial().ok_or(CertificateError::Profile)?,
        certificate: verified.certificate().der().to_vec(),
    })
}
