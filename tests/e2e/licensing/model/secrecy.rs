//! What a gateway can read of an answer that it passes on.

use anyhow::{Context as _, Result};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use serde_json::Value;

use trybuy_formats::certificates::CertificateChain;

/// Whether an answer shows the certificate of a license or the license's id, whole or in one of its texts: as it is, in
/// PEM, or in base64.
pub(super) fn is_readable(
    answer: &[u8],
    texts: &Value,
    license: &CertificateChain,
) -> Result<bool> {
    let der = license.leaf().der();
    let secrets = [
        der.to_vec(),
        STANDARD_NO_PAD.encode(der).into_bytes(),
        URL_SAFE_NO_PAD.encode(der).into_bytes(),
        license_id(der).context("the id of a license")?.into_bytes(),
    ];
    let mut pieces = vec![answer.to_vec()];
    decode(texts, &mut pieces);
    Ok(pieces.iter().any(|piece| secrets.iter().any(|secret| has(piece, secret))))
}

/// The fields of a license are JSON in its certificate.
fn license_id(der: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(der);
    let (_, rest) = text.split_once("\"license_id\":\"")?;
    rest.split_once('"').map(|(id, _)| id.to_owned())
}

/// What the texts of an answer are in base64.
fn decode(value: &Value, pieces: &mut Vec<Vec<u8>>) {
    match value {
        Value::String(text) => {
            let text = text.trim_end_matches('=');
            pieces.extend(STANDARD_NO_PAD.decode(text));
            pieces.extend(URL_SAFE_NO_PAD.decode(text));
        }
        Value::Array(values) => values.iter().for_each(|value| decode(value, pieces)),
        Value::Object(fields) => fields.values().for_each(|value| decode(value, pieces)),
        _ => {}
    }
}

/// Whether bytes are among others; also where these are in lines, as PEM is, and as JSON writes their ends.
fn has(piece: &[u8], secret: &[u8]) -> bool {
    let is_in = |piece: &[u8]| piece.windows(secret.len()).any(|part| part == secret);
    let in_one_line = String::from_utf8_lossy(piece).replace("\\n", "").replace(['\r', '\n'], "");
    is_in(piece) || is_in(in_one_line.as_bytes())
}
