//! Signed documents: JWS in compact serialisation with PS256 (`CI-1`, `CI-2`; RFC 7515, RFC 7518).

use std::ops::Deref;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::canonical_json::{self, NotCanonical};
use crate::encoding::{from_base64, to_base64};
use crate::keys::key_id;
use crate::limits;
use crate::primitives::{PrimitiveError, SIGNATURE_LENGTH, SignatureKey, VerificationKey};

/// A payload that is signed as a document of its own type.
pub trait Document: Serialize + DeserializeOwned {
    /// The `typ` of its header.
    const TYPE: &'static str;
    /// The cap of its payload, in bytes.
    const PAYLOAD_CAP: usize;

    /// Whether the values that its types leave open are within their ranges.
    fn is_valid(&self) -> bool;
}

/// A document whose signature was verified: the only way to one's contents.
#[derive(Clone)]
pub struct Verified<T> {
    document: T,
    payload: Vec<u8>,
}

impl<T> Verified<T> {
    /// The bytes that were signed.
    pub fn payload(&self) -> &[u8] {
        &self.payload
    }
}

impl<T> Deref for Verified<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.document
    }
}

/// Why a document could not be signed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SignError {
    /// The caller's document is out of its ranges or longer than its cap.
    #[error("the document is not one that a reader would accept")]
    Invalid,
    /// The library failed.
    #[error("the signature could not be made")]
    Signature(#[source] PrimitiveError),
}

/// Why a signed document was refused.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SignedError {
    /// It is no signed document, of another type, or not in its one form.
    #[error("not a document of the expected type and form")]
    Malformed,
    /// It names another key than the trusted one.
    #[error("signed with another key than the trusted one")]
    ForeignKey,
    /// The signature does not fit.
    #[error("the signature is not valid")]
    Signature,
    /// The signature fits, but the payload is of a version this code does not know.
    #[error("the document was written by a newer release")]
    TooNew,
}

/// Signs a document.
///
/// # Errors
/// When the document would not be accepted by [`open`], or the library fails.
pub fn sign<T: Document>(key: &SignatureKey, document: &T) -> Result<String, SignError> {
    let payload = serde_json::to_vec(document).map_err(|_| SignError::Invalid)?;
    if payload.len() > T::PAYLOAD_CAP || !document.is_valid() {
        return Err(SignError::Invalid);
    }
    let header = header::<T>(&key.verification_key());
    let input = format!("{}.{}", to_base64(header.as_bytes()), to_base64(&payload));
    let signature = key.sign(input.as_bytes()).map_err(SignError::Signature)?;
    Ok(format!("{input}.{}", to_base64(&signature)))
}

/// Verifies a document with the trusted key, then reads it.
///
/// # Errors
/// Why it was refused; nothing of the payload is read before the signature was verified.
pub fn open<T: Document>(key: &VerificationKey, text: &str) -> Result<Verified<T>, SignedError> {
    if text.len() > limits::SIGNED_DOCUMENT {
        return Err(SignedError::Malformed);
    }
    let (input, signature) = text.rsplit_once('.').ok_or(SignedError::Malformed)?;
    let (header, payload) = input.split_once('.').ok_or(SignedError::Malformed)?;
    check_header::<T>(key, header)?;
    let payload = from_base64(payload).ok_or(SignedError::Malformed)?;
    let signature = from_base64(signature)
        .filter(|signature| signature.len() == SIGNATURE_LENGTH)
        .ok_or(SignedError::Malformed)?;
    key.verify(input.as_bytes(), &signature).map_err(|_| SignedError::Signature)?;
    read_payload(payload)
}

/// The one header that a document of this type and key has.
fn header<T: Document>(key: &VerificationKey) -> String {
    let key_id = key_id(key.spki());
    format!(r#"{{"alg":"PS256","kid":"{key_id}","typ":"{}"}}"#, T::TYPE)
}

/// Compares the header with the expected one; where only the key id differs, says so.
fn check_header<T: Document>(key: &VerificationKey, received: &str) -> Result<(), SignedError> {
    let received = from_base64(received).ok_or(SignedError::Malformed)?;
    let expected = header::<T>(key);
    if received == expected.as_bytes() {
        return Ok(());
    }
    let own_id = key_id(key.spki()).to_string();
    let (before, after) = expected.split_once(&own_id).ok_or(SignedError::Malformed)?;
    let foreign = received.len() == expected.len()
        && received.starts_with(before.as_bytes())
        && received.ends_with(after.as_bytes());
    Err(if foreign { SignedError::ForeignKey } else { SignedError::Malformed })
}

/// Reads the payload of a document whose signature was verified.
pub(crate) fn read_payload<T: Document>(payload: Vec<u8>) -> Result<Verified<T>, SignedError> {
    if payload.len() > T::PAYLOAD_CAP {
        return Err(SignedError::Malformed);
    }
    let document: T = canonical_json::parse(&payload).map_err(|error| match error {
        NotCanonical::TooNew(_) => SignedError::TooNew,
        NotCanonical::Malformed => SignedError::Malformed,
    })?;
    if !document.is_valid() {
        return Err(SignedError::Malformed);
    }
    Ok(Verified { document, payload })
}

/// The version of all documents of this release.
pub const FORMAT: u32 = 1;

#[cfg(test)]
mod tests;
