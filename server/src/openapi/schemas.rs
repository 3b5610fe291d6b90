//! The schemas of the wire types.

mod builders;
mod catalog;
mod policies;
mod trials;
mod vendors;
mod webhooks;

use serde_json::{Map, Value, json};
use trybuy_formats::slug::Slug;

/// All schemas by their names.
pub fn schemas() -> Map<String, Value> {
    [
        scalars(),
        policies::schemas(),
        catalog::schemas(),
        builders::schemas(),
        trials::schemas(),
        vendors::schemas(),
        webhooks::schemas(),
        problems(),
    ]
    .concat()
    .into_iter()
    .collect()
}

type Schemas = Vec<(String, Value)>;

/// An object. A member's name ends with `?` where it may be missing.
fn object(name: &str, members: &[(&str, Value)]) -> (String, Value) {
    let mut properties = Map::new();
    let mut required = Vec::new();
    for (member, schema) in members {
        match member.strip_suffix('?') {
            Some(optional) => properties.insert(optional.to_owned(), schema.clone()),
            None => {
                required.push(*member);
                properties.insert((*member).to_owned(), schema.clone())
            }
        };
    }
    let schema = json!({ "type": "object", "properties": properties, "required": required });
    (name.to_owned(), schema)
}

fn of(name: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{name}") })
}

fn nullable(schema: Value) -> Value {
    json!({ "anyOf": [schema, { "type": "null" }] })
}

fn list(schema: Value) -> Value {
    json!({ "type": "array", "items": schema })
}

fn text() -> Value {
    json!({ "type": "string" })
}

fn number() -> Value {
    json!({ "type": "integer", "minimum": 0 })
}

fn boolean() -> Value {
    json!({ "type": "boolean" })
}

fn one_of(words: &[&str]) -> Value {
    json!({ "type": "string", "enum": words })
}

fn scalars() -> Schemas {
    let hexadecimal = json!({ "type": "string", "pattern": "^[0-9a-f]{64}$" });
    [
        ("Text", text()),
        ("Flag", boolean()),
        ("Boolean", boolean()),
        ("Cursor", text()),
        ("Capability", text()),
        ("PageLimit", json!({ "type": "integer", "minimum": 1, "maximum": 100, "default": 50 })),
        ("ApplicationId", json!({ "type": "string", "minLength": 3, "maxLength": 128, "examples": ["com.example.sketch"] })),
        ("Version", json!({ "type": "string", "maxLength": 64, "examples": ["1.4.0"] })),
        ("Platform", json!({ "type": "string", "minLength": 3, "maxLength": 32, "examples": ["x86_64-linux"] })),
        ("Name", json!({ "type": "string", "minLength": 1, "maxLength": 100 })),
        ("Label", json!({ "type": "string", "minLength": 1, "maxLength": 63, "examples": ["education"] })),
        ("Subject", json!({ "type": "string", "description": "A licensee id, an e-mail address, or @ and a domain", "examples": ["@example.edu"] })),
        ("Scope", json!({ "type": "string", "description": "For whom a policy is: application, class:NAME, a licensee id, or an e-mail address", "examples": ["class:education"] })),
        ("Email", json!({ "type": "string", "minLength": 3, "maxLength": 254 })),
        ("Note", json!({ "type": "string", "minLength": 1, "maxLength": 200 })),
        ("Id", json!({ "type": "string", "format": "uuid" })),
        ("Digest", hexadecimal.clone()),
        ("KeyId", hexadecimal),
        ("Instant", json!({ "type": "string", "format": "date-time" })),
        ("Base64", json!({ "type": "string", "contentEncoding": "base64url" })),
        ("Seconds", json!({ "type": "integer", "minimum": 0 })),
        ("LicenseKind", one_of(&["trial", "purchase"])),
    ]
    .map(|(name, schema)| (name.to_owned(), schema))
    .to_vec()
}

fn problems() -> Schemas {
    let types: Vec<String> = Slug::ALL.iter().map(|slug| format!("/problems/{slug}")).collect();
    vec![object(
        "Problem",
        &[
            ("type", json!({ "type": "string", "enum": types })),
            ("status", json!({ "type": "integer", "minimum": 400, "maximum": 599 })),
            ("title", text()),
            ("detail?", text()),
            ("help?", text()),
            ("condition?", one_of(&["A", "B", "C"])),
            ("server_time?", of("Instant")),
        ],
    )]
}
