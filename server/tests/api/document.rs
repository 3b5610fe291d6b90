//! The OpenAPI document.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use trybuy_server::{openapi, router};

use crate::support::{Answer, TestBuilder, TestServer};

#[tokio::test]
async fn the_document_is_served_and_locked() {
    let server = TestServer::with_sketch().await;
    let served: Value = Answer::of(server.get("/api/v1/openapi.json")).await.json(200);
    assert_eq!(served, openapi::document());
    insta::assert_json_snapshot!("openapi", served);
}

#[test]
fn the_document_and_the_router_have_the_same_operations() {
    let of_router: BTreeSet<String> =
        router::routes().iter().map(|route| format!("{} {}", route.method, route.path)).collect();
    let mut of_document = BTreeSet::new();
    let document = openapi::document();
    for (path, methods) in document["paths"].as_object().expect("paths") {
        for method in methods.as_object().expect("methods").keys() {
            of_document.insert(format!("{} {path}", method.to_uppercase()));
        }
    }
    assert_eq!(of_router, of_document);
}

#[test]
fn every_reference_and_path_parameter_of_the_document_is_there() {
    let document = openapi::document();
    let mut references = Vec::new();
    collect_references(&document, &mut references);
    for reference in references {
        let pointer = reference.trim_start_matches('#');
        assert!(document.pointer(pointer).is_some(), "{reference}");
    }
    for (path, methods) in document["paths"].as_object().expect("paths") {
        let named: BTreeSet<&str> =
            path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}')).collect();
        for operation in methods.as_object().expect("methods").values() {
            let parameters = operation["parameters"].as_array().map_or(&[][..], Vec::as_slice);
            let described: BTreeSet<&str> = parameters
                .iter()
                .filter(|parameter| parameter["in"] == "path")
                .filter_map(|parameter| parameter["name"].as_str())
                .collect();
            assert_eq!(described, named, "{path}");
        }
    }
}

fn collect_references(value: &Value, references: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            references.extend(members.get("$ref").and_then(Value::as_str).map(str::to_owned));
            members.values().for_each(|member| collect_references(member, references));
        }
        Value::Array(items) => items.iter().for_each(|item| collect_references(item, references)),
        _ => {}
    }
}

/// Real answers of all kinds fit their schemas, member by member, so the schemas cannot drift from the
/// wire types.
#[tokio::test]
async fn answers_fit_their_schemas() {
    let server = TestServer::with_sketch().await;
    let token = server.token("Vendor").await;
    let builder = TestBuilder::register(&server, 0).await;
    let trial = serde_json::to_value(builder.try_it(&server).await).expect("JSON");
    check(&trial, "TrialAnswer");
    let signed = builder.send_empty(&server, reqwest::Method::GET, "/api/v1/trials").await;
    check(&signed.json(200), "TrialsAnswer");
    for (path, schema) in [
        ("/healthz", "Health"),
        ("/api/v1/server", "ServerInfo"),
        ("/api/v1/applications", "ApplicationPage"),
        ("/api/v1/applications/com.example.sketch", "ApplicationDetails"),
        ("/api/v1/vendor/releases", "ReleasesAnswer"),
        ("/api/v1/vendor/applications/com.example.sketch/policies", "PolicyAnswer"),
        ("/api/v1/vendor/applications/com.example.sketch/requests", "RequestersAnswer"),
        ("/api/v1/vendor/webhooks", "WebhooksAnswer"),
        ("/api/v1/vendor/webhooks/deliveries", "DeliveriesAnswer"),
    ] {
        check(&Answer::of(server.get(path).bearer_auth(&token)).await.json(200), schema);
    }
    let problem = serde_json::to_value(Answer::of(server.get("/nothing")).await.problem());
    check(&problem.expect("JSON"), "Problem");
    for (schema, sample) in requests() {
        check(&sample, schema);
    }
}

/// Requests with all their members; that the wire types take them is checked where they are sent.
fn requests() -> Vec<(&'static str, Value)> {
    let digest = "ab".repeat(32);
    let policy = json!({
        "duration": 60, "expiration": { "kind": "soft", "from": "first-warning", "grace": 60 },
        "limits": { "launches": 1, "running": 60, "days": 1 },
        "trials": 1, "acceptance": "retype-code", "layout": "dispersed",
    });
    let samples = vec![
        (
            "RequestTrial",
            json!({
                "platform": "x86_64-linux", "version": "1.0.0",
                "acceptance": { "terms_digest": digest, "name": "Ada", "code": "ABCDEFGH" },
            }),
        ),
        (
            "SetPolicy",
            json!({ "policy": policy, "profile": "generous", "in_place_of": { "policy": policy } }),
        ),
        ("RenewBuilderLicense", json!({ "terms_digest": digest })),
        (
            "RegisterBuilder",
            json!({
                "decryption_key": "AA", "request_key": "AA", "platform": "x86_64-linux", "version": "1.0.0",
                "name": "Ada", "email": "ada@example.com", "terms_digest": digest,
            }),
        ),
    ];
    use trybuy_formats::api::{RegisterBuilder, RenewBuilderLicense, RequestTrial, SetPolicy};
    fn taken<T: serde::de::DeserializeOwned>(sample: &Value) -> bool {
        serde_json::from_value::<T>(sample.clone()).is_ok()
    }
    assert!(taken::<RequestTrial>(&samples[0].1));
    assert!(taken::<SetPolicy>(&samples[1].1));
    assert!(taken::<RenewBuilderLicense>(&samples[2].1));
    assert!(taken::<RegisterBuilder>(&samples[3].1));
    samples
}

pub(crate) fn check(value: &Value, schema: &str) {
    let schemas = openapi::schemas();
    let schema = schemas.get(schema).expect(schema);
    fits(value, schema, "$");
}

/// The part of JSON Schema that the document uses.
fn fits(value: &Value, schema: &Value, at: &str) {
    if let Some(reference) = schema["$ref"].as_str() {
        let name = reference.rsplit('/').next().unwrap_or_default();
        return fits(value, &openapi::schemas()[name], at);
    }
    if let Some(either) = schema["anyOf"].as_array() {
        return if value.is_null() {
            assert_eq!(either[1]["type"], "null", "{at}")
        } else {
            fits(value, &either[0], at)
        };
    }
    if let Some(words) = schema["enum"].as_array() {
        assert!(words.contains(value), "{at}: {value}");
    }
    match schema["type"].as_str() {
        Some("object") => {
            let members = value.as_object().expect(at);
            for required in schema["required"].as_array().expect("required members") {
                assert!(
                    members.contains_key(required.as_str().expect("a name")),
                    "{at}: {required} is missing"
                );
            }
            for (name, member) in members {
                let schema = schema["properties"].get(name);
                fits(member, schema.expect(name), &format!("{at}.{name}"));
            }
        }
        Some("array") => {
            let items = value.as_array().expect(at);
            items.iter().for_each(|item| fits(item, &schema["items"], at));
        }
        Some("string") => assert!(value.is_string(), "{at}: {value}"),
        Some("integer") => assert!(value.is_u64(), "{at}: {value}"),
        Some("boolean") => assert!(value.is_boolean(), "{at}: {value}"),
        other => assert!(other.is_some(), "{at}: a kind of schema that this test does not know"),
    }
}
