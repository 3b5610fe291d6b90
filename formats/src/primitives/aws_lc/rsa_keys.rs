//! The encoding of private keys, of both purposes.

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use zeroize::Zeroizing;

use super::digests::constant_time_eq;
use crate::primitives::PrimitiveError;

/// The PKCS#8 document (RFC 5208) of a key.
pub(super) fn to_pkcs8(
    key: &impl AsDer<Pkcs8V1Der<'static>>,
) -> Result<Zeroizing<Vec<u8>>, PrimitiveError> {
    let der = key.as_der().map_err(|_| PrimitiveError::Failed)?;
    Ok(Zeroizing::new(der.as_ref().to_vec()))
}

/// Refuses a document that is not the one `key` would be written as: the library reads over trailing
/// bytes and attributes.
pub(super) fn check_canonical(
    key: &impl AsDer<Pkcs8V1Der<'static>>,
    der: &[u8],
) -> Result<(), PrimitiveError> {
    let canonical = to_pkcs8(key)?;
    constant_time_eq(&canonical, der).then_some(()).ok_or(PrimitiveError::InvalidKey)
}
