//! Vectors of signed requests.

use std::error::Error;

use serde_json::{Value, json};
use trybuy_formats::ids::LicenseId;
use trybuy_formats::instant::Instant;
use trybuy_formats::primitives::RequestSignatureKey;
use trybuy_formats::request_signature::{Request, sign};

use super::parties::at;
use super::{Expect, Writer, base64};

const REQUEST: Request<'static> = Request {
    method: "POST",
    path: "/api/v1/applications/com.example.sketch/trials",
    query: None,
    body: br#"{"platform":"x86_64-linux"}"#,
};

/// Writes them all.
pub(super) fn write(writer: &Writer) -> Result<(), Box<dyn Error>> {
    let (key, created) = (RequestSignatureKey::generate()?, at(0)?);
    let license = LicenseId::new().to_string();
    let registration = base64(&key.public_key());
    for (name, key_id, request) in [
        ("request", &license, REQUEST),
        ("request-with-query", &license, Request { query: Some("a=%C3%A9&b"), ..REQUEST }),
        ("request-with-empty-query", &license, Request { query: Some(""), ..REQUEST }),
        ("request-without-body", &license, Request { method: "GET", body: b"", ..REQUEST }),
        ("request-of-registration", &registration, REQUEST),
    ] {
        let given = signed(&key, key_id, &request, created);
        let result = Expect::Accept(json!({ "created": created.unix(), "keyid": key_id }));
        writer.write("request", name, "RQ-1", given, result)?;
    }
    let good = signed(&key, &license, &REQUEST, created);
    let other = RequestSignatureKey::generate()?;
    let with = |pointer: &str, value: Value| -> Result<Value, &'static str> {
        let mut changed = good.clone();
        *changed.pointer_mut(pointer).ok_or("no such member")? = value;
        Ok(changed)
    };
    for (name, class, rule, given) in [
        ("late", "clock-skew", "RQ-5", with("/now", json!(at(301)?))?),
        ("early", "clock-skew", "RQ-5", with("/now", json!(at(-301)?))?),
        ("other-keyid", "wrong-key", "RQ-2", with("/keyid", json!(LicenseId::new()))?),
        ("other-key", "file-damaged", "RQ-4", with("/key", json!(base64(&other.public_key())))?),
        ("other-method", "file-damaged", "RQ-1", with("/request/method", json!("PUT"))?),
        ("other-path", "file-damaged", "RQ-1", with("/request/path", json!("/"))?),
        ("other-query", "file-damaged", "RQ-1", with("/request/query", json!("a"))?),
        ("other-body", "file-damaged", "RQ-3", with("/request/body", json!(""))?),
        (
            "signature-input",
            "malformed",
            "RQ-1",
            with("/request/headers/signature-input", json!("trybuy=();created=1"))?,
        ),
        ("signature", "malformed", "RQ-4", with("/request/headers/signature", json!("trybuy=::"))?),
    ] {
        writer.write("request", &format!("request-{name}"), rule, given, Expect::Refuse(class))?;
    }
    Ok(())
}

/// The input of a vector with a request that was signed well.
fn signed(
    key: &RequestSignatureKey,
    key_id: &str,
    request: &Request<'_>,
    created: Instant,
) -> Value {
    let fields = sign(key, key_id, request, created);
    json!({
        "key": base64(&key.public_key()),
        "keyid": key_id,
        "now": created,
        "request": {
            "method": request.method,
            "path": request.path,
            "query": request.query,
            "body": base64(request.body),
            "headers": {
                "content-digest": fields.content_digest,
                "signature-input": fields.signature_input,
                "signature": fields.signature,
            },
        },
    })
}
