//! Wrapping of secrets for the holder of an RSA key.

use std::sync::Arc;

use getrandom::SysRng;
use rsa::pkcs8::DecodePublicKey as _;
use rsa::rand_core::UnwrapErr;
use rsa::{Oaep, RsaPrivateKey, RsaPublicKey};
use zeroize::Zeroizing;

use super::rsa_keys;
use crate::primitives::strictness::check_spki;
use crate::primitives::{MAX_WRAPPABLE_LENGTH, PrimitiveError, WRAPPED_LENGTH};

/// The private half of an RSA-3072 key pair for RSAES-OAEP with SHA-256 and MGF1-SHA-256
/// (RFC 8017, section 7.1).
pub struct DecryptionKey {
    key: RsaPrivateKey,
    encryption_key: EncryptionKey,
}

impl DecryptionKey {
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
        let encryption_key = EncryptionKey::from_spki(&rsa_keys::spki(&key)?)?;
        Ok(Self { key, encryption_key })
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
    pub fn encryption_key(&self) -> EncryptionKey {
        self.encryption_key.clone()
    }

    /// Unwraps a secret that [`EncryptionKey::wrap`] wrapped under the same label
    /// (RFC 8017, section 7.1.2).
    ///
    /// # Errors
    ///
    /// [`PrimitiveError::Tampered`], always the same, so that nothing can be learned from asking
    /// (Manger's attack).
    pub fn unwrap(
        &self,
        label: &[u8],
        wrapped: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, PrimitiveError> {
        if wrapped.len() != WRAPPED_LENGTH {
            return Err(PrimitiveError::Tampered);
        }
        self.key
            .decrypt_blinded(&mut UnwrapErr(SysRng), padding(label), wrapped)
            .map(Zeroizing::new)
            .map_err(|_| PrimitiveError::Tampered)
    }
}

/// The public half of a [`DecryptionKey`].
#[derive(Clone)]
pub struct EncryptionKey {
    key: Arc<RsaPublicKey>,
    spki: Arc<[u8]>,
}

impl EncryptionKey {
    /// Reads a `SubjectPublicKeyInfo` (RFC 5280, section 4.1).
    ///
    /// # Errors
    ///
    /// [`PrimitiveError::InvalidKey`] if it is not the canonical encoding of an RSA-3072 key with the
    /// exponent 65537.
    pub fn from_spki(der: &[u8]) -> Result<Self, PrimitiveError> {
        check_spki(der)?;
        let key = RsaPublicKey::from_public_key_der(der).map_err(|_| PrimitiveError::InvalidKey)?;
        Ok(Self { key: Arc::new(key), spki: der.into() })
    }

    /// The `SubjectPublicKeyInfo` of this key.
    #[must_use]
    pub fn spki(&self) -> &[u8] {
        &self.spki
    }

    /// `wrap[key, label](secret)`: wraps a secret for the holder of the private half
    /// (RFC 8017, section 7.1.1). The label is authenticated, not stored. The result has
    /// [`WRAPPED_LENGTH`] bytes and differs each time.
    ///
    /// # Errors
    ///
    /// [`PrimitiveError::InvalidLength`] if the secret is longer than [`MAX_WRAPPABLE_LENGTH`];
    /// [`PrimitiveError::Failed`] if the library fails.
    pub fn wrap(&self, label: &[u8], secret: &[u8]) -> Result<Vec<u8>, PrimitiveError> {
        if secret.len() > MAX_WRAPPABLE_LENGTH {
            return Err(PrimitiveError::InvalidLength);
        }
        self.key
            .encrypt(&mut UnwrapErr(SysRng), padding(label), secret)
            .map_err(|_| PrimitiveError::Failed)
    }
}

fn padding(label: &[u8]) -> Oaep<sha2::Sha256> {
    Oaep::new_with_label(label)
}
