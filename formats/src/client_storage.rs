//! The client storage format: a transmission file behind a clear copy of its control information.
//! Specification: `docs/formats/client-storage.md`.

use std::io;

use crate::canonical_json::{self, NotCanonical};
use crate::control::ControlInformation;
use crate::limits;
use crate::read_at::{Offset, ReadAt};
use crate::signed::Verified;
use crate::slug::Slug;

const MAGIC: [u8; 8] = *b"trybuy-c";
const VERSION: u8 = 1;
/// Magic, version, zeros and the length of the clear copy.
const FIXED: usize = 16;

/// The clear copy in front of a transmission file. It is for display and decides nothing (`CS-1`).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ClearCopy {
    /// What it says. Nobody has vouched for it.
    pub untrusted: ControlInformation,
    bytes: Vec<u8>,
}

impl ClearCopy {
    /// Its bytes, to be compared with the verified payload.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Where the transmission file begins.
    pub fn file_offset(&self) -> u64 {
        (FIXED + self.bytes.len()) as u64
    }

    /// Whether this is a copy of the verified control information, byte for byte (`CS-2`).
    pub fn is_copy_of(&self, control: &Verified<ControlInformation>) -> bool {
        self.bytes == control.payload()
    }
}

/// A file in the client storage format: its clear copy, and the transmission file in it.
pub struct Stored<R> {
    /// The clear copy.
    pub clear: ClearCopy,
    /// The transmission file.
    pub file: Offset<R>,
}

/// Why a file is not one in the client storage format.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoredError {
    /// It could not be read.
    #[error("the stored file could not be read")]
    Io(#[source] io::Error),
    /// The magic is another.
    #[error("not a file in the client storage format")]
    Magic,
    /// A version this release does not know.
    #[error("version {0} of the client storage format is not known to this release")]
    TooNew(u32),
    /// It ends within the clear copy.
    #[error("the stored file is cut short")]
    Truncated,
    /// The clear copy is not as it was written.
    #[error("the clear copy of the control information is damaged")]
    Damaged,
}

impl StoredError {
    /// Its stable name.
    pub fn slug(&self) -> Slug {
        match self {
            Self::Io(_) => Slug::LocalFile,
            Self::TooNew(_) => Slug::FormatTooNew,
            Self::Magic | Self::Truncated | Self::Damaged => Slug::FileDamaged,
        }
    }
}

/// What stands before the transmission file: write it, then the transmission file.
pub fn clear_prefix(control: &Verified<ControlInformation>) -> Vec<u8> {
    let payload = control.payload();
    let length = u32::try_from(payload.len()).expect("a verified payload is within its cap");
    let mut prefix = Vec::with_capacity(FIXED + payload.len());
    prefix.extend(MAGIC);
    prefix.extend([VERSION, 0, 0, 0]);
    prefix.extend(length.to_be_bytes());
    prefix.extend(payload);
    prefix
}

/// Reads the clear copy at the beginning of a file.
///
/// # Errors
/// Why there is none.
pub fn read_clear<R: ReadAt + ?Sized>(source: &R) -> Result<ClearCopy, StoredError> {
    let mut fixed = [0; FIXED];
    read(source, 0, &mut fixed)?;
    let mut bytes = vec![0; parse_fixed(&fixed)?];
    read(source, FIXED as u64, &mut bytes)?;
    let untrusted = canonical_json::parse(&bytes).map_err(|error| match error {
        NotCanonical::TooNew(version) => StoredError::TooNew(version),
        NotCanonical::Malformed => StoredError::Damaged,
    })?;
    Ok(ClearCopy { untrusted, bytes })
}

impl<R: ReadAt> Stored<R> {
    /// Reads the clear copy and finds the transmission file behind it.
    ///
    /// # Errors
    /// Why the file is not one in the client storage format.
    pub fn open(source: R) -> Result<Self, StoredError> {
        let clear = read_clear(&source)?;
        let file = Offset::new(source, clear.file_offset());
        Ok(Self { clear, file })
    }
}

/// The length of the clear copy.
fn parse_fixed(fixed: &[u8; FIXED]) -> Result<usize, StoredError> {
    let [magic @ .., version, z0, z1, z2, l0, l1, l2, l3] = *fixed;
    if magic != MAGIC {
        return Err(StoredError::Magic);
    }
    if version != VERSION {
        return Err(StoredError::TooNew(version.into()));
    }
    usize::try_from(u32::from_be_bytes([l0, l1, l2, l3]))
        .ok()
        .filter(|length| (2..=limits::CONTROL_PAYLOAD).contains(length) && [z0, z1, z2] == [0; 3])
        .ok_or(StoredError::Damaged)
}

fn read<R: ReadAt + ?Sized>(source: &R, offset: u64, out: &mut [u8]) -> Result<(), StoredError> {
    if offset + out.len() as u64 > source.length() {
        return Err(StoredError::Truncated);
    }
    source.read_exact_at(offset, out).map_err(StoredError::Io)
}
