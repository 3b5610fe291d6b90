//! Text encodings of bytes: base64url without padding (`CV-3`) and hexadecimal (`CV-5`).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// Bytes as base64url without padding.
pub(crate) fn to_base64(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Bytes from base64url; any other spelling of the same bytes is `None`.
pub(crate) fn from_base64(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).ok()
}

/// Serde adapter for bytes that are written as base64url.
pub(crate) mod base64_bytes {
    use serde::{Deserialize as _, Deserializer, Serializer, de::Error as _};

    pub(crate) fn serialize<S: Serializer>(bytes: &[u8], to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&super::to_base64(bytes))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<u8>, D::Error> {
        let text = String::deserialize(from)?;
        super::from_base64(&text).ok_or_else(|| D::Error::custom("not base64url without padding"))
    }
}

/// 32 bytes from exactly 64 lower-case hexadecimal digits.
pub(crate) fn from_hex32(text: &str) -> Option<[u8; 32]> {
    let canonical = text.len() == 64 && !text.bytes().any(|b| b.is_ascii_uppercase());
    let mut bytes = [0; 32];
    (canonical && hex::decode_to_slice(text, &mut bytes).is_ok()).then_some(bytes)
}
