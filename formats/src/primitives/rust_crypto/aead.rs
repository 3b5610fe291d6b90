//! AES-256-GCM.

use aes_gcm::aead::inout::InOutBuf;
use aes_gcm::{AeadInOut as _, Aes256Gcm, KeyInit as _};
use zeroize::Zeroize as _;

use crate::primitives::strictness::opened_length;
use crate::primitives::{PrimitiveError, TAG_LENGTH};

/// `seal[key, nonce](plaintext)`: a key of AES-256-GCM (NIST SP 800-38D) with 96-bit nonces.
///
/// A nonce must never be used twice to seal under one key; that is the caller's duty.
pub struct AeadKey(Aes256Gcm);

impl AeadKey {
    /// Expands `key`, once for all chunks it seals or opens.
    #[must_use]
    pub fn new(key: &[u8; 32]) -> Self {
        Self(Aes256Gcm::new(key.into()))
    }

    /// Seals `plaintext` into `out` without copying it: the ciphertext, then the tag.
    ///
    /// # Errors
    ///
    /// [`PrimitiveError::InvalidLength`] if `out` is not [`TAG_LENGTH`] bytes longer than `plaintext`;
    /// [`PrimitiveError::Failed`] beyond 64 GiB.
    pub fn seal_into(
        &self,
        nonce: [u8; 12],
        plaintext: &[u8],
        out: &mut [u8],
    ) -> Result<(), PrimitiveError> {
        let (ciphertext, tag) = out.split_last_chunk_mut().ok_or(PrimitiveError::InvalidLength)?;
        let text =
            InOutBuf::new(plaintext, ciphertext).map_err(|_| PrimitiveError::InvalidLength)?;
        self.seal(nonce, text, tag)
    }

    /// Seals all but the last [`TAG_LENGTH`] bytes of `buffer` in place; those receive the tag.
    ///
    /// # Errors
    ///
    /// [`PrimitiveError::InvalidLength`] if `buffer` has no room for the tag;
    /// [`PrimitiveError::Failed`] beyond 64 GiB.
    pub fn seal_in_place(&self, nonce: [u8; 12], buffer: &mut [u8]) -> Result<(), PrimitiveError> {
        let (text, tag) = buffer.split_last_chunk_mut().ok_or(PrimitiveError::InvalidLength)?;
        self.seal(nonce, text.into(), tag)
    }

    /// Opens `sealed` in place and returns the plaintext, its beginning.
    ///
    /// # Errors
    ///
    /// [`PrimitiveError::Tampered`] if it is not authentic. All of `sealed` is zero then: no plaintext
    /// that was not authenticated can be seen (RUSTSEC-2023-0096).
    pub fn open_in_place<'a>(
        &self,
        nonce: [u8; 12],
        sealed: &'a mut [u8],
    ) -> Result<&'a mut [u8], PrimitiveError> {
        let opened = match sealed.split_last_chunk_mut() {
            Some((text, tag)) => self.open(nonce, text.into(), tag),
            None => Err(PrimitiveError::Tampered),
        };
        if opened.is_err() {
            sealed.zeroize();
        }
        opened?;
        let length = opened_length(sealed)?;
        Ok(&mut sealed[..length])
    }

    /// Opens `sealed` into `out` without copying it.
    ///
    /// # Errors
    ///
    /// [`PrimitiveError::Tampered`] if it is not authentic; [`PrimitiveError::InvalidLength`] if `out` is
    /// not [`TAG_LENGTH`] bytes shorter than `sealed`. All of `out` is zero then.
    pub fn open_into(
        &self,
        nonce: [u8; 12],
        sealed: &[u8],
        out: &mut [u8],
    ) -> Result<(), PrimitiveError> {
        let opened = self.open_separately(nonce, sealed, out);
        if opened.is_err() {
            out.zeroize();
        }
        opened
    }

    fn seal(
        &self,
        nonce: [u8; 12],
        text: InOutBuf<'_, '_, u8>,
        tag: &mut [u8; TAG_LENGTH],
    ) -> Result<(), PrimitiveError> {
        let computed = self
            .0
            .encrypt_inout_detached(&nonce.into(), b"", text)
            .map_err(|_| PrimitiveError::Failed)?;
        *tag = computed.into();
        Ok(())
    }

    fn open_separately(
        &self,
        nonce: [u8; 12],
        sealed: &[u8],
        out: &mut [u8],
    ) -> Result<(), PrimitiveError> {
        let (ciphertext, tag) = sealed.split_last_chunk().ok_or(PrimitiveError::Tampered)?;
        let text = InOutBuf::new(ciphertext, out).map_err(|_| PrimitiveError::InvalidLength)?;
        self.open(nonce, text, tag)
    }

    fn open(
        &self,
        nonce: [u8; 12],
        text: InOutBuf<'_, '_, u8>,
        tag: &[u8; TAG_LENGTH],
    ) -> Result<(), PrimitiveError> {
        self.0
            .decrypt_inout_detached(&nonce.into(), b"", text, tag.into())
            .map_err(|_| PrimitiveError::Tampered)
    }
}
