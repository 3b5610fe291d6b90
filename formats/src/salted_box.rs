//! Salted encryption under the license secret, shared by the sealed control information (`CI-5`)
//! and the sealed states (`BL-6`): a random salt, then AES-256-GCM under a key derived with it.

use crate::keys::LicenseSecret;
use crate::primitives::{self, AeadKey, PrimitiveError, TAG_LENGTH};

const SALT_LENGTH: usize = 32;
/// A key is used for one message only, so its nonce can be constant.
const NONCE: [u8; 12] = [0; 12];

/// `salt ‖ AES-256-GCM(HKDF(license secret, salt, label ‖ name, 32), plaintext)`.
pub(crate) fn seal(
    secret: &LicenseSecret,
    label: &[u8],
    name: &[u8],
    plaintext: &[u8],
) -> Result<Vec<u8>, PrimitiveError> {
    let mut sealed = vec![0; SALT_LENGTH + plaintext.len() + TAG_LENGTH];
    let (salt, body) = sealed.split_at_mut(SALT_LENGTH);
    primitives::random(salt);
    AeadKey::new(&secret.subkey(salt, label, name)).seal_into(NONCE, plaintext, body)?;
    Ok(sealed)
}

/// Opens what [`seal`] made.
pub(crate) fn open(
    secret: &LicenseSecret,
    label: &[u8],
    name: &[u8],
    sealed: &[u8],
) -> Result<Vec<u8>, PrimitiveError> {
    let (salt, body) = sealed.split_at_checked(SALT_LENGTH).ok_or(PrimitiveError::Tampered)?;
    let length = body.len().checked_sub(TAG_LENGTH).ok_or(PrimitiveError::Tampered)?;
    let mut plaintext = vec![0; length];
    AeadKey::new(&secret.subkey(salt, label, name)).open_into(NONCE, body, &mut plaintext)?;
    Ok(plaintext)
}
