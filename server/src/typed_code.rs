//! Codes that people type back. Only their hashes are stored.

use trybuy_formats::ids::Digest;
use trybuy_formats::primitives::{random, sha256};
use trybuy_formats::typed_code;

/// The characters of a code: 40 random bits.
const LENGTH: usize = 8;

/// A new code.
pub(crate) fn generate() -> String {
    let mut bytes = [0; LENGTH];
    random(&mut bytes);
    typed_code::spell(&bytes).to_string()
}

/// What is stored of a code.
pub(crate) fn hash(code: &str) -> Digest {
    Digest::from_bytes(sha256(code.as_bytes()))
}

/// What is stored of a code that somebody typed; none if it cannot be a code.
pub(crate) fn hash_of_typed(typed: &str) -> Option<Digest> {
    typed_code::read(typed, LENGTH).map(|code| hash(&code))
}
