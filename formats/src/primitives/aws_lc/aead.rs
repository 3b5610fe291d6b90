//! AES-256-GCM.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use zeroize::Zeroize as _;

use crate::primitives::strictness::opened_length;
use crate::primitives::{PrimitiveError, TAG_LENGTH};

/// `seal[key, nonce](plaintext)`: a key of AES-256-GCM (NIST SP 800-38D) with 96-bit nonces.
///
/// A nonce must never be used twice to seal under one key; that is the caller's duty.
pub struct AeadKey(LessSafeKey);

impl AeadKey {
    /// Expands `key`, once for all chunks it seals or opens.
    #[must_use]
    pub fn new(key: &[u8; 32]) -> Self {
        let key = UnboundKey::new(&AES_256_GCM, key).expect("AES-256-GCM takes every 32-byte key");
        Self(LessSafeKey::new(key))
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
        let (ciphertext, tag) = out
            .split_at_mut_checked(plaintext.len())
            .filter(|(_, tag)| tag.len() == TAG_LENGTH)
            .ok_or(PrimitiveError::InvalidLength)?;
        let nonce = Nonce::assume_unique_for_key(nonce);
        self.0
            .seal_out_of_place_scatter(nonce, Aad::empty(), plaintext, ciphertext, &[], tag)
            .map_err(|_| PrimitiveError::Failed)
    }

    /// Seals all but the last [`TAG_LENGTH`] bytes of `buffer` in place; those receive the tag.
    ///
    /// # Errors
    ///
    /// [`PrimitiveError::InvalidLength`] if `buffer` has no room for the tag;
    /// [`PrimitiveError::Failed`] beyond 64 GiB.
    pub fn seal_in_place(&self, nonce: [u8; 12], buffer: &mut [u8]) -> Result<(), PrimitiveError> {
        let (text, tag) =
            buffer.split_last_chunk_mut::<TAG_LENGTH>().ok_or(PrimitiveError::InvalidLength)?;
        let nonce = Nonce::assume_unique_for_key(nonce);
        self.0
            .seal_in_place_scatter(nonce, Aad::empty(), text, &[], tag)
            .map_err(|_| PrimitiveError::Failed)
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
        let nonce = Nonce::assume_unique_for_key(nonce);
        if self.0.open_in_place(nonce, Aad::empty(), sealed).is_err() {
            sealed.zeroize();
            return Err(PrimitiveError::Tampered);
        }
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

    fn open_separately(
        &self,
        nonce: [u8; 12],
        sealed: &[u8],
        out: &mut [u8],
    ) -> Result<(), PrimitiveError> {
        let (ciphertext, tag) =
            sealed.split_last_chunk::<TAG_LENGTH>().ok_or(PrimitiveError::Tampered)?;
        if ciphertext.len() != out.len() {
            return Err(PrimitiveError::InvalidLength);
        }
        let nonce = Nonce::assume_unique_for_key(nonce);
        self.0
            .open_separate_gather(nonce, Aad::empty(), ciphertext, tag, out)
            .map_err(|_| PrimitiveError::Tampered)
    }
}
