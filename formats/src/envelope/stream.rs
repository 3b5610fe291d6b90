//! Streams: a plaintext in chunks that are sealed one by one (`EN-8` to `EN-10`).

use std::ops::Range;

use super::CHUNK;
use crate::primitives::{AeadKey, PrimitiveError, TAG_LENGTH};

const CHUNK_LENGTH: u64 = CHUNK as u64;
const OVERHEAD: u64 = TAG_LENGTH as u64;

/// How a plaintext of a certain length is cut into chunks.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Chunks {
    /// At least 1, and at most some caps added up: far from overflowing.
    length: u64,
}

impl Chunks {
    /// The chunks of a plaintext of `length` bytes, at least one.
    pub(crate) fn new(length: u64) -> Self {
        Self { length: length.max(1) }
    }

    /// How many there are (`EN-9`).
    pub(crate) fn count(self) -> u64 {
        self.length.div_ceil(CHUNK_LENGTH)
    }

    /// Bytes of the sealed stream (`EN-9`).
    pub(crate) fn sealed_length(self) -> u64 {
        self.length + OVERHEAD * self.count()
    }

    /// Which bytes of the plaintext a chunk holds; none for a chunk that is not there.
    pub(crate) fn plaintext(self, index: u64) -> Range<u64> {
        let start = index.saturating_mul(CHUNK_LENGTH).min(self.length);
        start..start.saturating_add(CHUNK_LENGTH).min(self.length)
    }

    /// Where in the sealed stream the chunks of a range stand.
    pub(crate) fn sealed(self, chunks: Range<u64>) -> Range<u64> {
        let before = |index: u64| self.plaintext(index).start + OVERHEAD * index.min(self.count());
        before(chunks.start)..before(chunks.end)
    }

    /// The chunks that hold a range of the plaintext.
    pub(crate) fn covering(self, plaintext: &Range<u64>) -> Range<u64> {
        let end = plaintext.end.min(self.length).div_ceil(CHUNK_LENGTH);
        (plaintext.start / CHUNK_LENGTH).min(end)..end
    }

    /// The nonce of a chunk (`EN-8`).
    fn nonce(self, index: u64) -> [u8; 12] {
        let mut nonce = [0; 12];
        nonce[3..11].copy_from_slice(&index.to_be_bytes());
        nonce[11] = u8::from(index + 1 == self.count());
        nonce
    }
}

/// A stream under its key.
pub(crate) struct Stream {
    key: AeadKey,
    chunks: Chunks,
}

impl Stream {
    /// The stream of a plaintext of `length` bytes under a key.
    pub(crate) fn new(key: &[u8; 32], length: u64) -> Self {
        Self { key: AeadKey::new(key), chunks: Chunks::new(length) }
    }

    /// How it is cut.
    pub(crate) fn chunks(&self) -> Chunks {
        self.chunks
    }

    /// Seals a chunk, straight from where its plaintext is.
    pub(crate) fn seal_chunk(
        &self,
        index: u64,
        plaintext: &[u8],
        out: &mut [u8],
    ) -> Result<(), PrimitiveError> {
        self.check_length(index, plaintext.len())?;
        self.key.seal_into(self.chunks.nonce(index), plaintext, out)
    }

    /// Seals a chunk whose plaintext stands in `buffer`, before the room for its tag.
    pub(crate) fn seal_chunk_in_place(
        &self,
        index: u64,
        buffer: &mut [u8],
    ) -> Result<(), PrimitiveError> {
        self.check_length(index, buffer.len().saturating_sub(TAG_LENGTH))?;
        self.key.seal_in_place(self.chunks.nonce(index), buffer)
    }

    /// Opens a chunk; if that fails, all of `out` is zero (`EN-10`).
    pub(crate) fn open_chunk(
        &self,
        index: u64,
        sealed: &[u8],
        out: &mut [u8],
    ) -> Result<(), PrimitiveError> {
        self.check_length(index, out.len())?;
        self.key.open_into(self.chunks.nonce(index), sealed, out)
    }

    fn check_length(&self, index: u64, length: usize) -> Result<(), PrimitiveError> {
        let Range { start, end } = self.chunks.plaintext(index);
        let fits = start < end && end - start == length as u64;
        fits.then_some(()).ok_or(PrimitiveError::InvalidLength)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_follow_the_formula() {
        for (length, count, sealed) in [
            (1, 1, 17),
            (65535, 1, 65551),
            (65536, 1, 65552),
            (65537, 2, 65569),
            (131_072, 2, 131_104),
            (131_073, 3, 131_121),
        ] {
            let chunks = Chunks::new(length);
            assert_eq!((chunks.count(), chunks.sealed_length()), (count, sealed), "{length}");
            assert_eq!(chunks.sealed(0..count), 0..sealed);
            assert_eq!(chunks.plaintext(count - 1).end, length);
            assert!(chunks.plaintext(count).is_empty());
            assert!(chunks.plaintext(u64::MAX).is_empty());
        }
    }

    #[test]
    fn covering_chunks_hold_the_range_and_no_more() {
        let chunks = Chunks::new(200_000);
        for (range, expected) in [
            (0..1, 0..1),
            (65535..65536, 0..1),
            (65535..65537, 0..2),
            (65536..131_072, 1..2),
            (199_999..200_000, 3..4),
            (0..200_000, 0..4),
        ] {
            assert_eq!(chunks.covering(&range), expected, "{range:?}");
        }
    }

    #[test]
    fn only_the_last_chunk_is_flagged() {
        let chunks = Chunks::new(131_073);
        assert_eq!(chunks.nonce(1), [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0]);
        assert_eq!(chunks.nonce(2), [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 1]);
    }

    #[test]
    fn a_chunk_that_fails_leaves_only_zeros() {
        let stream = Stream::new(&[7; 32], 100);
        let mut sealed = vec![0; 116];
        assert_eq!(stream.seal_chunk(0, &[1; 100], &mut sealed), Ok(()));
        sealed[50] ^= 1;
        let mut out = [9; 100];
        assert_eq!(stream.open_chunk(0, &sealed, &mut out), Err(PrimitiveError::Tampered));
        assert_eq!(out, [0; 100]);
        let wrong = stream.open_chunk(1, &sealed, &mut out);
        assert_eq!(wrong, Err(PrimitiveError::InvalidLength));
    }
}
