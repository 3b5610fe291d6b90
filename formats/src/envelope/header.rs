//! The header: the wrapped file key, and the tag that commits to it.

use crate::ids::KeyId;
use crate::keys::{FileKey, key_id};
use crate::primitives::{
    DecryptionKey, EncryptionKey, PrimitiveError, WRAPPED_LENGTH, hmac_sha256, verify_hmac_sha256,
};
use crate::slug::Slug;

const MAGIC: [u8; 8] = *b"trybuy-t";
const VERSION: u8 = 1;
/// AES-256-GCM, HKDF-SHA256, HMAC-SHA256, chunks of 65536 bytes.
const ALGORITHM: u8 = 1;
/// RSA-3072 with OAEP.
const RECIPIENT: u16 = 1;
/// The key of the header tag (`EN-2`).
const LABEL: &[u8] = b"trybuy/v1/header";

const VERSION_AT: usize = 8;
const ALGORITHM_AT: usize = 9;
const RECIPIENT_AT: usize = 10;
const KEY_ID_AT: usize = 12;
const WRAPPED_LENGTH_AT: usize = 44;
const WRAPPED_AT: usize = 46;
const TAG_AT: usize = WRAPPED_AT + WRAPPED_LENGTH;
const TAG_LENGTH: usize = 32;

/// Bytes of a header for a recipient of kind 1.
pub const LENGTH: usize = TAG_AT + TAG_LENGTH;

/// The first bytes of a transmission file; all that can be read without the Builder's key.
#[derive(Clone, PartialEq, Eq)]
pub struct Header([u8; LENGTH]);

/// Why a header was refused.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HeaderError {
    /// The magic is another.
    #[error("not a transmission file")]
    Magic,
    /// A version this release does not know (`EN-3`).
    #[error("version {0} of the transmission format is not known to this release")]
    Version(u8),
    /// An algorithm this release does not know (`EN-3`).
    #[error("algorithm {0} of the envelope is not known to this release")]
    Algorithm(u8),
    /// A kind of recipient this release does not know (`EN-3`).
    #[error("kind {0} of recipient is not known to this release")]
    Recipient(u16),
    /// It ends before header and preamble do.
    #[error("the file ends within its head")]
    Truncated,
    /// It was made for another key (`EN-4`).
    #[error("encrypted for another key: {0}")]
    ForeignKey(KeyId),
    /// Wrapped key, tag or preamble are not as they were made.
    #[error("the head of the file is damaged")]
    Damaged,
    /// Lengths or reserved bytes are such as no writer writes (`CV-11`).
    #[error("the head of the file is not one that a server would write")]
    Malformed,
}

impl HeaderError {
    /// Its stable name.
    pub fn slug(&self) -> Slug {
        match self {
            Self::Version(_) | Self::Algorithm(_) | Self::Recipient(_) => Slug::FormatTooNew,
            Self::ForeignKey(_) => Slug::WrongKey,
            Self::Magic | Self::Truncated | Self::Damaged | Self::Malformed => Slug::FileDamaged,
        }
    }
}

impl Header {
    /// Wraps a file key for a recipient (`EN-1`, `EN-2`).
    ///
    /// # Errors
    /// When the cryptographic library fails.
    pub fn seal(recipient: &EncryptionKey, file_key: &FileKey) -> Result<Self, PrimitiveError> {
        let wrapped = file_key.wrap(recipient)?;
        let mut bytes = [0; LENGTH];
        bytes[..VERSION_AT].copy_from_slice(&MAGIC);
        bytes[VERSION_AT] = VERSION;
        bytes[ALGORITHM_AT] = ALGORITHM;
        bytes[RECIPIENT_AT..KEY_ID_AT].copy_from_slice(&RECIPIENT.to_be_bytes());
        bytes[KEY_ID_AT..WRAPPED_LENGTH_AT].copy_from_slice(key_id(recipient.spki()).as_bytes());
        bytes[WRAPPED_LENGTH_AT..WRAPPED_AT]
            .copy_from_slice(&(WRAPPED_LENGTH as u16).to_be_bytes());
        if wrapped.len() != WRAPPED_LENGTH {
            return Err(PrimitiveError::InvalidLength);
        }
        bytes[WRAPPED_AT..TAG_AT].copy_from_slice(&wrapped);
        let tag = hmac_sha256(tag_key(file_key).as_slice(), &bytes[..TAG_AT]);
        bytes[TAG_AT..].copy_from_slice(&tag);
        Ok(Self(bytes))
    }

