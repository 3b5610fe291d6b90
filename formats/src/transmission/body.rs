//! The body, sealed chunk by chunk from the stored sections: any of them alone, at memory speed.

use std::ops::Range;

use crate::control::Sections;
use crate::keys::FileKey;
use crate::primitives::{PrimitiveError, TAG_LENGTH};

use super::geometry::Source;
use super::head::TrialHead;
use super::plan::BodyPlan;

/// The body of one transmission file, as a function of the stored sections.
///
/// It is cheap to make and holds no bytes of the release. Any number of threads may seal with it.
pub struct Body {
    plan: BodyPlan,
    /// In the dispersed layout the control area; otherwise empty.
    control_area: Vec<u8>,
}

/// Why a body, or a chunk of it, could not be sealed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BodyError {
    /// The caller's file key is not the one that the head was sealed with, or the head is damaged.
    #[error("the head does not belong to this file key")]
    Head,
    /// The caller's sections do not have the lengths that the head says.
    #[error("the head belongs to a release with other sections")]
    Sections,
    /// There is no such chunk, or the caller's bytes or buffer do not have its length.
    #[error("the bytes or the buffer do not fit the chunk")]
    Chunk,
    /// The library failed.
    #[error("the chunk could not be encrypted")]
    Encrypt(#[source] PrimitiveError),
}

impl Body {
    /// The body that belongs to a head.
    ///
    /// # Errors
    /// [`BodyError::Head`] or [`BodyError::Sections`] when the three do not belong together.
    pub fn new(
        file_key: &FileKey,
        head: &TrialHead,
        sections: Sections,
    ) -> Result<Self, BodyError> {
        let (header, preamble) = head.open(file_key).ok_or(BodyError::Head)?;
        if preamble.sections != sections {
            return Err(BodyError::Sections);
        }
        let plan = BodyPlan::new(file_key, &header, &preamble);
        Ok(Self { plan, control_area: head.control_area().to_vec() })
    }

    /// Bytes of the sealed body: those of the file without its head.
    pub fn sealed_length(&self) -> u64 {
        self.plan.stream.chunks().sealed_length()
    }

    /// How many chunks it has.
    pub fn chunk_count(&self) -> u64 {
        self.plan.stream.chunks().count()
    }

    /// Which bytes of the release's sections a chunk is made of; none where there is no such chunk.
    pub fn sections_range(&self, index: u64) -> Range<u64> {
        let plaintext = self.plan.stream.chunks().plaintext(index);
        let before = |position: u64| self.plan.geometry.sections_before(position);
        before(plaintext.start)..before(plaintext.end)
    }

    /// Bytes of a sealed chunk: [`CHUNK`](super::CHUNK) and a tag, or fewer at the end of the body;
    /// 0 where there is no such chunk.
    pub fn sealed_chunk_length(&self, index: u64) -> usize {
        let chunks = self.plan.stream.chunks();
        if index >= chunks.count() {
            return 0;
        }
        let sealed = chunks.sealed(index..index + 1);
        usize::try_from(sealed.end - sealed.start).expect("a chunk is short")
    }

    /// Seals a chunk into `out`, which has [`sealed_chunk_length`](Self::sealed_chunk_length) bytes,
    /// from exactly the bytes of [`sections_range`](Self::sections_range).
    ///
    /// Reads them where they are, without copying, unless a piece of the control area lies within.
    ///
    /// # Errors
    /// [`BodyError::Chunk`] when lengths do not fit.
    pub fn seal_chunk(
        &self,
        index: u64,
        section_bytes: &[u8],
        out: &mut [u8],
    ) -> Result<(), BodyError> {
        let plaintext = self.plan.stream.chunks().plaintext(index);
        let length = plaintext.end - plaintext.start;
        if length == section_bytes.len() as u64 {
            return self.plan.stream.seal_chunk(index, section_bytes, out).map_err(seal_error);
        }
        if out.len() as u64 != length + TAG_LENGTH as u64 {
            return Err(BodyError::Chunk);
        }
        self.assemble(plaintext, section_bytes, out).ok_or(BodyError::Chunk)?;
        self.plan.stream.seal_chunk_in_place(index, out).map_err(seal_error)
    }

    /// Writes the plaintext of a chunk that has pieces in it; none if `section_bytes` are not those
    /// between the pieces.
    fn assemble(&self, plaintext: Range<u64>, section_bytes: &[u8], out: &mut [u8]) -> Option<()> {
        let mut sections = section_bytes;
        let mut out = out;
        for segment in self.plan.geometry.segments(plaintext) {
            let range = segment.source_range();
            let (start, end) =
                (usize::try_from(range.start).ok()?, usize::try_from(range.end).ok()?);
            let bytes = match segment.source {
                Source::Sections => sections.split_off(..end - start)?,
                Source::ControlArea => self.control_area.get(start..end)?,
            };
            out.split_off_mut(..bytes.len())?.copy_from_slice(bytes);
        }
        sections.is_empty().then_some(())
    }
}

fn seal_error(error: PrimitiveError) -> BodyError {
    match error {
        PrimitiveError::InvalidLength => BodyError::Chunk,
        other => BodyError::Encrypt(other),
    }
}
