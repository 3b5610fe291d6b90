//! The server format: a release as it is stored on the server (180, Fig. 3).
//! Specification: `docs/formats/server-format.md`.

mod check;
mod manifest;
mod prefix;
pub(crate) mod program_section;
mod sections;
mod writer;

pub use check::check;
pub use manifest::{InvalidManifest, Manifest, ProgramKind};
pub use prefix::{ReleaseError, SectionName, encode_prefix, read_prefix};
pub use program_section::InvalidSection;
pub use writer::{Compression, ProgramSectionWriter, ProgramSummary};

/// Bytes of a program that are compressed together (`SF-4`).
pub const BLOCK: usize = 1 << 20;
