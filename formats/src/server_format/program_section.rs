//! The program section: blocks, their table, and how a block is decoded (`SF-4` to `SF-7`).

use std::ops::Range;

use zstd::bulk::Decompressor;
use zstd::zstd_safe::find_frame_compressed_size;

use super::BLOCK;
use crate::limits;
use crate::primitives::Sha256;
use crate::wiped_buffer::WipedBuffer;

const BLOCK_LENGTH: u64 = BLOCK as u64;
/// Marks a plain block in the table (`SF-5`).
const PLAIN: u32 = 1 << 31;
/// Bytes of one length in the table.
const ENTRY: u64 = 4;
/// Bytes of size and number of blocks, the end of the section.
const END: u64 = 12;
/// The magic number of a zstd frame (RFC 8878, section 3.1.1).
const FRAME_MAGIC: [u8; 4] = 0xfd2f_b528_u32.to_le_bytes();
/// The flag of a frame without a window descriptor (RFC 8878, section 3.1.1.1.1.2).
const SINGLE_SEGMENT: u8 = 1 << 5;

/// Why a program section was refused.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidSection {
    /// Size, number of blocks and stored lengths contradict each other or the section's length.
    #[error("the table of the program section contradicts itself")]
    Table,
    /// A block is not one zstd frame of its length.
    #[error("a block of the program cannot be decompressed to its length")]
    Block,
    /// The decoded program does not have the length that was announced.
    #[error("the program does not have the length that was announced")]
    Size,
    /// The library has no memory for a decompressor.
    #[error("there is not enough memory to decompress")]
    Memory,
}

/// One block of a program.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Block {
    /// Where it is stored, counted from the beginning of the section.
    pub(crate) stored: Range<u64>,
    /// Which bytes of the program it holds.
    pub(crate) decoded: Range<u64>,
    /// Whether it is stored plain.
    pub(crate) plain: bool,
}

impl Block {
    /// Bytes it takes in the section: at most [`BLOCK`].
    pub(crate) fn stored_length(&self) -> usize {
        short_length(&self.stored)
    }

    /// Bytes of the program it holds: at most [`BLOCK`].
    pub(crate) fn decoded_length(&self) -> usize {
        short_length(&self.decoded)
    }

    /// This plain block and the plain one right after it, as if they were one.
    pub(crate) fn joined_with(self, next: &Self) -> Self {
        Self {
            stored: self.stored.start..next.stored.end,
            decoded: self.decoded.start..next.decoded.end,
            plain: true,
        }
    }
}

fn short_length(range: &Range<u64>) -> usize {
    usize::try_from(range.end - range.start).expect("a block has at most 1 MiB")
}

/// The checked table of a program section.
pub(crate) struct BlockTable {
    size: u64,
    entries: Vec<u32>,
    /// Where each block begins in the section.
    starts: Vec<u64>,
}

impl BlockTable {
    /// Reads and checks the table of a section of `length` bytes, of which `read` reads.
    ///
    /// Takes at most 4 bytes for each MiB of a program, 256 KiB for the largest, and twice as
    /// many for the places.
    pub(crate) fn read<E: From<InvalidSection>>(
        length: u64,
        mut read: impl FnMut(u64, &mut [u8]) -> Result<(), E>,
    ) -> Result<Self, E> {
        let end_at = length.checked_sub(END).ok_or(InvalidSection::Table)?;
        let mut end = [0; END as usize];
        read(end_at, &mut end)?;
        let (size, count) = parse_end(end)?;
        let table_length = ENTRY * u64::from(count);
        let table_at = end_at.checked_sub(table_length).ok_or(InvalidSection::Table)?;
        let mut table = vec![0; usize::try_from(table_length).map_err(|_| InvalidSection::Table)?];
        read(table_at, &mut table)?;
        Ok(Self::check(size, &table, table_at)?)
    }

