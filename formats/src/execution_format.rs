//! The execution format: the decoded program, in memory only (`EX-1` to `EX-3`).

use std::io;

/// Memory that takes a decoded program and cannot be read back by other processes.
///
/// The Builder implements it for sealed memory that it executes.
pub trait ProgramMemory: Sync {
    /// Writes `bytes` from `offset` on; several threads write to different places at once.
    ///
    /// # Errors
    /// When the memory cannot be had.
    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()>;
}

/// A program that was authorised, verified and decoded completely (`EX-2`, `EX-3`).
///
/// It has no serialisation, no `Debug` and no way to read it: it is launched or dropped.
pub struct ExecutionFormat<M> {
    memory: M,
    size: u64,
}

impl<M> ExecutionFormat<M> {
    /// Only decoding makes one.
    pub(crate) fn new(memory: M, size: u64) -> Self {
        Self { memory, size }
    }

    /// The length of the program, in bytes.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Hands the memory over to be launched.
    pub fn into_memory(self) -> M {
        self.memory
    }
}
