//! Signatures of documents.

use std::sync::Arc;

use aws_lc_rs::encoding::{AsDer as _, PublicKeyX509Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::{
    KeyPair as _, ParsedPublicKey, RSA_PSS_2048_8192_SHA256, RSA_PSS_SHA256,
};
use zeroize::Zeroizing;

use super::rsa_keys;
use crate::primitives::strictness::{check_pkcs8_length, check_spki};
use crate::primitives::{PrimitiveError, SIGNATURE_LENGTH};

/// The private half of an RSA-3072 key pair for RSASSA-PSS with SHA-256, MGF1-SHA-256 and a 32-byte
/// salt (RFC 8017, section 8.1), which JOSE calls `PS256` (RFC 7518, section 3.5).
pub struct SignatureKey {
    key: KeyPair,
    verification_key: VerificationKey,
}

impl SignatureKey {
    /// Makes a new key pair. This takes some tenths of a second.
    ///
    /// # Errors
    ///
    /// [`PrimitiveError::Failed`] if the library does.
    pub fn generate() -> Result<Self, PrimitiveError> {
        Self::new(KeyPair::generate(KeySize::Rsa3072).map_err(|_| PrimitiveError::Failed)?)
    }

    /// Reads a PKCS#8 document (RFC 5208) and checks that its numbers belong together.
    ///
    /// # Errors
    ///
    /// [`PrimitiveError::InvalidKey`] if it is not the canonical encoding of an RSA-3072 key with the
    /// exponent 65537.
    pub fn from_pkcs8(der: &[u8]) -> Result<Self, PrimitiveError> {
        check_pkcs8_length(der)?;
        let key = KeyPair::from_pkcs8(der).map_err(|_| PrimitiveError::InvalidKey)?;
        rsa_keys::check_canonical(&key, der)?;
        Self::new(key)
    }

    fn new(key: KeyPair) -> Result<Self, PrimitiveError> {
        let spki: PublicKeyX509Der<'_> =
            key.public_key().as_der().map_err(|_| PrimitiveError::Failed)?;
        let verification_key = VerificationKey::from_spki(spki.as_ref())?;
        Ok(Self { key, verification_key })
    }

    /// The PKCS#8 document (RFC 5208) of this key.
    ///
    /// # Errors
    ///
    /// [`PrimitiveError::Failed`] if the library does.
    pub fn to_pkcs8(&self) -> Result<Zeroizing<Vec<u8>>, PrimitiveError> {
        rsa_keys::to_pkcs8(&self.key)
    }

    /// The public half.
    #[must_use]
    pub fn verification_key(&self) -> VerificationKey {
        self.verification_key.clone()
    }

    /// `sign[key](message)`: signs a message (RFC 8017, section 8.1.1). The result has
    /// [`SIGNATURE_LENGTH`] bytes and differs each time.
    ///
    /// # Errors
    ///
    /// [`PrimitiveError::Failed`] if the library does.
    pub fn sign(&self, message: &[u8]) -> Result<Vec<u8>, PrimitiveError> {
        let mut signature = vec![0; SIGNATURE_LENGTH];
        self.key
            .sign(&RSA_PSS_SHA256, &SystemRandom::new(), message, &mut signature)
            .map_err(|_| PrimitiveError::Failed)?;
        Ok(signature)
    }
}

/// The public half of a [`SignatureKey`].
#[derive(Clone)]
pub struct VerificationKey {
    key: Arc<ParsedPublicKey>,
    spki: Arc<[u8]>,
}

impl VerificationKey {
    /// Reads a `SubjectPublicKeyInfo` (RFC 5280, section 4.1).
    ///
    /// # Errors
    ///
    /// [`PrimitiveError::InvalidKey`] if it is not the canonical encoding of an RSA-3072 key with the
    /// exponent 65537.
    pub fn from_spki(der: &[u8]) -> Result<Self, PrimitiveError> {
        check_spki(der)?;
        let key = ParsedPublicKey::new(&RSA_PSS_2048_8192_SHA256, der)
            .map_err(|_| PrimitiveError::InvalidKey)?;
        Ok(Self { key: Arc::new(key), spki: der.into() })
    }

    /// The `SubjectPublicKeyInfo` of this key.
    #[must_use]
    pub fn spki(&self) -> &[u8] {
        &self.spki
    }

    /// Verifies a signature made by [`SignatureKey::sign`] (RFC 8017, section 8.1.2).
    ///
    /// # Errors
    ///
    /// [`PrimitiveError::Tampered`] if it is not the signature of this message by this key.
    pub fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), PrimitiveError> {
        if signature.len() != SIGNATURE_LENGTH {
            return Err(PrimitiveError::Tampered);
        }
        self.key.verify_sig(message, signature).map_err(|_| PrimitiveError::Tampered)
    }
}
