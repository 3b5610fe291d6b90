//! A directory of vectors, and the judgement of each (`VE-1` to `VE-8`).

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde_json::Value;
use trybuy_formats::primitives::{DecryptionKey, VerificationKey};

use super::classes::Refused;
use super::{certificates, documents, expiry, files, licensing, request};

/// `keys.json`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Keys {
    builder_keys: BTreeMap<String, String>,
    server_keys: BTreeMap<String, String>,
    licenses: BTreeMap<String, String>,
}

impl Keys {
    pub(crate) fn builder(&self, name: &str) -> DecryptionKey {
        DecryptionKey::from_pkcs8(&bytes(&self.builder_keys[name])).unwrap()
    }

    pub(crate) fn server(&self, name: &str) -> VerificationKey {
        VerificationKey::from_spki(&bytes(&self.server_keys[name])).unwrap()
    }

    pub(crate) fn license(&self, name: &str) -> &str {
        &self.licenses[name]
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Vector {
    name: String,
    format: String,
    expect: String,
    #[serde(rename = "comment")]
    rule: String,
    input: Value,
    result: Option<Value>,
}

/// Reads base64url (`CV-3`).
pub(crate) fn bytes(text: &str) -> Vec<u8> {
    URL_SAFE_NO_PAD.decode(text).unwrap()
}

fn judge(vector: &Vector, keys: &Keys) -> Result<Value, Refused> {
    let input = vector.input.clone();
    match vector.format.as_str() {
        "transmission" => files::transmission(keys, serde_json::from_value(input).unwrap()),
        "client-storage" => files::client_storage(keys, serde_json::from_value(input).unwrap()),
        "server" => documents::server(serde_json::from_value(input).unwrap()),
        "builder-license" => documents::license(keys, serde_json::from_value(input).unwrap()),
        "sealed-state" => documents::state(keys, serde_json::from_value(input).unwrap()),
        "request" => request::request(serde_json::from_value(input).unwrap()),
        "expiry" => Ok(expiry::expiry(serde_json::from_value(input).unwrap())),
        "certificate" => certificates::certificate(serde_json::from_value(input).unwrap()),
        "certified-document" => licensing::certified(&serde_json::from_value(input).unwrap()),
        "client-document" => licensing::client(&serde_json::from_value(input).unwrap()),
        "license-pack" => licensing::pack(&serde_json::from_value(input).unwrap()),
        "identity-token" => licensing::identity(&serde_json::from_value(input).unwrap()),
        "challenge" => Ok(licensing::challenge(&serde_json::from_value(input).unwrap())),
        "sealed-message" => licensing::message(&serde_json::from_value(input).unwrap()),
        "revocation-list" => certificates::revocation_list(serde_json::from_value(input).unwrap()),
        other => unreachable!("no format {other}"),
    }
}

/// What differs from a vector's expectation.
fn difference(vector: &Vector, keys: &Keys) -> Option<String> {
    let (class, result) = match judge(vector, keys) {
        Ok(result) => ("accept", Some(result)),
        Err(refused) => (refused.class(), None),
    };
    let Vector { name, rule, expect, .. } = vector;
    let same = class == expect && result == vector.result;
    (!same).then(|| format!("{name} ({rule}): {expect} expected, but {class}: {result:?}"))
}

/// Judges all vectors of a set; there are more than `least`.
fn check_set(set: &str, least: usize) {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors").join(set);
    let read = |path: &Path| fs::read(path).unwrap();
    let keys: Keys = serde_json::from_slice(&read(&directory.join("keys.json"))).unwrap();
    let mut differences = Vec::new();
    let mut count = 0;
    for entry in fs::read_dir(&directory).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap();
        if name == "keys" {
            continue;
        }
        let vector: Vector = serde_json::from_slice(&read(&path)).unwrap();
        assert_eq!(vector.name, name, "a vector has the name of its file");
        differences.extend(difference(&vector, &keys));
        count += 1;
    }
    assert!(differences.is_empty(), "{set}:\n{}", differences.join("\n"));
    assert!(count > least, "{set} has only {count} vectors");
}

#[test]
fn the_vectors_of_the_default_implementation_are_met() {
    check_set("aws-lc", 100);
}

#[test]
fn the_vectors_of_the_portable_implementation_are_met() {
    check_set("portable", 50);
}

#[test]
fn the_vectors_of_the_second_decoder_are_met() {
    check_set("python", 850);
}
