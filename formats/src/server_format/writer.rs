//! Writing a program section, in constant memory.

use std::io::{self, Write};

use zstd::bulk::Compressor;

use super::BLOCK;
use super::program_section::{encode_table, table_entry};
use crate::ids::Digest;
use crate::limits;
use crate::primitives::Sha256;

/// How the blocks of a program are stored.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Compression {
    /// Each as a zstd frame, or plain where that is not shorter.
    Zstd {
        /// The level of zstd, 1 to 22: the higher, the smaller and the slower to write.
        level: i32,
    },
    /// All plain.
    Plain,
}

/// What the manifest says about a program section.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ProgramSummary {
    /// Bytes of the section.
    pub section_length: u64,
    /// Bytes of the decoded program.
    pub program_size: u64,
    /// SHA-256 of the decoded program.
    pub program_digest: Digest,
}

/// Takes a program and writes its program section (`SF-4` to `SF-6`).
///
/// Write the program into it, for example with [`io::copy`], then call
/// [`finish`](Self::finish).
pub struct ProgramSectionWriter<W> {
    to: W,
    compressor: Option<Compressor<'static>>,
    block: Vec<u8>,
    frame: Vec<u8>,
    entries: Vec<u32>,
    stored: u64,
    size: u64,
    digest: Sha256,
}

impl<W: Write> ProgramSectionWriter<W> {
    /// Begins an empty program.
    ///
    /// # Errors
    /// When there is no memory for the compressor.
    pub fn new(to: W, compression: Compression) -> io::Result<Self> {
        let compressor = match compression {
            Compression::Zstd { level } => Some(Compressor::new(level)?),
            Compression::Plain => None,
        };
        Ok(Self {
            to,
            compressor,
            block: Vec::with_capacity(BLOCK),
            frame: Vec::with_capacity(zstd::compress_bound(BLOCK)),
            entries: Vec::new(),
            stored: 0,
            size: 0,
            digest: Sha256::new(),
        })
    }

    /// Writes the last block and the table.
    ///
    /// # Errors
    /// [`io::ErrorKind::InvalidInput`] when the program is empty; any other when writing fails.
    pub fn finish(mut self) -> io::Result<(W, ProgramSummary)> {
        self.write_block()?;
        if self.size == 0 {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "the program is empty"));
        }
        let table = encode_table(self.size, &self.entries).map_err(io::Error::other)?;
        self.to.write_all(&table)?;
        self.to.flush()?;
        let summary = ProgramSummary {
            section_length: self.stored + table.len() as u64,
            program_size: self.size,
            program_digest: Digest::from_bytes(self.digest.finish()),
        };
        Ok((self.to, summary))
    }

    /// Writes the block that has been collected, if there is one.
    fn write_block(&mut self) -> io::Result<()> {
        if self.block.is_empty() {
            return Ok(());
        }
        if let Some(compressor) = &mut self.compressor {
            self.frame.clear();
            compressor.compress_to_buffer(&self.block, &mut self.frame)?;
        }
        let plain = self.compressor.is_none() || self.frame.len() >= self.block.len();
        let stored = if plain { &self.block } else { &self.frame };
        self.to.write_all(stored)?;
        self.entries.push(table_entry(stored.len(), plain).map_err(io::Error::other)?);
        self.stored += stored.len() as u64;
        self.block.clear();
        Ok(())
    }
}

impl<W: Write> Write for ProgramSectionWriter<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.block.len() == BLOCK {
            self.write_block()?;
        }
        let taken = &bytes[..bytes.len().min(BLOCK - self.block.len())];
        let size = self.size + taken.len() as u64;
        if size > limits::PROGRAM {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                "a program has at most 64 GiB",
            ));
        }
        self.block.extend_from_slice(taken);
        self.digest.update(taken);
        self.size = size;
        Ok(taken.len())
    }

    /// Does nothing: a block is written when it is complete.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
