//! The secret of a license server 28: nobody else can make its challenge tokens, nor its records and what it keeps of them.

use zeroize::Zeroizing;

use super::{LicenseSecret, Secret, derive, random};
use crate::ids::{MarkMac, RecordMac};
use crate::primitives::{PrimitiveError, hmac_sha256, verify_hmac_sha256};
use crate::salted_box;

/// Derivation of the key of challenge tokens.
const DERIVE_TOKEN_KEY: &[u8] = b"trybuy/v1/challenge-token-key";
/// Derivation of the key of the chain of records.
const DERIVE_RECORD_KEY: &[u8] = b"trybuy/v1/license-record-key";
/// Derivation of the key of the mark of the records.
const DERIVE_MARK_KEY: &[u8] = b"trybuy/v1/records-mark-key";
/// The purpose of what a token key encrypts.
const TOKEN: &[u8] = b"trybuy/v1/challenge-token";

/// The secret of a license server. It has no `Debug`.
pub struct LicenseServerSecret {
    bytes: Secret,
    /// Used as a license secret is: salted, and for one purpose.
    token: LicenseSecret,
    record: Secret,
    mark: Secret,
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
        let mark = derive(bytes.as_slice(), &[], &[DERIVE_MARK_KEY]);
        Self { bytes, token, record, mark }
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

    /// `HMAC-SHA256(mark key, mark)`: authenticates how far the records go, where the database does not keep it.
    pub fn mark_mac(&self, mark: &[u8]) -> MarkMac {
        MarkMac::from_bytes(hmac_sha256(self.mark.as_slice(), mark))
    }

    /// Verifies what [`Self::mark_mac`] authenticated.
    ///
    /// # Errors
    /// [`PrimitiveError::Tampered`] when it is not as this license server wrote it.
    pub fn verify_mark(&self, mark: &[u8], mac: &MarkMac) -> Result<(), PrimitiveError> {
        verify_hmac_sha256(self.mark.as_slice(), mark, mac.as_bytes())
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

    #[test]
    fn a_mark_is_verified_by_its_license_server_only_and_is_no_record() {
        let secret = LicenseServerSecret::from_bytes([7; 32]);
        let mac = secret.mark_mac(b"mark");
        assert_eq!(secret.verify_mark(b"mark", &mac), Ok(()));
        assert_eq!(secret.verify_mark(b"Mark", &mac), Err(PrimitiveError::Tampered));
        let other = LicenseServerSecret::from_bytes([8; 32]);
        assert_eq!(other.verify_mark(b"mark", &mac), Err(PrimitiveError::Tampered));
        let record = secret.record_mac(&RecordMac::BEGIN, b"mark");
        let message = [RecordMac::BEGIN.as_bytes().as_slice(), b"mark"].concat();
        assert_ne!(secret.mark_mac(&message).as_bytes(), record.as_bytes());
    }
}