    /// Checks the table against the size of the program and the bytes that the blocks take (`SF-6`).
    fn check(size: u64, table: &[u8], blocks_length: u64) -> Result<Self, InvalidSection> {
        let (entries, _) = table.as_chunks();
        let entries: Vec<u32> = entries.iter().map(|entry| u32::from_be_bytes(*entry)).collect();
        let mut starts = Vec::with_capacity(entries.len());
        let mut start = 0_u64;
        for (index, entry) in (0..).zip(&entries) {
            let decoded = decoded_range(size, index);
            let decoded_length = decoded.end - decoded.start;
            let stored = u64::from(entry & !PLAIN);
            let fits = if entry & PLAIN == 0 {
                (1..decoded_length).contains(&stored)
            } else {
                stored == decoded_length
            };
            if !fits {
                return Err(InvalidSection::Table);
            }
            starts.push(start);
            start += stored;
        }
        if start != blocks_length {
            return Err(InvalidSection::Table);
        }
        Ok(Self { size, entries, starts })
    }

    /// Length of the decoded program, in bytes.
    pub(crate) fn size(&self) -> u64 {
        self.size
    }

    /// How many blocks there are.
    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    /// How many of them are compressed.
    pub(crate) fn compressed(&self) -> usize {
        self.entries.iter().filter(|entry| *entry & PLAIN == 0).count()
    }

    /// The blocks of a range of numbers, in order; those that are not there are left out.
    pub(crate) fn blocks(&self, numbers: Range<usize>) -> impl Iterator<Item = Block> {
        let end = numbers.end.min(self.len());
        (numbers.start.min(end)..end).map(|number| {
            let (entry, start) = (self.entries[number], self.starts[number]);
            Block {
                stored: start..start + u64::from(entry & !PLAIN),
                decoded: decoded_range(self.size, number as u64),
                plain: entry & PLAIN != 0,
            }
        })
    }
}

/// Size and number of blocks out of the end of a section.
fn parse_end(end: [u8; END as usize]) -> Result<(u64, u32), InvalidSection> {
    let [s0, s1, s2, s3, s4, s5, s6, s7, count @ ..] = end;
    let size = u64::from_be_bytes([s0, s1, s2, s3, s4, s5, s6, s7]);
    let count = u32::from_be_bytes(count);
    let fits = (1..=limits::PROGRAM).contains(&size) && block_count(size) == u64::from(count);
    fits.then_some((size, count)).ok_or(InvalidSection::Table)
}

/// The end of a section: its table, the size and the number of blocks (`SF-5`, `SF-6`).
pub(super) fn encode_table(size: u64, entries: &[u32]) -> Result<Vec<u8>, InvalidSection> {
    let count = u32::try_from(entries.len()).map_err(|_| InvalidSection::Table)?;
    let mut bytes: Vec<u8> = entries.iter().flat_map(|entry| entry.to_be_bytes()).collect();
    bytes.extend(size.to_be_bytes());
    bytes.extend(count.to_be_bytes());
    Ok(bytes)
}

/// A block's length in the table.
pub(super) fn table_entry(stored: usize, plain: bool) -> Result<u32, InvalidSection> {
    let stored = u32::try_from(stored).map_err(|_| InvalidSection::Table)?;
    Ok(if plain { stored | PLAIN } else { stored })
}

fn block_count(size: u64) -> u64 {
    size.div_ceil(BLOCK_LENGTH)
}

fn decoded_range(size: u64, block: u64) -> Range<u64> {
    let start = (block * BLOCK_LENGTH).min(size);
    start..start.saturating_add(BLOCK_LENGTH).min(size)
}

