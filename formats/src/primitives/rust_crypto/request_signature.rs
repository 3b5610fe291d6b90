//! Signatures of requests.

use ed25519_dalek::pkcs8::{DecodePrivateKey as _, EncodePrivateKey as _, KeypairBytes};
use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use zeroize::Zeroizing;

use super::digests::{constant_time_eq, random};
use crate::primitives::PrimitiveError;
use crate::primitives::strictness::{check_ed25519, check_pkcs8_length};

/// A key pair of Ed25519 (RFC 8032, section 5.1).
pub struct RequestSignatureKey(SigningKey);

impl RequestSignatureKey {
    /// Makes a new key pair.
    ///
    /// # Errors
    ///
    /// [`PrimitiveError::Failed`] if the library does.
    pub fn generate() -> Result<Self, PrimitiveError> {
        let mut seed = Zeroizing::new([0; 32]);
        random(&mut *seed);
        Ok(Self(SigningKey::from_bytes(&seed)))
    }

    /// Reads a PKCS#8 document of version 1, without the public key (RFC 8410, section 7).
    ///
    /// # Errors
    ///
    /// [`PrimitiveError::InvalidKey`] if it is not the canonical encoding of an Ed25519 key.
    pub fn from_pkcs8(der: &[u8]) -> Result<Self, PrimitiveError> {
        check_pkcs8_length(der)?;
        let key = Self(SigningKey::from_pkcs8_der(der).map_err(|_| PrimitiveError::InvalidKey)?);
        let canonical = key.to_pkcs8()?;
        constant_time_eq(&canonical, der).then_some(key).ok_or(PrimitiveError::InvalidKey)
    }

    /// The PKCS#8 document of this key: version 1, without the public key (RFC 8410, section 7).
    ///
    /// # Errors
    ///
    /// [`PrimitiveError::Failed`] if the library does.
    pub fn to_pkcs8(&self) -> Result<Zeroizing<Vec<u8>>, PrimitiveError> {
        let seed = KeypairBytes { secret_key: self.0.to_bytes(), public_key: None };
        let der = seed.to_pkcs8_der().map_err(|_| PrimitiveError::Failed)?;
        Ok(Zeroizing::new(der.as_bytes().to_vec()))
    }

    /// The public half.
    #[must_use]
    pub fn public_key(&self) -> [u8; 32] {
        self.0.verifying_key().to_bytes()
    }

    /// `sign[key](message)`: signs a message (RFC 8032, section 5.1.6); the same each time.
    #[must_use]
    pub fn sign(&self, message: &[u8]) -> [u8; 64] {
        self.0.sign(message).to_bytes()
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
    VerifyingKey::from_bytes(public_key)
        .and_then(|key| key.verify_strict(message, &Signature::from_bytes(signature)))
        .map_err(|_| PrimitiveError::Tampered)
}
