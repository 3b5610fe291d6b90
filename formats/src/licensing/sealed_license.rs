//! A license on its way to its client (SL Fig. 6, steps 208 to 212): "by encrypting the license, the client
//! or the license server need not trust the intermediate server".

use crate::certificates::{CertificateChain, CertificateError};
use crate::keys::{Purpose, open_message, seal_message};
use crate::limits;
use crate::primitives::{DecryptionKey, EncryptionKey, PrimitiveError};

/// Why a sealed license could not be opened.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SealedLicenseError {
    /// It is encrypted to another key, or was altered.
    #[error("the license cannot be decrypted with this client's key")]
    Tampered,
    /// It holds no certificates.
    #[error("what was decrypted is not a license")]
    Certificate(#[from] CertificateError),
}

/// Encrypts a license to its client's key: its certificate and those it was issued under, in PEM.
///
/// # Errors
/// When the library fails.
pub fn seal(license: &CertificateChain, client: &EncryptionKey) -> Result<Vec<u8>, PrimitiveError> {
    seal_message(Purpose::SeatLicense, client, license.to_pem().as_bytes())
}

/// Decrypts a license. Nothing is believed of it yet.
///
/// # Errors
/// Why it could not be opened.
pub fn open(key: &DecryptionKey, sealed: &[u8]) -> Result<CertificateChain, SealedLicenseError> {
    if sealed.len() > limits::SEALED_LICENSE {
        return Err(SealedLicenseError::Tampered);
    }
    let pem = open_message(Purpose::SeatLicense, key, sealed)
        .map_err(|_| SealedLicenseError::Tampered)?;
    let text = std::str::from_utf8(&pem).map_err(|_| CertificateError::Malformed)?;
    Ok(CertificateChain::from_pem(text)?)
}
