//! JSON documents of one encoding (`CV-2`, `CV-11`).

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::signed::FORMAT;

/// Why bytes are not a document.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum NotCanonical {
    /// They are one of a later version.
    TooNew(u32),
    /// They are none, or not as a writer would write it.
    Malformed,
}

/// Reads a document that has a member `format`, and refuses every spelling but a writer's own.
pub(crate) fn parse<T: Serialize + DeserializeOwned>(bytes: &[u8]) -> Result<T, NotCanonical> {
    #[derive(Deserialize)]
    struct Versioned {
        format: u32,
    }
    match serde_json::from_slice::<Versioned>(bytes) {
        Ok(Versioned { format: FORMAT }) => {}
        Ok(Versioned { format }) if format > FORMAT => return Err(NotCanonical::TooNew(format)),
        _ => return Err(NotCanonical::Malformed),
    }
    let document: T = serde_json::from_slice(bytes).map_err(|_| NotCanonical::Malformed)?;
    let written = serde_json::to_vec(&document).map_err(|_| NotCanonical::Malformed)?;
    if written == bytes { Ok(document) } else { Err(NotCanonical::Malformed) }
}
