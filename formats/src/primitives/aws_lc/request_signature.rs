//! Signatures of requests.

use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair as _, ParsedPublicKey};
use zeroize::Zeroizing;

use super::digests::constant_time_eq;
use crate::primitives::PrimitiveError;
use crate::primitives::strictness::{check_ed25519, check_pkcs8_length};

/// A key pair of Ed25519 (RFC 8032, section 5.1).
pub struct RequestSignatureKey(Ed25519KeyPair);

impl RequestSignatureKey {
    /// Makes a new key pair.
    ///
    /// # Errors
    ///
    /// [`PrimitiveError::Failed`] if the library does.
    pub fn generate() -> Result<Self, PrimitiveError> {
        Ed25519KeyPair::generate().map(Self).map_err(|_| PrimitiveError::Failed)
    }

    /// Reads a PKCS#8 document of version 1, without the public key (RFC 8410, section 7).
    ///
    /// # Errors
    ///
    /// [`PrimitiveError::InvalidKey`] if it is not the canonical encoding of an Ed25519 key.
    pub fn from_pkcs8(der: &[u8]) -> Result<Self, PrimitiveError> {
        check_pkcs8_length(der)?;
        let key = Self(Ed25519KeyPair::from_pkcs8(der).map_err(|_| PrimitiveError::InvalidKey)?);
        let canonical = key.to_pkcs8()?;
        constant_time_eq(&canonical, der).then_some(key).ok_or(PrimitiveError::InvalidKey)
    }

    /// The PKCS#8 document of this key: version 1, without the public key (RFC 8410, section 7).
    ///
    /// # Errors
    ///
    /// [`PrimitiveError::Failed`] if the library does.
    pub fn to_pkcs8(&self) -> Result<Zeroizing<Vec<u8>>, PrimitiveError> {
        let der = self.0.to_pkcs8v1().map_err(|_| PrimitiveError::Failed)?;
        Ok(Zeroizing::new(der.as_ref().to_vec()))
    }

    /// The public half.
    #[must_use]
    pub fn public_key(&self) -> [u8; 32] {
        self.0.public_key().as_ref().try_into().expect("an Ed25519 public key has 32 bytes")
    }

    /// `sign[key](message)`: signs a message (RFC 8032, section 5.1.6); the same each time.
    #[must_use]
    pub fn sign(&self, message: &[u8]) -> [u8; 64] {
        self.0.sign(message).as_ref().try_into().expect("an Ed25519 signature has 64 bytes")
    }
}

/// Verifies a signature made by [`RequestSignatureKey::sign`] (RFC 8032, section 5.1.7).
///
/// Strictly: without multiplying by the cofactor, and refusing points of small order, so that no
/// signature fits two messages.
///
/// # Errors
///
/// [`PrimitiveError::Tampered`] if it is not the signature of this message by this key.
pub fn verify_request_signature(
    public_key: &[u8; 32],
    message: &[u8],
    signature: &[u8; 64],
) -> Result<(), PrimitiveError> {
    check_ed25519(public_key, signature)?;
    ParsedPublicKey::new(&ED25519, public_key)
        .map_err(|_| PrimitiveError::Tampered)?
        .verify_sig(message, signature)
        .map_err(|_| PrimitiveError::Tampered)
}
