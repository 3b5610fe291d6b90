//! The secret of a license server 28: nobody else can make its challenge tokens, nor its records.

use zeroize::Zeroizing;

use super::{LicenseSecret, Secret, derive, random};
use crate::ids::RecordMac;
use crate::primitives::{PrimitiveError, hmac_sha256};
use crate::salted_box;

/// Derivation of the key of challenge tokens.
const DERIVE_TOKEN_KEY: &[u8] = b"trybuy/v1/challenge-token-key";
/// Derivation of the key of the chain of records.
const DERIVE_RECORD_KEY: &[u8] = b"trybuy/v1/license-record-key";
/// The purpose of what a token key encrypts.
const TOKEN: &[u8] = b"trybuy/v1/challenge-token";

/// The secret of a license server. It has no `Debug`.
pub struct LicenseServerSecret {
    bytes: Secret,
    /// Used as a license secret is: salted, and for one purpose.
    token: LicenseSecret,
    record: Secret,
}

impl LicenseServerSecret {
    /// The length of a secret, in bytes.
    pub const LENGTH: usize = 32;

    /// A new one.
    pub fn generate() -> Self {
        Self::new(random())
    }

    /// From its 32 bytes.
    pub fn from_bytes(bytes: [u8; Self::LENGTH]) -> Self {
        Self::new(Zeroizing::new(bytes))
    }

    fn new(bytes: Secret) -> Self {
        let token = LicenseSecret(derive(bytes.as_slice(), &[], &[DERIVE_TOKEN_KEY]));
        let record = derive(bytes.as_slice(), &[], &[DERIVE_RECORD_KEY]);
        Self { bytes, token, record }
    }

    /// Its bytes, to be stored where only the license server can read them.
    pub fn as_bytes(&self) -> &[u8; Self::LENGTH] {
        &self.bytes
    }

    /// Seals a challenge token: only this license server reads it.
    ///
    /// # Errors
    /// When the library fails.
    pub fn seal_token(&self, plaintext: &[u8]) -> Result<Vec<u8>, PrimitiveError> {
        salted_box::seal(&self.token, TOKEN, &[], plaintext)
    }

    /// Opens a token of this license server.
    ///
    /// # Errors
    /// [`PrimitiveError::Tampered`] when it is none.
    pub fn open_token(&self, sealed: &[u8]) -> Result<Vec<u8>, PrimitiveError> {
        salted_box::open(&self.token, TOKEN, &[], sealed)
    }

    /// `HMAC-SHA256(record key, previous ‖ record)`: chains a record to the one before it.
    pub fn record_mac(&self, previous: &RecordMac, record: &[u8]) -> RecordMac {
        let message = [previous.as_bytes().as_slice(), record].concat();
        RecordMac::from_bytes(hmac_sha256(self.record.as_slice(), &message))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_opened_by_its_license_server_only() {
        let secret = LicenseServerSecret::from_bytes([7; 32]);
        let mut sealed = secret.seal_token(b"token").expect("sealed");
        assert_eq!(secret.open_token(&sealed).as_deref(), Ok(b"token".as_slice()));
        let other = LicenseServerSecret::from_bytes([8; 32]);
        assert_eq!(other.open_token(&sealed), Err(PrimitiveError::Tampered));
        sealed[40] ^= 1;
        assert_eq!(secret.open_token(&sealed), Err(PrimitiveError::Tampered));
        assert_eq!(secret.open_token(b"short"), Err(PrimitiveError::Tampered));
    }

    #[test]
    fn a_record_is_chained_to_what_was_before() {
        let secret = LicenseServerSecret::from_bytes([7; 32]);
        let first = secret.record_mac(&RecordMac::BEGIN, b"one");
        let second = secret.record_mac(&first, b"two");
        assert_eq!(second, secret.record_mac(&first, b"two"));
        for other in [
            secret.record_mac(&RecordMac::BEGIN, b"two"),
            secret.record_mac(&first, b"one"),
            LicenseServerSecret::from_bytes([8; 32]).record_mac(&first, b"two"),
        ] {
            assert_ne!(second, other);
        }
    }
}
