//! The preamble: layout and lengths, sealed right after the header.

use crate::control::Sections;
use crate::envelope::header::{self, Header, HeaderError};
use crate::envelope::stream::Chunks;
use crate::keys::FileKey;
use crate::limits;
use crate::policy::Layout;
use crate::primitives::{AeadKey, PrimitiveError, TAG_LENGTH};

use super::dispersed::PIECES;

/// Derivation of the head key (`EN-7`).
const LABEL: &[u8] = b"trybuy/v1/head";
const NONCE: [u8; 12] = [0; 12];
const LENGTH: usize = 32;

/// Bytes of header and sealed preamble, which every file begins with.
pub(super) const HEADER_AND_PREAMBLE: usize = header::LENGTH + SEALED_LENGTH;
/// Bytes of the sealed preamble.
pub(super) const SEALED_LENGTH: usize = LENGTH + TAG_LENGTH;

/// The head key: it seals the preamble and, in the leading layout, the control area (`EN-7`).
pub(super) fn head_key(file_key: &FileKey, header: &Header) -> AeadKey {
    AeadKey::new(&file_key.subkey(header.tag(), LABEL))
}

/// From which everything else about the file's geometry follows (`TF-11`).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Preamble {
    pub(super) layout: Layout,
    /// Bytes of the control area, with its padding.
    pub(super) control_area: u32,
    pub(super) sections: Sections,
}

impl Preamble {
    /// Its 32 bytes; none where a length is beyond its cap.
    fn encode(&self) -> Option<[u8; LENGTH]> {
        if !self.is_valid() {
            return None;
        }
        let Sections { documentation, terms, relicensing, program } = self.sections;
        let short = |length: u64| u32::try_from(length).ok().map(u32::to_be_bytes);
        let mut bytes = [0; LENGTH];
        bytes[0] = match self.layout {
            Layout::Leading => 1,
            Layout::Dispersed => 2,
        };
        bytes[4..8].copy_from_slice(&self.control_area.to_be_bytes());
        bytes[8..12].copy_from_slice(&short(documentation)?);
        bytes[12..16].copy_from_slice(&short(terms)?);
        bytes[16..20].copy_from_slice(&short(relicensing)?);
        bytes[24..].copy_from_slice(&program.to_be_bytes());
        Some(bytes)
    }

    /// Reads 32 bytes; none if a writer would not have written them (`CV-11`).
    fn parse(bytes: &[u8; LENGTH]) -> Option<Self> {
        let layout = match bytes[0] {
            1 => Layout::Leading,
            2 => Layout::Dispersed,
            _ => return None,
        };
        let short = |at: usize| bytes[at..].first_chunk().copied().map(u32::from_be_bytes);
        let sections = Sections {
            documentation: short(8)?.into(),
            terms: short(12)?.into(),
            relicensing: short(16)?.into(),
            program: u64::from_be_bytes(*bytes.last_chunk()?),
        };
        let preamble = Self { layout, control_area: short(4)?, sections };
        (preamble.encode()? == *bytes).then_some(preamble)
    }

    fn is_valid(&self) -> bool {
        let whole_pieces = self.control_area.is_multiple_of(PIECES as u32);
        (1..=limits::CONTROL_AREA).contains(&self.control_area_length())
            && (self.layout == Layout::Leading || whole_pieces)
            && self.sections.are_within_caps()
    }

    /// Seals it under the head key.
    pub(super) fn seal(&self, key: &AeadKey) -> Result<[u8; SEALED_LENGTH], PrimitiveError> {
        let bytes = self.encode().ok_or(PrimitiveError::InvalidLength)?;
        let mut sealed = [0; SEALED_LENGTH];
        key.seal_into(NONCE, &bytes, &mut sealed)?;
        Ok(sealed)
    }

    /// Opens and reads it: an altered one is told from one that is not canonical.
    pub(super) fn open(key: &AeadKey, sealed: &[u8; SEALED_LENGTH]) -> Result<Self, HeaderError> {
        let mut bytes = [0; LENGTH];
        key.open_into(NONCE, sealed, &mut bytes).map_err(|_| HeaderError::Damaged)?;
        Self::parse(&bytes).ok_or(HeaderError::Malformed)
    }

    /// Bytes of the control area, as a length in memory.
    pub(super) fn control_area_length(&self) -> usize {
        usize::try_from(self.control_area).unwrap_or(usize::MAX)
    }

    /// Where the body begins: the length of the head.
    pub(super) fn body_offset(&self) -> u64 {
        let sealed_area = match self.layout {
            Layout::Leading => u64::from(self.control_area) + TAG_LENGTH as u64,
            Layout::Dispersed => 0,
        };
        HEADER_AND_PREAMBLE as u64 + sealed_area
    }

    /// Bytes of the body's plaintext.
    pub(super) fn stream_length(&self) -> u64 {
        let pieces = match self.layout {
            Layout::Leading => 0,
            Layout::Dispersed => u64::from(self.control_area),
        };
        self.sections.total() + pieces
    }

    /// The exact length of the file (`TF-11`).
    pub(super) fn file_length(&self) -> u64 {
        self.body_offset() + Chunks::new(self.stream_length()).sealed_length()
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

    use super::*;

    fn example() -> Preamble {
        let sections = Sections { documentation: 0, terms: 1, relicensing: 2, program: 17 };
        Preamble { layout: Layout::Dispersed, control_area: 16, sections }
    }

    #[test]
    fn what_is_written_is_read() {
        let bytes = example().encode().unwrap();
        assert_eq!(Preamble::parse(&bytes), Some(example()));
        let expected = [2, 0, 0, 0, 0, 0, 0, 16, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 2];
        assert_eq!(bytes[..20], expected);
        assert_eq!(bytes[20..], [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 17]);
    }

    #[test]
    fn what_no_writer_writes_is_refused() {
        let refused = |at: usize, value: u8| {
            let mut bytes = example().encode().unwrap();
            bytes[at] = value;
            Preamble::parse(&bytes).is_none()
        };
        assert!(!refused(0, 1), "the other layout");
        for (at, value, what) in [
            (0, 0, "layout 0"),
            (0, 3, "layout 3"),
            (1, 1, "reserved"),
            (3, 1, "reserved"),
            (5, 1, "a control area beyond its cap"),
            (7, 17, "pieces that are not whole"),
            (7, 0, "no control area"),
            (8, 1, "documentation beyond its cap"),
            (12, 1, "terms beyond their cap"),
            (15, 0, "no terms"),
            (16, 1, "relicensing terms beyond their cap"),
            (20, 1, "reserved"),
            (23, 1, "reserved"),
            (26, 1, "a program beyond its cap"),
            (31, 16, "a program section too short for its table"),
        ] {
            assert!(refused(at, value), "{what}");
        }
    }

    #[test]
    fn lengths_follow_from_the_preamble() {
        let dispersed = example();
        assert_eq!((dispersed.body_offset(), dispersed.stream_length()), (510, 36));
        assert_eq!(dispersed.file_length(), 510 + 36 + 16);
        let leading = Preamble { layout: Layout::Leading, ..dispersed };
        assert_eq!((leading.body_offset(), leading.stream_length()), (542, 20));
        assert_eq!(leading.file_length(), 542 + 20 + 16);
    }
}
