//! Signed requests, checked in the order of `RQ-8`.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};
use trybuy_formats::instant::Instant;
use trybuy_formats::request_signature::{Request, RequestSignature};

use super::classes::Refused;
use super::set::bytes;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Given {
    key: String,
    keyid: String,
    now: Instant,
    request: Received,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Received {
    method: String,
    path: String,
    query: Option<String>,
    headers: BTreeMap<String, String>,
    body: String,
}

pub(crate) fn request(given: Given) -> Result<Value, Refused> {
    let Given { key, keyid, now, request } = given;
    let header = |name: &str| request.headers.get(name).ok_or(Refused::MALFORMED);
    let input = header("signature-input")?;
    let signature = RequestSignature::parse(input, header("signature")?)?;
    if !signature.is_recent(now) {
        return Err(Refused::CLOCK_SKEW);
    }
    if signature.key_id() != keyid {
        return Err(Refused::WRONG_KEY);
    }
    let key = bytes(&key).try_into().unwrap();
    let body = bytes(&request.body);
    let Received { method, path, query, .. } = &request;
    let signed = Request { method, path, query: query.as_deref(), body: &body };
    signature.verify(&key, &signed, header("content-digest")?)?;
    let created = input.split(";created=").nth(1).and_then(|rest| rest.split(';').next());
    let created: u64 = created.unwrap().parse().unwrap();
    Ok(json!({ "created": created, "keyid": signature.key_id() }))
}
