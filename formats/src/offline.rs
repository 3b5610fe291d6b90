//! Steps that need the server, taken by a machine that cannot reach it: a request file goes to the
//! server by way of another machine, and a response file comes back.
//! Specification: `docs/formats/offline.md`.

mod request;
mod response;

pub use request::{OfflineAcceptance, OfflineRequest, OfflineStep, SignedRequest};
pub use response::{OfflineOutcome, OfflineResponse, OfflineText, Part, ResponseFile};

use crate::canonical_json::NotCanonical;
use crate::instant::{DAY, Span};
use crate::signed::SignedError;

/// How old a request may be (`OF-5`).
pub const LIFETIME: Span = Span::seconds(30 * DAY.as_seconds());
/// How far ahead of the server's clock that of the machine without a network may be (`OF-5`).
pub const AHEAD: Span = DAY;

/// Why an offline file was refused.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OfflineError {
    /// It is not such a file, longer than its cap, or cut short.
    #[error("it is not such a file, or it was changed")]
    Malformed,
    /// It was written by a newer release.
    #[error("it was written by a newer release")]
    TooNew,
    /// The signature of a request does not fit.
    #[error("its signature does not fit: it was changed")]
    Signature,
    /// The document of a response was refused.
    #[error(transparent)]
    Signed(#[from] SignedError),
}

impl From<NotCanonical> for OfflineError {
    fn from(error: NotCanonical) -> Self {
        match error {
            NotCanonical::TooNew(_) => Self::TooNew,
            NotCanonical::Malformed => Self::Malformed,
        }
    }
}

#[cfg(test)]
mod tests;