    /// Reads the header at the beginning of a file, of which `beginning` holds the first
    /// [`LENGTH`] bytes, or all if there are fewer.
    ///
    /// # Errors
    /// What is wrong with it. A file that is cut short is told from one that is too new.
    pub fn parse(beginning: &[u8]) -> Result<Self, HeaderError> {
        let magic = &beginning[..beginning.len().min(MAGIC.len())];
        if !MAGIC.starts_with(magic) {
            return Err(HeaderError::Magic);
        }
        let byte = |at: usize| beginning.get(at).copied().ok_or(HeaderError::Truncated);
        let number = |at: usize| Ok(u16::from_be_bytes([byte(at)?, byte(at + 1)?]));
        match byte(VERSION_AT)? {
            VERSION => {}
            other => return Err(HeaderError::Version(other)),
        }
        match byte(ALGORITHM_AT)? {
            ALGORITHM => {}
            other => return Err(HeaderError::Algorithm(other)),
        }
        match number(RECIPIENT_AT)? {
            RECIPIENT => {}
            other => return Err(HeaderError::Recipient(other)),
        }
        if usize::from(number(WRAPPED_LENGTH_AT)?) != WRAPPED_LENGTH {
            return Err(HeaderError::Malformed);
        }
        beginning.first_chunk().copied().map(Self).ok_or(HeaderError::Truncated)
    }

    /// Its bytes.
    pub fn as_bytes(&self) -> &[u8; LENGTH] {
        &self.0
    }

    /// The key id of the recipient's key.
    pub fn recipient(&self) -> KeyId {
        let bytes = self.0[KEY_ID_AT..].first_chunk().expect("a key id lies within the header");
        KeyId::from_bytes(*bytes)
    }

    /// The header tag, the salt of what depends on this header (`EN-5`).
    pub(crate) fn tag(&self) -> &[u8; TAG_LENGTH] {
        self.0.last_chunk().expect("the tag is the end of the header")
    }

    /// Unwraps the file key and checks that the header commits to it (`EN-2`, `EN-4`).
    ///
    /// # Errors
    /// [`HeaderError::ForeignKey`] or [`HeaderError::Damaged`].
    pub fn open(&self, key: &DecryptionKey) -> Result<FileKey, HeaderError> {
        if key_id(key.encryption_key().spki()) != self.recipient() {
            return Err(HeaderError::ForeignKey(self.recipient()));
        }
        let wrapped = &self.0[WRAPPED_AT..TAG_AT];
        let file_key = FileKey::unwrap(key, wrapped).map_err(|_| HeaderError::Damaged)?;
        if self.commits_to(&file_key) { Ok(file_key) } else { Err(HeaderError::Damaged) }
    }

    /// Whether this header was made with that file key and not altered since (`EN-2`).
    pub(crate) fn commits_to(&self, file_key: &FileKey) -> bool {
        let key = tag_key(file_key);
        verify_hmac_sha256(key.as_slice(), &self.0[..TAG_AT], self.tag()).is_ok()
    }
}

fn tag_key(file_key: &FileKey) -> zeroize::Zeroizing<[u8; 32]> {
    file_key.subkey(&[], LABEL)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plausible() -> Vec<u8> {
        let mut bytes = vec![0; LENGTH];
        bytes[..8].copy_from_slice(b"trybuy-t");
        bytes[8..12].copy_from_slice(&[1, 1, 0, 1]);
        bytes[44..46].copy_from_slice(&384_u16.to_be_bytes());
        bytes
    }

    fn parse_with(at: usize, value: u8) -> Option<HeaderError> {
        let mut bytes = plausible();
        bytes[at] = value;
        Header::parse(&bytes).err()
    }

    #[test]
    fn what_is_not_known_is_named() {
        assert_eq!(parse_with(0, b't'), None);
        assert_eq!(parse_with(7, b's'), Some(HeaderError::Magic));
        assert_eq!(parse_with(8, 2), Some(HeaderError::Version(2)));
        assert_eq!(parse_with(9, 0), Some(HeaderError::Algorithm(0)));
        assert_eq!(parse_with(10, 1), Some(HeaderError::Recipient(257)));
        assert_eq!(parse_with(11, 2), Some(HeaderError::Recipient(2)));
        assert_eq!(parse_with(45, 0), Some(HeaderError::Malformed));
    }

    #[test]
    fn a_file_cut_within_its_header_is_truncated() {
        let bytes = plausible();
        for length in 0..LENGTH {
            let error = Header::parse(&bytes[..length]).err();
            assert_eq!(error, Some(HeaderError::Truncated), "{length}");
        }
        assert_eq!(Header::parse(b"MZ").err(), Some(HeaderError::Magic));
    }
}
