//! Wrapping of secrets for the holder of an RSA key.

use std::sync::Arc;

use aws_lc_rs::encoding::{AsDer as _, PublicKeyX509Der};
use aws_lc_rs::rsa::{
    KeySize, OAEP_SHA256_MGF1SHA256, OaepPrivateDecryptingKey, OaepPublicEncryptingKey,
    PrivateDecryptingKey, PublicEncryptingKey,
};
use zeroize::Zeroizing;

use super::rsa_keys;
use crate::primitives::strictness::{check_pkcs8_length, check_spki};
use crate::primitives::{MAX_WRAPPABLE_LENGTH, PrimitiveError, WRAPPED_LENGTH};

/// The private half of an RSA-3072 key pair for RSAES-OAEP with SHA-256 and MGF1-SHA-256
/// (RFC 8017, section 7.1).
pub struct DecryptionKey {
    /// Kept beside the cipher, which does not give it back.
    key: PrivateDecryptingKey,
    cipher: OaepPrivateDecryptingKey,
    encryption_key: EncryptionKey,
}

impl DecryptionKey {
    /// Makes a new key pair. This takes some tenths of a second.
    ///
    /// # Errors
    ///
    /// [`PrimitiveError::Failed`] if the library does.
    pub fn generate() -> Result<Self, PrimitiveError> {
        let key =
            PrivateDecryptingKey::generate(KeySize::Rsa3072).map_err(|_| PrimitiveError::Failed)?;
        Self::new(key)
    }

    /// Reads a PKCS#8 document (RFC 5208) and checks that its numbers belong together.
    ///
    /// # Errors
    ///
    /// [`PrimitiveError::InvalidKey`] if it is not the canonical encoding of an RSA-3072 key with the
    /// exponent 65537.
    pub fn from_pkcs8(der: &[u8]) -> Result<Self, PrimitiveError> {
        check_pkcs8_length(der)?;
        let key = PrivateDecryptingKey::from_pkcs8(der).map_err(|_| PrimitiveError::InvalidKey)?;
        rsa_keys::check_canonical(&key, der)?;
        Self::new(key)
    }

    fn new(key: PrivateDecryptingKey) -> Result<Self, PrimitiveError> {
        let spki: PublicKeyX509Der<'_> =
            key.public_key().as_der().map_err(|_| PrimitiveError::Failed)?;
        let encryption_key = EncryptionKey::from_spki(spki.as_ref())?;
        let cipher =
            OaepPrivateDecryptingKey::new(key.clone()).map_err(|_| PrimitiveError::Failed)?;
        Ok(Self { key, cipher, encryption_key })
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
        let mut secret = Zeroizing::new(vec![0; self.cipher.min_output_size()]);
        let length = self
            .cipher
            .decrypt(&OAEP_SHA256_MGF1SHA256, wrapped, &mut secret, Some(label))
            .map_err(|_| PrimitiveError::Tampered)?
            .len();
        secret.truncate(length);
        Ok(secret)
    }
}

/// The public half of a [`DecryptionKey`].
#[derive(Clone)]
pub struct EncryptionKey {
    cipher: Arc<OaepPublicEncryptingKey>,
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
        let key = PublicEncryptingKey::from_der(der).map_err(|_| PrimitiveError::InvalidKey)?;
        let cipher = OaepPublicEncryptingKey::new(key).map_err(|_| PrimitiveError::InvalidKey)?;
        Ok(Self { cipher: Arc::new(cipher), spki: der.into() })
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
        let mut wrapped = vec![0; WRAPPED_LENGTH];
        self.cipher
            .encrypt(&OAEP_SHA256_MGF1SHA256, secret, &mut wrapped, Some(label))
            .map_err(|_| PrimitiveError::Failed)?;
        Ok(wrapped)
    }
}
