//! Sealed states: what a Builder remembers and its user should not edit (`BL-6`).

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::canonical_json;
use crate::keys::LicenseSecret;
use crate::limits;
use crate::primitives::PrimitiveError;
use crate::salted_box;

const LABEL: &[u8] = b"trybuy/v1/state/";
/// Magic `trybuy-l`, version 1, three zero bytes.
const PREFIX: [u8; 12] = *b"trybuy-l\x01\0\0\0";

/// Why a state could not be sealed or opened.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StateError {
    /// It is not a sealed state, longer than its cap, or holds another thing than was asked for.
    #[error("not a sealed state")]
    Malformed,
    /// It was written by a newer release.
    #[error("the state was written by a newer release")]
    TooNew,
    /// It was sealed for another license or purpose, changed, or cut short.
    #[error("the state is foreign or was changed")]
    Tampered,
    /// The state to be sealed is larger than the cap, or the library failed.
    #[error("the state cannot be sealed")]
    Failed,
}

/// Seals a state under its name: `clock`, or the trial id.
///
/// # Errors
/// [`StateError::Failed`] when it is larger than [`limits::SEALED_STATE`].
pub fn seal<T: Serialize>(
    secret: &LicenseSecret,
    name: &str,
    state: &T,
) -> Result<Vec<u8>, StateError> {
    let plaintext = serde_json::to_vec(state).map_err(|_| StateError::Failed)?;
    let sealed = salted_box::seal(secret, LABEL, name.as_bytes(), &plaintext);
    let file = [&PREFIX[..], &sealed.map_err(|_| StateError::Failed)?].concat();
    (file.len() <= limits::SEALED_STATE).then_some(file).ok_or(StateError::Failed)
}

/// Opens a state that was sealed under that name.
///
/// # Errors
/// Why it was refused.
pub fn open<T: Serialize + DeserializeOwned>(
    secret: &LicenseSecret,
    name: &str,
    file: &[u8],
) -> Result<T, StateError> {
    if file.len() > limits::SEALED_STATE {
        return Err(StateError::Malformed);
    }
    let (prefix, sealed) = file.split_at_checked(PREFIX.len()).ok_or(StateError::Tampered)?;
    if prefix != PREFIX {
        let newer = prefix[..8] == PREFIX[..8] && prefix[8] != PREFIX[8];
        return Err(if newer { StateError::TooNew } else { StateError::Malformed });
    }
    let plaintext = salted_box::open(secret, LABEL, name.as_bytes(), sealed)
        .map_err(|_: PrimitiveError| StateError::Tampered)?;
    canonical_json::parse_unversioned(&plaintext).ok_or(StateError::Malformed)
}
