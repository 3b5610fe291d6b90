//! Private RSA keys, of both purposes.

use getrandom::SysRng;
use rsa::RsaPrivateKey;
use rsa::pkcs8::{DecodePrivateKey as _, EncodePrivateKey as _, EncodePublicKey as _};
use rsa::rand_core::UnwrapErr;
use zeroize::Zeroizing;

use super::digests::constant_time_eq;
use crate::primitives::PrimitiveError;
use crate::primitives::strictness::check_pkcs8_length;

/// Makes a new key of 3072 bits with the exponent 65537.
pub(super) fn generate() -> Result<RsaPrivateKey, PrimitiveError> {
    RsaPrivateKey::new(&mut UnwrapErr(SysRng), 3072).map_err(|_| PrimitiveError::Failed)
}

/// Reads the canonical PKCS#8 document (RFC 5208) of a key and checks that its numbers belong together.
///
/// The library computes the exponents of the Chinese remainder theorem anew, so that comparing with what
/// it would write also checks those.
pub(super) fn from_pkcs8(der: &[u8]) -> Result<RsaPrivateKey, PrimitiveError> {
    check_pkcs8_length(der)?;
    let key = RsaPrivateKey::from_pkcs8_der(der).map_err(|_| PrimitiveError::InvalidKey)?;
    let canonical = to_pkcs8(&key)?;
    constant_time_eq(&canonical, der).then_some(key).ok_or(PrimitiveError::InvalidKey)
}

/// The PKCS#8 document of a key.
pub(super) fn to_pkcs8(key: &RsaPrivateKey) -> Result<Zeroizing<Vec<u8>>, PrimitiveError> {
    let der = key.to_pkcs8_der().map_err(|_| PrimitiveError::Failed)?;
    Ok(Zeroizing::new(der.as_bytes().to_vec()))
}

/// The `SubjectPublicKeyInfo` (RFC 5280, section 4.1) of the public half of a key.
pub(super) fn spki(key: &RsaPrivateKey) -> Result<Vec<u8>, PrimitiveError> {
    let der = key.to_public_key().to_public_key_der().map_err(|_| PrimitiveError::Failed)?;
    Ok(der.into_vec())
}
