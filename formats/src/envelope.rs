//! The envelope: outer encryption for one Builder (T&B step 418).
//! Specification: `docs/formats/envelope.md`.

pub mod header;
pub(crate) mod stream;

/// Plaintext bytes of every chunk of a stream but the last.
pub const CHUNK: usize = 65536;
