//! SHA-256, and what is made of it: HMAC and HKDF. Also random bytes and comparison.

use hkdf::Hkdf;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Digest as _;
use subtle::ConstantTimeEq as _;

use crate::primitives::PrimitiveError;

/// `HKDF[ikm, salt](info…)`: derives `out` from the secret `ikm` (RFC 5869 with SHA-256). The parts of
/// `info` are taken as one string, with nothing between them.
///
/// # Panics
///
/// If `out` is longer than [`MAX_DERIVED_LENGTH`](crate::primitives::MAX_DERIVED_LENGTH). Lengths of keys
/// are constants of the formats, never input.
pub fn hkdf_sha256(ikm: &[u8], salt: &[u8], info: &[&[u8]], out: &mut [u8]) {
    Hkdf::<sha2::Sha256>::new(Some(salt), ikm)
        .expand_multi_info(info, out)
        .expect("keys are derived no longer than 255 blocks");
}

/// `HMAC[key](message)`: the authentication tag of a message (RFC 2104 with SHA-256).
#[must_use]
pub fn hmac_sha256(key: &[u8], message: &[u8]) -> [u8; 32] {
    hmac(key, message).finalize().into_bytes().into()
}

/// Verifies a tag made by [`hmac_sha256`], in a time that tells nothing about it.
///
/// # Errors
///
/// [`PrimitiveError::Tampered`] if the tag is of another message or key.
pub fn verify_hmac_sha256(
    key: &[u8],
    message: &[u8],
    tag: &[u8; 32],
) -> Result<(), PrimitiveError> {
    hmac(key, message).verify(tag.into()).map_err(|_| PrimitiveError::Tampered)
}

/// Whether two strings are equal, in a time that depends only on their lengths.
#[must_use]
pub fn constant_time_eq(a: &[u8], b: &[u8]) -> bool {
    a.ct_eq(b).into()
}

/// Fills `out` from the cryptographic random number generator of the operating system.
///
/// # Panics
///
/// If the system has no randomness to give, without which nothing here is secret.
pub fn random(out: &mut [u8]) {
    getrandom::fill(out).expect("the operating system provides randomness");
}

/// `SHA-256(message)`: the digest of a message (FIPS 180-4, section 6.2).
#[must_use]
pub fn sha256(message: &[u8]) -> [u8; 32] {
    sha2::Sha256::digest(message).into()
}

/// A SHA-256 computation (FIPS 180-4, section 6.2) over a message that comes in pieces.
#[derive(Clone)]
pub struct Sha256(sha2::Sha256);

impl Sha256 {
    /// Begins with the empty message.
    #[must_use]
    pub fn new() -> Self {
        Self(sha2::Sha256::new())
    }

    /// Appends to the message.
    pub fn update(&mut self, data: &[u8]) {
        self.0.update(data);
    }

    /// The digest of the message.
    #[must_use]
    pub fn finish(self) -> [u8; 32] {
        self.0.finalize().into()
    }
}

impl Default for Sha256 {
    fn default() -> Self {
        Self::new()
    }
}

fn hmac(key: &[u8], message: &[u8]) -> Hmac<sha2::Sha256> {
    Hmac::<sha2::Sha256>::new_from_slice(key)
        .expect("HMAC takes a key of every length")
        .chain_update(message)
}
