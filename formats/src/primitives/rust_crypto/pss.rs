//! Signatures of documents.

use std::sync::Arc;

use getrandom::SysRng;
use rsa::pkcs8::DecodePublicKey as _;
use rsa::pss::{Signature, SigningKey, VerifyingKey};
use rsa::signature::{RandomizedSigner as _, SignatureEncoding as _, Verifier as _};
use rsa::{RsaPrivateKey, RsaPublicKey};
use zeroize::Zeroizing;

use super::rsa_keys;
use crate::primitives::strictness::check_spki;
use crate::primitives::{PrimitiveError, SIGNATURE_LENGTH};

/// The private half of an RSA-3072 key pair for RSASSA-PSS with SHA-256, MGF1-SHA-256 and a 32-byte
/// salt (RFC 8017, section 8.1), which JOSE calls `PS256` (RFC 7518, section 3.5).
pub struct SignatureKey {
    key: SigningKey<sha2::Sha256>,
    verification_key: VerificationKey,
}

impl SignatureKey {
    /// Makes a new key pair. This takes some tenths of a second.
    ///
    /// # Errors
    ///
    /// [`PrimitiveError::Failed`] if the library does.
    pub fn generate() -> Result<Self, PrimitiveError> {
        Self::new(rsa_keys::generate()?)
    }

    /// Reads a PKCS#8 document (RFC 5208) and checks that its numbers belong together.
    ///
    /// # Errors
    ///
    /// [`PrimitiveError::InvalidKey`] if it is not the canonical encoding of an RSA-3072 key with the
    /// exponent 65537.
    pub fn from_pkcs8(der: &[u8]) -> Result<Self, PrimitiveError> {
        Self::new(rsa_keys::from_pkcs8(der)?)
    }

    fn new(key: RsaPrivateKey) -> Result<Self, PrimitiveError> {
        let verification_key = VerificationKey::from_spki(&rsa_keys::spki(&key)?)?;
        Ok(Self { key: SigningKey::new(key), verification_key })
    }

    /// The PKCS#8 document (RFC 5208) of this key.
    ///
    /// # Errors
    ///
    /// [`PrimitiveError::Failed`] if the library does.
    pub fn to_pkcs8(&self) -> Result<Zeroizing<Vec<u8>>, PrimitiveError> {
        rsa_keys::to_pkcs8(self.key.as_ref())
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
        self.key
            .try_sign_with_rng(&mut SysRng, message)
            .map(|signature| signature.to_vec())
            .map_err(|_| PrimitiveError::Failed)
    }
}

/// The public half of a [`SignatureKey`].
#[derive(Clone)]
pub struct VerificationKey {
    key: Arc<VerifyingKey<sha2::Sha256>>,
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
        let key = RsaPublicKey::from_public_key_der(der).map_err(|_| PrimitiveError::InvalidKey)?;
        Ok(Self { key: Arc::new(VerifyingKey::new(key)), spki: der.into() })
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
        let signature = Signature::from_bytes_with_max_len(signature, SIGNATURE_LENGTH)
            .map_err(|_| PrimitiveError::Tampered)?;
        self.key.verify(message, &signature).map_err(|_| PrimitiveError::Tampered)
    }
}