/// Decodes blocks one after the other, with one context.
pub(crate) struct BlockDecoder(Decompressor<'static>);

impl BlockDecoder {
    /// A decoder.
    pub(crate) fn new() -> Result<Self, InvalidSection> {
        Decompressor::new().map(Self).map_err(|_| InvalidSection::Memory)
    }

    /// Decodes a compressed block into exactly `out` (`SF-7`).
    ///
    /// The decoder gets no more room than that, and what is stored must be one frame without
    /// anything after it.
    pub(crate) fn decode(&mut self, stored: &[u8], out: &mut [u8]) -> Result<(), InvalidSection> {
        let one_frame = find_frame_compressed_size(stored) == Ok(stored.len());
        if !one_frame || window(stored).is_none_or(|window| window > limits::FRAME_WINDOW) {
            return Err(InvalidSection::Block);
        }
        match self.0.decompress_to_buffer(stored, out) {
            Ok(length) if length == out.len() => Ok(()),
            _ => Err(InvalidSection::Block),
        }
    }
}

/// The window that a frame asks for, in bytes (RFC 8878, section 3.1.1.1.2); none for what is not a
/// frame of a decoder's own, such as a skippable one. A frame of a single segment has no window of
/// its own: it is as long as the content, which is no longer than a block.
fn window(frame: &[u8]) -> Option<u64> {
    let [descriptor, window, ..] = *frame.strip_prefix(&FRAME_MAGIC)? else {
        return None;
    };
    if descriptor & SINGLE_SEGMENT != 0 {
        return Some(0);
    }
    let base = 1_u64 << (10 + (window >> 3));
    Some(base + base / 8 * u64::from(window & 7))
}

/// Decodes all blocks in order and computes SHA-256 of the program. `decoded` is told the number
/// of stored bytes after each block.
pub(crate) fn program_digest<E: From<InvalidSection>>(
    table: &BlockTable,
    mut read: impl FnMut(u64, &mut [u8]) -> Result<(), E>,
    mut decoded: impl FnMut(u64),
) -> Result<[u8; 32], E> {
    let mut decoder = BlockDecoder::new()?;
    let mut digest = Sha256::new();
    let (mut stored, mut program) = (WipedBuffer::default(), WipedBuffer::default());
    for block in table.blocks(0..table.len()) {
        let stored = stored.take(block.stored_length());
        read(block.stored.start, stored)?;
        if block.plain {
            digest.update(stored);
        } else {
            let program = program.take(block.decoded_length());
            decoder.decode(stored, program)?;
            digest.update(program);
        }
        decoded(block.stored.end);
    }
    Ok(digest.finish())
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

    use super::*;

    fn table(size: u64, entries: &[u32], blocks_length: u64) -> Result<BlockTable, InvalidSection> {
        let mut section = vec![0; usize::try_from(blocks_length).unwrap()];
        section.extend(encode_table(size, entries).unwrap());
        BlockTable::read(section.len() as u64, |at, out: &mut [u8]| {
            let at = usize::try_from(at).unwrap();
            out.copy_from_slice(&section[at..at + out.len()]);
            Ok(())
        })
    }

    #[test]
    fn a_table_that_lies_is_refused() {
        const MIB: u32 = 1 << 20;
        let mib = u64::from(MIB);
        for (name, size, entries, blocks_length, accepted) in [
            ("one plain byte", 1, vec![PLAIN | 1], 1, true),
            ("a plain and a compressed block", mib + 9, vec![MIB | PLAIN, 8], mib + 8, true),
            ("no block", 0, vec![], 0, false),
            ("a size of zero", 0, vec![PLAIN], 0, false),
            ("too few blocks", mib + 1, vec![PLAIN | MIB], mib, false),
            ("too many blocks", 1, vec![PLAIN | 1, PLAIN], 1, false),
            ("an empty frame", 5, vec![0], 0, false),
            ("a frame as long as the block", 5, vec![5], 5, false),
            ("a plain block that is too short", 5, vec![PLAIN | 4], 4, false),
            ("a plain block that is too long", 5, vec![PLAIN | 6], 6, false),
            ("blocks longer than the section", 5, vec![PLAIN | 5], 4, false),
            ("blocks shorter than the section", 5, vec![PLAIN | 5], 6, false),
            ("a program beyond the cap", limits::PROGRAM + 1, vec![1; 65537], 65537, false),
        ] {
            assert_eq!(table(size, &entries, blocks_length).is_ok(), accepted, "{name}");
        }
    }

    #[test]
    fn a_section_without_room_for_its_table_is_refused() {
        for length in 0..END {
            let read = |_, _: &mut [u8]| Ok::<_, InvalidSection>(());
            assert_eq!(BlockTable::read(length, read).err(), Some(InvalidSection::Table));
        }
        // Says 65536 blocks in a section of 12 bytes: nothing is allocated for them.
        let read = |_, out: &mut [u8]| {
            out.copy_from_slice(&[0, 0, 0, 16, 0, 0, 0, 0, 0, 1, 0, 0]);
            Ok::<_, InvalidSection>(())
        };
        assert_eq!(BlockTable::read(12, read).err(), Some(InvalidSection::Table));
    }

    #[test]
    fn a_frame_decodes_to_exactly_its_block() {
        let frame = zstd::bulk::compress(&[7; 1000], 3).unwrap();
        let mut decoder = BlockDecoder::new().unwrap();
        let mut out = vec![0; 1000];
        assert_eq!(decoder.decode(&frame, &mut out), Ok(()));
        assert_eq!(out, [7; 1000]);
        assert_eq!(decoder.decode(&frame, &mut vec![0; 999]), Err(InvalidSection::Block));
        assert_eq!(decoder.decode(&frame, &mut vec![0; 1001]), Err(InvalidSection::Block));
        let twice = zstd::bulk::compress(&[7; 500], 3).unwrap().repeat(2);
        assert_eq!(decoder.decode(&twice, &mut out), Err(InvalidSection::Block));
        let followed = [frame.as_slice(), &[0]].concat();
        assert_eq!(decoder.decode(&followed, &mut out), Err(InvalidSection::Block));
        assert_eq!(decoder.decode(&frame[..frame.len() - 1], &mut out), Err(InvalidSection::Block));
    }

    #[test]
    fn only_one_frame_with_a_small_window_is_a_block() {
        // A raw block of five bytes, the last one (RFC 8878, section 3.1.1.2).
        const BLOCK: [u8; 8] = [0x29, 0, 0, b'h', b'e', b'l', b'l', b'o'];
        let frame = |header: &[u8]| [&FRAME_MAGIC, header, &BLOCK].concat();
        let skippable = [0x50, 0x2a, 0x4d, 0x18, 1, 0, 0, 0, 0];
        let plain = frame(&[0, 0]);
        for (name, stored, accepted) in [
            ("a window of 1 KiB", plain.clone(), true),
            ("a window of 8 MiB", frame(&[0, 13 << 3]), true),
            ("a window of 9 MiB", frame(&[0, 13 << 3 | 1]), false),
            ("a window of 3.75 TiB", frame(&[0, 0xff]), false),
            ("a single segment of five bytes", frame(&[0x20, 5]), true),
            ("a single segment of six bytes", frame(&[0x20, 6]), false),
            ("a dictionary", frame(&[1, 0, 7]), false),
            (
                "two frames, the second one empty",
                [&plain, &frame(&[0, 0])[..6], &[1, 0, 0]].concat(),
                false,
            ),
            ("a skippable frame before", [&skippable[..], &plain].concat(), false),
            ("a skippable frame after", [&plain[..], &skippable].concat(), false),
            ("a skippable frame alone", skippable.to_vec(), false),
        ] {
            let mut out = [0; 5];
            let decoded = BlockDecoder::new().unwrap().decode(&stored, &mut out);
            assert_eq!(decoded.is_ok(), accepted, "{name}");
            assert!(!accepted || out == *b"hello", "{name}");
        }
    }
}
