//! SHA-256, and what is made of it: HMAC and HKDF. Also random bytes and comparison.

use aws_lc_rs::digest::{self, SHA256};
use aws_lc_rs::hkdf::{HKDF_SHA256, KeyType, Salt};
use aws_lc_rs::hmac::{self, HMAC_SHA256};
use aws_lc_rs::{constant_time, rand};

use crate::primitives::PrimitiveError;

/// `HKDF[ikm, salt](info…)`: derives `out` from the secret `ikm` (RFC 5869 with SHA-256). The parts of
/// `info` are taken as one string, with nothing between them.
///
/// # Panics
///
/// If `out` is longer than [`MAX_DERIVED_LENGTH`](crate::primitives::MAX_DERIVED_LENGTH). Lengths of keys
/// are constants of the formats, never input.
pub fn hkdf_sha256(ikm: &[u8], salt: &[u8], info: &[&[u8]], out: &mut [u8]) {
    Salt::new(HKDF_SHA256, salt)
        .extract(ikm)
        .expand(info, DerivedLength(out.len()))
        .and_then(|derived| derived.fill(out))
        .expect("keys are derived no longer than 255 blocks");
}

/// `HMAC[key](message)`: the authentication tag of a message (RFC 2104 with SHA-256).
#[must_use]
pub fn hmac_sha256(key: &[u8], message: &[u8]) -> [u8; 32] {
    let tag = hmac::sign(&hmac::Key::new(HMAC_SHA256, key), message);
    tag.as_ref().try_into().expect("a tag of HMAC-SHA-256 has 32 bytes")
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
    hmac::verify(&hmac::Key::new(HMAC_SHA256, key), message, tag)
        .map_err(|_| PrimitiveError::Tampered)
}

/// Whether two strings are equal, in a time that depends only on their lengths.
#[must_use]
pub fn constant_time_eq(a: &[u8], b: &[u8]) -> bool {
    constant_time::verify_slices_are_equal(a, b).is_ok()
}

/// Fills `out` from the cryptographic random number generator that the operating system seeds.
///
/// # Panics
///
/// If the system has no randomness to give, without which nothing here is secret.
pub fn random(out: &mut [u8]) {
    rand::fill(out).expect("the operating system provides randomness");
}

/// `SHA-256(message)`: the digest of a message (FIPS 180-4, section 6.2).
#[must_use]
pub fn sha256(message: &[u8]) -> [u8; 32] {
    into_array(digest::digest(&SHA256, message))
}

/// A SHA-256 computation (FIPS 180-4, section 6.2) over a message that comes in pieces.
#[derive(Clone)]
pub struct Sha256(digest::Context);

impl Sha256 {
    /// Begins with the empty message.
    #[must_use]
    pub fn new() -> Self {
        Self(digest::Context::new(&SHA256))
    }

    /// Appends to the message.
    pub fn update(&mut self, data: &[u8]) {
        self.0.update(data);
    }

    /// The digest of the message.
    #[must_use]
    pub fn finish(self) -> [u8; 32] {
        into_array(self.0.finish())
    }
}

impl Default for Sha256 {
    fn default() -> Self {
        Self::new()
    }
}

fn into_array(digest: digest::Digest) -> [u8; 32] {
    digest.as_ref().try_into().expect("a digest of SHA-256 has 32 bytes")
}

/// The library wants the length of what it derives as a type of ours.
struct DerivedLength(usize);

impl KeyType for DerivedLength {
    fn len(&self) -> usize {
        self.0
    }
}
