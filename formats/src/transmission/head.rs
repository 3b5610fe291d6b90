//! The head: everything before the body, made once per trial and kept by the server.

use crate::control::{self, ControlInformation, SealControlError};
use crate::envelope::header::{self, Header, HeaderError};
use crate::keys::{FileKey, LicenseSecret, key_id};
use crate::limits;
use crate::policy::Layout;
use crate::primitives::{AeadKey, EncryptionKey, PrimitiveError, SignatureKey, TAG_LENGTH};

use super::control_area::ControlArea;
use super::dispersed::PIECES;
use super::leading;
use super::preamble::{HEADER_AND_PREAMBLE, Preamble, SEALED_LENGTH, head_key};

/// The head of a trial's transmission file and, in the dispersed layout, the control area that goes
/// into the body.
#[derive(Clone, PartialEq, Eq)]
pub struct TrialHead {
    /// Header, sealed preamble and, in the leading layout, the sealed control area.
    head: Vec<u8>,
    /// The control area in the dispersed layout, with its padding; otherwise empty.
    control_area: Vec<u8>,
}

/// Why a head could not be sealed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SealHeadError {
    /// The caller's control information names another recipient than the caller.
    #[error("the control information is for another Builder's key")]
    Recipient,
    /// The caller's control information commits to another file key than the caller's.
    #[error("the control information commits to another file key")]
    FileKey,
    /// The control information could not be sealed.
    #[error(transparent)]
    Control(#[from] SealControlError),
    /// A length is beyond its cap, or the library failed.
    #[error("the head could not be encrypted")]
    Encrypt(#[from] PrimitiveError),
}

/// Bytes that are not a head as [`TrialHead::to_bytes`] writes it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("the stored head of a trial is damaged")]
pub struct InvalidHead;

/// Seals the head of a file: wraps the file key, signs and encrypts the control information.
///
/// Takes about a millisecond, nearly all of it for the signature.
///
/// # Errors
/// When the control information does not fit the recipient or the file key, or the library fails.
pub fn seal_head(
    control: &ControlInformation,
    signer: &SignatureKey,
    secret: &LicenseSecret,
    recipient: &EncryptionKey,
    file_key: &FileKey,
) -> Result<TrialHead, SealHeadError> {
    if control.builder_key_id != key_id(recipient.spki()) {
        return Err(SealHeadError::Recipient);
    }
    if control.file_key_commitment != file_key.commitment() {
        return Err(SealHeadError::FileKey);
    }
    let area = ControlArea {
        sealed: control::seal(control, signer, secret)?,
        server_key: signer.verification_key().spki().to_vec(),
    };
    let area = area.encode(control.layout).ok_or(PrimitiveError::InvalidLength)?;
    let header = Header::seal(recipient, file_key)?;
    let preamble = Preamble {
        layout: control.layout,
        control_area: u32::try_from(area.len()).map_err(|_| PrimitiveError::InvalidLength)?,
        sections: control.sections,
    };
    let head_key = head_key(file_key, &header);
    let mut head = header.as_bytes().to_vec();
    head.extend(preamble.seal(&head_key)?);
    let control_area = match control.layout {
        Layout::Leading => {
            head.extend(leading::seal_control_area(&head_key, &area)?);
            Vec::new()
        }
        Layout::Dispersed => area,
    };
    Ok(TrialHead { head, control_area })
}

impl TrialHead {
    /// The first bytes of the file, up to the body.
    pub fn head(&self) -> &[u8] {
        &self.head
    }

    /// The layout of the file.
    pub fn layout(&self) -> Layout {
        if self.control_area.is_empty() { Layout::Leading } else { Layout::Dispersed }
    }

    /// What a server keeps of it: 4 bytes of length, the head, the dispersed control area.
    ///
    /// This is not a format of files, and only the server that wrote it reads it.
    pub fn to_bytes(&self) -> Vec<u8> {
        let length = u32::try_from(self.head.len()).expect("a head has a few KB");
        [length.to_be_bytes().as_slice(), &self.head, &self.control_area].concat()
    }

    /// Reads what [`to_bytes`](Self::to_bytes) wrote.
    ///
    /// # Errors
    /// When it is something else.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, InvalidHead> {
        let (length, rest) = bytes.split_first_chunk().ok_or(InvalidHead)?;
        let length = usize::try_from(u32::from_be_bytes(*length)).map_err(|_| InvalidHead)?;
        let (head, control_area) = rest.split_at_checked(length).ok_or(InvalidHead)?;
        Header::parse(head).map_err(|_| InvalidHead)?;
        let sealed_area = head.len().checked_sub(HEADER_AND_PREAMBLE).ok_or(InvalidHead)?;
        let (leading, dispersed) = (sealed_area > TAG_LENGTH, !control_area.is_empty());
        let fits = leading != dispersed
            && (leading || sealed_area == 0)
            && sealed_area <= limits::CONTROL_AREA + TAG_LENGTH
            && control_area.len() <= limits::CONTROL_AREA
            && control_area.len().is_multiple_of(PIECES);
        let head = Self { head: head.to_vec(), control_area: control_area.to_vec() };
        fits.then_some(head).ok_or(InvalidHead)
    }

    /// The control area that goes into the body; empty in the leading layout.
    pub(super) fn control_area(&self) -> &[u8] {
        &self.control_area
    }

    /// Header and preamble, opened with the file key by the one who sealed them; none if they
    /// were sealed with another key or damaged.
    pub(super) fn open(&self, file_key: &FileKey) -> Option<(Header, Preamble)> {
        let header = Header::parse(&self.head).ok()?;
        if !header.commits_to(file_key) {
            return None;
        }
        let sealed = sealed_preamble(&self.head)?;
        let preamble = Preamble::open(&head_key(file_key, &header), sealed).ok()?;
        let area = match preamble.layout {
            Layout::Leading => 0,
            Layout::Dispersed => preamble.control_area_length(),
        };
        let fits =
            self.head.len() as u64 == preamble.body_offset() && self.control_area.len() == area;
        fits.then_some((header, preamble))
    }
}

/// Header and preamble, opened by the recipient.
pub(super) struct HeadStart {
    pub(super) header: Header,
    pub(super) file_key: FileKey,
    pub(super) head_key: AeadKey,
    pub(super) preamble: Preamble,
}

impl HeadStart {
    /// Opens the beginning of a file: [`HEADER_AND_PREAMBLE`] bytes, or all if there are fewer.
    /// `unwrap` gives the file key that the header commits to.
    pub(super) fn read(
        beginning: &[u8],
        unwrap: impl FnOnce(&Header) -> Result<FileKey, HeaderError>,
    ) -> Result<Self, HeaderError> {
        let header = Header::parse(beginning)?;
        let sealed = sealed_preamble(beginning).ok_or(HeaderError::Truncated)?;
        let file_key = unwrap(&header)?;
        let head_key = head_key(&file_key, &header);
        let preamble = Preamble::open(&head_key, sealed)?;
        Ok(Self { header, file_key, head_key, preamble })
    }
}

fn sealed_preamble(beginning: &[u8]) -> Option<&[u8; SEALED_LENGTH]> {
    beginning.get(header::LENGTH..)?.first_chunk()
}
