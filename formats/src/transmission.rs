//! The transmission format: a release particularized for one Builder (186, Fig. 4 and 5).
//! Specification: `docs/formats/transmission.md`.
//!
//! A server seals: [`seal_head`] makes a [`TrialHead`], kept for the trial; a [`Body`] seals any chunk
//! of the rest from the stored sections. A Builder opens, in an order that types keep (`EX-3`):
//!
//! ```text
//! Opened ── verify ──▶ VerifiedFile ── authorize ──▶ Authorized ── decode_into ──▶ ExecutionFormat
//! ```

mod authorize;
mod body;
mod check;
mod control_area;
mod decode;
mod dispersed;
mod geometry;
mod head;
mod leading;
mod open;
mod plan;
mod preamble;
mod section_reader;
mod verify;

pub use authorize::{Authorized, NotAuthorized};
pub use body::{Body, BodyError};
pub use check::ReadError;
pub use decode::DecodeError;
pub use head::{InvalidHead, SealHeadError, TrialHead, seal_head};
pub use leading::ReplaceError;
pub use open::{OpenError, Opened};
pub use verify::{ControlMismatch, VerifiedFile, VerifyError};

pub use crate::envelope::CHUNK;
