//! Reading the texts of a verified file, and checking the whole of it.

use std::io;
use std::ops::Range;

use crate::primitives::sha256;
use crate::read_at::ReadAt;
use crate::server_format::program_section::{BlockTable, program_digest};
use crate::server_format::{InvalidSection, SectionName};
use crate::slug::Slug;

use super::section_reader::{BodyReadError, SectionReader};
use super::verify::VerifiedFile;

/// Why a section could not be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// The file could not be read.
    #[error("the file could not be read")]
    Io(#[source] io::Error),
    /// A chunk was altered.
    #[error("the file is damaged")]
    Damaged,
    /// A section does not have the digest that the control information says.
    #[error("the digest of the {0} is not the one that was signed")]
    Digest(SectionName),
    /// A section that has to be text is not.
    #[error("the {0} is not UTF-8 text")]
    NotText(SectionName),
    /// The program section contradicts itself.
    #[error(transparent)]
    Program(#[from] InvalidSection),
}

impl ReadError {
    /// Its stable name.
    pub fn slug(&self) -> Slug {
        match self {
            Self::Io(_) | Self::Program(InvalidSection::Memory) => Slug::LocalFile,
            _ => Slug::FileDamaged,
        }
    }
}

impl From<BodyReadError> for ReadError {
    fn from(error: BodyReadError) -> Self {
        match error {
            BodyReadError::Io(error) => Self::Io(error),
            BodyReadError::Damaged => Self::Damaged,
        }
    }
}

impl<R: ReadAt> VerifiedFile<R> {
    /// The documentation 188, at most 4 MiB; may be empty.
    ///
    /// # Errors
    /// When it cannot be read or is damaged.
    pub fn documentation(&self) -> Result<String, ReadError> {
        let range = self.control.sections.documentation_range();
        self.text(SectionName::Documentation, range)
    }

    /// The licensing terms 189, at most 1 MiB, with the digest that was signed.
    ///
    /// # Errors
    /// When they cannot be read or are damaged.
    pub fn terms(&self) -> Result<String, ReadError> {
        let terms = self.text(SectionName::Terms, self.control.sections.terms_range())?;
        let signed = sha256(terms.as_bytes()) == *self.control.terms_digest.as_bytes();
        if signed { Ok(terms) } else { Err(ReadError::Digest(SectionName::Terms)) }
    }

    /// The relicensing terms 189, at most 1 MiB; may be empty.
    ///
    /// # Errors
    /// When they cannot be read or are damaged.
    pub fn relicensing(&self) -> Result<String, ReadError> {
        let range = self.control.sections.relicensing_range();
        self.text(SectionName::Relicensing, range)
    }

    fn text(&self, name: SectionName, range: Range<u64>) -> Result<String, ReadError> {
        // At most 4 MiB: verified sections are within their caps.
        let length = usize::try_from(range.end - range.start).map_err(|_| ReadError::Damaged)?;
        let mut bytes = vec![0; length];
        self.contents.section_reader().read(range.start, &mut bytes)?;
        String::from_utf8(bytes).map_err(|_| ReadError::NotText(name))
    }

    /// Verifies every chunk, the texts and the digest of the program, in constant memory.
    ///
    /// `progress` is told how many bytes of the sections have been checked, of
    /// [`Sections::total`](crate::control::Sections::total).
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub fn check(&self, progress: &mut dyn FnMut(u64)) -> Result<(), ReadError> {
        self.documentation()?;
        self.terms()?;
        self.relicensing()?;
        let program = self.control.sections.program_range();
        progress(program.start);
        let mut reader = self.contents.section_reader();
        let table = read_table(&mut reader, &program, self.control.program_size)?;
        let read =
            |at: u64, out: &mut [u8]| Ok::<_, ReadError>(reader.read(program.start + at, out)?);
        let digest = program_digest(&table, read, |stored| progress(program.start + stored))?;
        progress(program.end);
        let signed = digest == *self.control.program_digest.as_bytes();
        if signed { Ok(()) } else { Err(ReadError::Digest(SectionName::Program)) }
    }
}

/// The table of the program section, which must be of a program of the signed length.
pub(super) fn read_table<R: ReadAt>(
    reader: &mut SectionReader<'_, R>,
    program: &Range<u64>,
    size: u64,
) -> Result<BlockTable, ReadError> {
    let table = BlockTable::read(program.end - program.start, |at, out: &mut [u8]| {
        Ok::<_, ReadError>(reader.read(program.start + at, out)?)
    })?;
    if table.size() == size { Ok(table) } else { Err(InvalidSection::Size.into()) }
}
