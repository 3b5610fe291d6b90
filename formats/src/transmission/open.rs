//! Opening a file with the Builder's key: everything that can be known without the Builder license.

use std::io;

use crate::envelope::header::{Header, HeaderError};
use crate::ids::{FileKeyCommitment, KeyId};
use crate::keys::FileKey;
use crate::policy::Layout;
use crate::primitives::{AeadKey, DecryptionKey, TAG_LENGTH};
use crate::read_at::ReadAt;
use crate::slug::Slug;

use super::control_area::ControlArea;
use super::head::HeadStart;
use super::leading;
use super::plan::BodyPlan;
use super::preamble::{HEADER_AND_PREAMBLE, Preamble};
use super::section_reader::{BodyReadError, SectionReader};

/// A file whose envelope was opened. Nothing in it has been verified to come from the server:
/// [`verify`](Self::verify) does that.
pub struct Opened<R> {
    pub(super) contents: Contents<R>,
    pub(super) control_area: ControlArea,
}

/// What all states of an opened file hold.
pub(super) struct Contents<R> {
    pub(super) source: R,
    /// The key id of the key it was opened with.
    pub(super) recipient: KeyId,
    pub(super) commitment: FileKeyCommitment,
    pub(super) preamble: Preamble,
    pub(super) plan: BodyPlan,
}

impl<R: ReadAt> Contents<R> {
    pub(super) fn section_reader(&self) -> SectionReader<'_, R> {
        SectionReader::new(&self.source, self.preamble.body_offset(), &self.plan)
    }
}

/// Why a file could not be opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// It could not be read.
    #[error("the file could not be read")]
    Io(#[source] io::Error),
    /// Its header or preamble was refused.
    #[error(transparent)]
    Header(#[from] HeaderError),
    /// It is shorter than its preamble says: the download is not complete.
    #[error("the file is cut short: {actual} of {expected} bytes")]
    Truncated {
        /// Bytes there should be.
        expected: u64,
        /// Bytes there are.
        actual: u64,
    },
    /// It is longer than its preamble says.
    #[error("the file has {actual} bytes where there should be {expected}")]
    Longer {
        /// Bytes there should be.
        expected: u64,
        /// Bytes there are.
        actual: u64,
    },
    /// The control area was altered.
    #[error("the control area of the file is damaged")]
    ControlArea,
    /// The control area is intact, but such as no writer writes (`TF-2`).
    #[error("the control area of the file is not one that a server would write")]
    Malformed,
}

impl OpenError {
    /// Its stable name.
    pub fn slug(&self) -> Slug {
        match self {
            Self::Io(_) => Slug::LocalFile,
            Self::Header(error) => error.slug(),
            Self::Truncated { .. } | Self::Longer { .. } | Self::ControlArea | Self::Malformed => {
                Slug::FileDamaged
            }
        }
    }
}

impl From<BodyReadError> for OpenError {
    fn from(error: BodyReadError) -> Self {
        match error {
            BodyReadError::Io(error) => Self::Io(error),
            BodyReadError::Damaged => Self::ControlArea,
        }
    }
}

impl<R: ReadAt> Opened<R> {
    /// Opens a transmission file: the header (`EN-2` to `EN-4`), the preamble, the exact length of
    /// the file (`TF-11`), then the control area.
    ///
    /// # Errors
    /// Why it was refused. A foreign, a newer, a truncated, a longer and a damaged file are told
    /// from each other.
    pub fn open(source: R, key: &DecryptionKey) -> Result<Self, OpenError> {
        Self::open_by(source, |header| header.open(key))
    }

    /// Opens a transmission file like [`open`](Self::open), for one who has its file key: a server
    /// that checks what it sends.
    ///
    /// # Errors
    /// Why it was refused. A file with another file key is a damaged one.
    pub fn open_with_file_key(source: R, file_key: FileKey) -> Result<Self, OpenError> {
        Self::open_by(source, |header| {
            if header.commits_to(&file_key) { Ok(file_key) } else { Err(HeaderError::Damaged) }
        })
    }

    fn open_by(
        source: R,
        unwrap: impl FnOnce(&Header) -> Result<FileKey, HeaderError>,
    ) -> Result<Self, OpenError> {
        let length = source.length();
        let mut beginning = [0; HEADER_AND_PREAMBLE];
        let there = usize::try_from(length).unwrap_or(usize::MAX).min(beginning.len());
        source.read_exact_at(0, &mut beginning[..there]).map_err(OpenError::Io)?;
        let start = HeadStart::read(&beginning[..there], unwrap)?;
        check_length(start.preamble.file_length(), length)?;
        let contents = Contents {
            recipient: start.header.recipient(),
            commitment: start.file_key.commitment(),
            plan: BodyPlan::new(&start.file_key, &start.header, &start.preamble),
            preamble: start.preamble,
            source,
        };
        let area = read_control_area(&contents, &start.head_key)?;
        let control_area = ControlArea::parse(&area, contents.preamble.layout);
        Ok(Self { control_area: control_area.ok_or(OpenError::Malformed)?, contents })
    }

    /// Bytes of the head: where the body begins.
    pub fn head_length(&self) -> u64 {
        self.contents.preamble.body_offset()
    }

    /// The layout of the file.
    pub fn layout(&self) -> Layout {
        self.contents.preamble.layout
    }
}

fn check_length(expected: u64, actual: u64) -> Result<(), OpenError> {
    match actual.cmp(&expected) {
        std::cmp::Ordering::Less => Err(OpenError::Truncated { expected, actual }),
        std::cmp::Ordering::Greater => Err(OpenError::Longer { expected, actual }),
        std::cmp::Ordering::Equal => Ok(()),
    }
}

/// The control area, from before the body or from inside it; its length is within its cap.
fn read_control_area<R: ReadAt>(
    contents: &Contents<R>,
    head_key: &AeadKey,
) -> Result<Vec<u8>, OpenError> {
    let length = contents.preamble.control_area_length();
    match contents.preamble.layout {
        Layout::Leading => {
            let mut sealed = vec![0; length + TAG_LENGTH];
            contents
                .source
                .read_exact_at(HEADER_AND_PREAMBLE as u64, &mut sealed)
                .map_err(OpenError::Io)?;
            leading::open_control_area(head_key, sealed).ok_or(OpenError::ControlArea)
        }
        Layout::Dispersed => Ok(contents.section_reader().read_control_area(length)?),
    }
}
