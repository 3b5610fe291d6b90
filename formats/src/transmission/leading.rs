//! The leading layout (Fig. 4): the control area in front, so that the head can be replaced alone
//! (`TF-6` to `TF-8`).

use zeroize::Zeroizing;

use crate::envelope::header::HeaderError;
use crate::keys::FileKey;
use crate::policy::Layout;
use crate::primitives::{AeadKey, DecryptionKey, PrimitiveError, TAG_LENGTH};
use crate::read_at::ReadAt;
use crate::slug::Slug;

use super::control_area::ControlArea;
use super::geometry::Geometry;
use super::head::HeadStart;
use super::open::Opened;
use super::preamble::{HEADER_AND_PREAMBLE, Preamble};

/// Derivation of the body's key (`TF-7`).
const BODY_LABEL: &[u8] = b"trybuy/v1/body";
/// The nonce of the control area; the preamble has the other one under this key (`TF-6`).
const NONCE: [u8; 12] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1];

/// Key and geometry of the body.
pub(super) fn body(file_key: &FileKey, preamble: &Preamble) -> (Zeroizing<[u8; 32]>, Geometry) {
    (file_key.subkey(&[], BODY_LABEL), Geometry::leading(preamble.sections.total()))
}

/// Seals the control area.
pub(super) fn seal_control_area(key: &AeadKey, area: &[u8]) -> Result<Vec<u8>, PrimitiveError> {
    let mut sealed = vec![0; area.len() + TAG_LENGTH];
    key.seal_into(NONCE, area, &mut sealed)?;
    Ok(sealed)
}

/// Opens the control area; none if it was altered.
pub(super) fn open_control_area(key: &AeadKey, mut sealed: Vec<u8>) -> Option<Vec<u8>> {
    let length = key.open_in_place(NONCE, &mut sealed).ok()?.len();
    sealed.truncate(length);
    Some(sealed)
}

/// Why a head cannot replace another.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReplaceError {
    /// The caller's file is of the dispersed layout: a new head means a new body.
    #[error("the head of a file in the dispersed layout cannot be replaced alone")]
    Dispersed,
    /// The new head's header was refused.
    #[error(transparent)]
    Header(#[from] HeaderError),
    /// The new head is damaged.
    #[error("the new head is damaged")]
    Damaged,
    /// The new head belongs to another body.
    #[error("the new head belongs to another file")]
    OtherBody,
}

impl ReplaceError {
    /// Its stable name.
    pub fn slug(&self) -> Slug {
        match self {
            Self::Header(error) => error.slug(),
            Self::Dispersed | Self::Damaged | Self::OtherBody => Slug::FileDamaged,
        }
    }
}

impl<R: ReadAt> Opened<R> {
    /// Checks that `head` can replace this file's own before the same body, and answers where in
    /// this file that body begins: the new file is `head`, then this file from there on.
    ///
    /// Opening and verifying the new file decides whether it is accepted, and whether its number
    /// is high enough (`TF-8`).
    ///
    /// # Errors
    /// Why it cannot.
    pub fn replace_head(&self, head: &[u8], key: &DecryptionKey) -> Result<u64, ReplaceError> {
        let current = &self.contents;
        if current.preamble.layout != Layout::Leading {
            return Err(ReplaceError::Dispersed);
        }
        let start = HeadStart::read(head, |header| header.open(key))?;
        if start.file_key.commitment() != current.commitment
            || start.preamble.layout != Layout::Leading
            || start.preamble.sections != current.preamble.sections
        {
            return Err(ReplaceError::OtherBody);
        }
        let sealed = head.get(HEADER_AND_PREAMBLE..).unwrap_or_default();
        let whole = head.len() as u64 == start.preamble.body_offset();
        whole
            .then(|| open_control_area(&start.head_key, sealed.to_vec()))
            .flatten()
            .and_then(|area| ControlArea::parse(&area, Layout::Leading))
            .ok_or(ReplaceError::Damaged)?;
        Ok(current.preamble.body_offset())
    }
}
