//! Decoding the program into memory, in parallel, with small buffers that are wiped (`EX-2`).

use std::io;
use std::ops::Range;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

use crate::execution_format::{ExecutionFormat, ProgramMemory};
use crate::read_at::ReadAt;
use crate::server_format::InvalidSection;
use crate::server_format::program_section::{Block, BlockDecoder, BlockTable};
use crate::slug::Slug;
use crate::wiped_buffer::WipedBuffer;

use super::authorize::Authorized;
use super::check::{ReadError, read_table};
use super::section_reader::SectionReader;

/// Why a program could not be decoded.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DecodeError {
    /// The file could not be read or is damaged.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The memory did not take the program.
    #[error("the program could not be written to memory")]
    Memory(#[source] io::Error),
}

impl DecodeError {
    /// Its stable name.
    pub fn slug(&self) -> Slug {
        match self {
            Self::Read(error) => error.slug(),
            Self::Memory(_) => Slug::CannotExecute,
        }
    }
}

impl From<InvalidSection> for DecodeError {
    fn from(error: InvalidSection) -> Self {
        Self::Read(error.into())
    }
}

impl<R: ReadAt> Authorized<R> {
    /// Decodes the program into `memory` with up to `threads` threads, this one among them.
    ///
    /// Every chunk that holds a part of the program is verified before any byte of it is decoded,
    /// and nothing is returned before all were; if one fails, `memory` is dropped. Takes about 2 MiB
    /// for each thread, which are wiped.
    ///
    /// # Errors
    /// When the file is damaged or cannot be read, or the memory not be written.
    pub fn decode_into<M: ProgramMemory>(
        &self,
        memory: M,
        threads: usize,
    ) -> Result<ExecutionFormat<M>, DecodeError> {
        let program = self.control.sections.program_range();
        let mut reader = self.contents.section_reader();
        let table = read_table(&mut reader, &program, self.control.program_size)?;
        let size = table.size();
        let job = Job {
            file: self,
            memory: &memory,
            section_at: program.start,
            run: (table.len() / (threads.max(1) * RUNS_FOR_A_THREAD)).clamp(1, LONGEST_RUN),
            table,
            next: AtomicUsize::new(0),
            failed: AtomicBool::new(false),
            writing: Mutex::default(),
        };
        job.work_together(threads)?;
        Ok(ExecutionFormat::new(memory, size))
    }
}

/// Into how many runs the blocks for a thread are cut, so that threads finish at about the same time.
const RUNS_FOR_A_THREAD: usize = 16;
/// Blocks in a run at most. At each border of runs a chunk may be opened twice, so that even short
/// runs cost little.
const LONGEST_RUN: usize = 8;

/// What the threads share.
struct Job<'a, R, M> {
    file: &'a Authorized<R>,
    memory: &'a M,
    table: BlockTable,
    /// Where the program section begins in the sections.
    section_at: u64,
    /// Blocks that a thread takes at once.
    run: usize,
    /// The first block that nobody has taken.
    next: AtomicUsize,
    /// Whether a thread has failed, so that the others need not go on.
    failed: AtomicBool,
    /// Whose turn it is to write. A system lets one thread at a time write to a file in memory;
    /// those that wait for it in the system may do so spinning, and here they leave the core to
    /// those that decode.
    writing: Mutex<()>,
}

impl<R: ReadAt, M: ProgramMemory> Job<'_, R, M> {
    fn work_together(&self, threads: usize) -> Result<(), DecodeError> {
        // Plain blocks cost hardly more than writing them: a second thread opens what comes next
        // while the first one writes, and a third one would only wait.
        let runs = self.table.len().div_ceil(self.run);
        let useful = runs.min(2 + self.table.compressed().div_ceil(self.run));
        let helpers = threads.min(useful).saturating_sub(1);
        thread::scope(|scope| {
            // Where the system gives no more threads, those that are there do all the work.
            let helpers: Vec<_> = (0..helpers)
                .map_while(|_| thread::Builder::new().spawn_scoped(scope, || self.work()).ok())
                .collect();
            let own = self.work();
            helpers.into_iter().map(|helper| helper.join()).fold(own, |result, joined| {
                result.and(joined.unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
            })
        })
    }

    fn write(&self, offset: u64, bytes: &[u8]) -> Result<(), DecodeError> {
        // The lock guards nothing that a panic could leave half done.
        let _turn = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        self.memory.write_at(offset, bytes).map_err(DecodeError::Memory)
    }

    /// Takes runs of blocks until none is left.
    fn work(&self) -> Result<(), DecodeError> {
        let result = Worker::new(self).and_then(|mut worker| {
            while !self.failed.load(Ordering::Relaxed) {
                let first = self.next.fetch_add(self.run, Ordering::Relaxed);
                if first >= self.table.len() {
                    break;
                }
                worker.decode(first..first + self.run)?;
            }
            Ok(())
        });
        if result.is_err() {
            self.failed.store(true, Ordering::Relaxed);
        }
        result
    }
}

/// One thread with its buffers.
struct Worker<'a, R, M> {
    job: &'a Job<'a, R, M>,
    reader: SectionReader<'a, R>,
    decoder: BlockDecoder,
    /// Stored bytes: a compressed block, or a window of plain ones.
    stored: WipedBuffer,
    /// A decoded block.
    block: WipedBuffer,
}

impl<'a, R: ReadAt, M: ProgramMemory> Worker<'a, R, M> {
    fn new(job: &'a Job<'a, R, M>) -> Result<Self, DecodeError> {
        Ok(Self {
            job,
            reader: job.file.contents.section_reader(),
            decoder: BlockDecoder::new()?,
            stored: WipedBuffer::default(),
            block: WipedBuffer::default(),
        })
    }

    fn decode(&mut self, run: Range<usize>) -> Result<(), DecodeError> {
        let job = self.job;
        let mut plain: Option<Block> = None;
        for block in job.table.blocks(run) {
            if block.plain {
                // Plain blocks that follow each other do so in the program as well.
                plain = Some(plain.map_or(block.clone(), |before| before.joined_with(&block)));
                continue;
            }
            if let Some(plain) = plain.take() {
                self.copy_plain(&plain)?;
            }
            self.decode_frame(&block)?;
        }
        plain.map_or(Ok(()), |plain| self.copy_plain(&plain))
    }

    /// Opens plain blocks window by window and writes them as they are.
    fn copy_plain(&mut self, block: &Block) -> Result<(), DecodeError> {
        let start = self.job.section_at + block.stored.start;
        let end = self.job.section_at + block.stored.end;
        let mut at = start;
        while at < end {
            let until = self.reader.window_end(at).clamp(at + 1, end);
            let length = usize::try_from(until - at).map_err(|_| InvalidSection::Table)?;
            let window = self.stored.take(length);
            self.reader.read(at, window).map_err(ReadError::from)?;
            let offset = block.decoded.start + (at - start);
            self.job.write(offset, window)?;
            at = until;
        }
        Ok(())
    }

    fn decode_frame(&mut self, block: &Block) -> Result<(), DecodeError> {
        let stored = self.stored.take(block.stored_length());
        let start = self.job.section_at + block.stored.start;
        self.reader.read(start, stored).map_err(ReadError::from)?;
        let decoded = self.block.take(block.decoded_length());
        self.decoder.decode(stored, decoded)?;
        self.job.write(block.decoded.start, decoded)
    }
}
