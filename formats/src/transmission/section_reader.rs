//! Reading parts of the sections, or of the dispersed control area, out of a sealed body.

use std::io;
use std::ops::Range;

use zeroize::Zeroize as _;

use crate::envelope::CHUNK;
use crate::primitives::TAG_LENGTH;
use crate::read_at::ReadAt;
use crate::wiped_buffer::WipedBuffer;

use super::geometry::{Segment, Source};
use super::plan::BodyPlan;

/// Chunks that are read at once: enough to make a read cheap, few enough to stay in the cache.
pub(super) const WINDOW: u64 = 4;

/// Why a part of a body could not be read.
#[derive(Debug)]
pub(super) enum BodyReadError {
    /// The source could not be read.
    Io(io::Error),
    /// A chunk is not authentic.
    Damaged,
}

/// Reads parts of a body with its own, reused buffers.
pub(super) struct SectionReader<'a, R> {
    source: &'a R,
    body_offset: u64,
    plan: &'a BodyPlan,
    /// Ciphertext of a window.
    sealed: Vec<u8>,
    /// Plaintext of a chunk of which only parts are wanted.
    chunk: WipedBuffer,
}

impl<'a, R: ReadAt> SectionReader<'a, R> {
    pub(super) fn new(source: &'a R, body_offset: u64, plan: &'a BodyPlan) -> Self {
        Self { source, body_offset, plan, sealed: Vec::new(), chunk: WipedBuffer::default() }
    }

    /// Fills `out` with the bytes of the sections from `start` on. If it fails, all of `out` is
    /// zero (`EN-10`).
    pub(super) fn read(&mut self, start: u64, out: &mut [u8]) -> Result<(), BodyReadError> {
        if out.is_empty() {
            return Ok(());
        }
        let stream = self.plan.geometry.covering(&(start..start + out.len() as u64));
        self.fill(&mut Wanted { stream, source: Source::Sections, start, out })
    }

    /// The dispersed control area of `length` bytes, put together of its pieces.
    pub(super) fn read_control_area(&mut self, length: usize) -> Result<Vec<u8>, BodyReadError> {
        let mut area = vec![0; length];
        for piece in self.plan.geometry.pieces() {
            let Segment { stream, source, start } = piece.clone();
            let range = in_memory(piece.source_range()).ok_or(BodyReadError::Damaged)?;
            let out = area.get_mut(range).ok_or(BodyReadError::Damaged)?;
            self.fill(&mut Wanted { stream, source, start, out })?;
        }
        Ok(area)
    }

    /// Up to where the sections can be read from `start` on with a single window, so that reading
    /// on from there opens no chunk a second time.
    pub(super) fn window_end(&self, start: u64) -> u64 {
        let chunks = self.plan.stream.chunks();
        let position = self.plan.geometry.position(start);
        let first = chunks.covering(&(position..position + 1)).start;
        self.plan.geometry.sections_before(chunks.plaintext(first + WINDOW).start)
    }

    fn fill(&mut self, wanted: &mut Wanted<'_>) -> Result<(), BodyReadError> {
        let chunks = self.plan.stream.chunks().covering(&wanted.stream);
        let mut first = chunks.start;
        while first < chunks.end {
            let window = first..chunks.end.min(first + WINDOW);
            first = window.end;
            let opened = self.load(window.clone()).and_then(|()| self.open_window(window, wanted));
            if opened.is_err() {
                wanted.out.zeroize();
                return opened;
            }
        }
        Ok(())
    }

    /// Reads the ciphertext of a window.
    fn load(&mut self, window: Range<u64>) -> Result<(), BodyReadError> {
        let sealed = self.plan.stream.chunks().sealed(window);
        let length = usize::try_from(sealed.end - sealed.start).expect("a window is short");
        self.sealed.resize(length, 0);
        let offset = self.body_offset + sealed.start;
        self.source.read_exact_at(offset, &mut self.sealed).map_err(BodyReadError::Io)
    }

    /// Opens the chunks of the window that was loaded: straight to where they are wanted, unless
    /// only parts of one are.
    fn open_window(
        &mut self,
        window: Range<u64>,
        wanted: &mut Wanted<'_>,
    ) -> Result<(), BodyReadError> {
        let BodyPlan { stream, geometry } = self.plan;
        for (index, sealed) in window.zip(self.sealed.chunks(CHUNK + TAG_LENGTH)) {
            let plaintext = stream.chunks().plaintext(index);
            let whole = geometry.segments(plaintext.clone()).next().filter(|segment| {
                segment.stream == plaintext
                    && plaintext.start >= wanted.stream.start
                    && plaintext.end <= wanted.stream.end
            });
            let out = whole.and_then(|segment| wanted.place(&segment));
            if let Some(out) = out {
                stream.open_chunk(index, sealed, out).map_err(|_| BodyReadError::Damaged)?;
                continue;
            }
            let chunk = self.chunk.take(sealed.len().saturating_sub(TAG_LENGTH));
            stream.open_chunk(index, sealed, chunk).map_err(|_| BodyReadError::Damaged)?;
            let Range { start, end } = wanted.stream;
            for segment in geometry.segments(plaintext.start.max(start)..plaintext.end.min(end)) {
                let Range { start, end } = segment.stream;
                let bytes = in_memory(start - plaintext.start..end - plaintext.start)
                    .and_then(|range| chunk.get(range));
                if let (Some(bytes), Some(out)) = (bytes, wanted.place(&segment)) {
                    out.copy_from_slice(bytes);
                }
            }
        }
        Ok(())
    }
}

/// What is to be read: the bytes of one source that lie in a range of the body's plaintext.
struct Wanted<'out> {
    stream: Range<u64>,
    source: Source,
    /// The first byte of the source that is wanted, which goes to the beginning of `out`.
    start: u64,
    out: &'out mut [u8],
}

impl Wanted<'_> {
    /// Where a segment belongs; none if it is of the other source.
    fn place(&mut self, segment: &Segment) -> Option<&mut [u8]> {
        if segment.source != self.source {
            return None;
        }
        let Range { start, end } = segment.source_range();
        self.out.get_mut(in_memory(start.checked_sub(self.start)?..end.checked_sub(self.start)?)?)
    }
}

/// A range as places in memory.
fn in_memory(range: Range<u64>) -> Option<Range<usize>> {
    Some(usize::try_from(range.start).ok()?..usize::try_from(range.end).ok()?)
}

#[cfg(test)]
mod tests;
