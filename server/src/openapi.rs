//! The OpenAPI document of the API, made of a table of operations and one of schemas.
//!
//! The wire types live in `trybuy-formats`, which knows nothing of OpenAPI. Their schemas are written down
//! here once more, and tests hold the two together: every route is in the document and every operation
//! a route, and samples of all wire types fit their schemas member by member.

mod operations;
mod schemas;

use axum::Json;
use serde_json::{Map, Value, json};

pub use self::operations::{Access, Answer, Operation, operations};
pub use self::schemas::schemas;

/// `GET /openapi.json`
pub async fn show_document() -> Json<Value> {
    Json(document())
}

/// The document.
pub fn document() -> Value {
    let mut paths = Map::new();
    for operation in operations() {
        let path = paths.entry(operation.path).or_insert_with(|| json!({}));
        path[operation.method.as_str().to_ascii_lowercase()] = operation.document();
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "trybuy-server",
            "version": env!("CARGO_PKG_VERSION"),
            "summary": "A catalog of programs to try, and the licensing of their trials",
            "description": "Signed requests carry Content-Digest, Signature-Input and Signature as \
                docs/formats/requests.md says. Every error is a problem document (RFC 9457) whose `type` \
                is `/problems/SLUG`.",
            "license": { "name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0" },
        },
        "paths": paths,
        "components": {
            "schemas": schemas(),
            "securitySchemes": {
                "builder": {
                    "type": "apiKey",
                    "in": "header",
                    "name": "Signature",
                    "description": "HTTP Message Signature (RFC 9421) by the Builder's Ed25519 key",
                },
                "vendor": { "type": "http", "scheme": "bearer", "description": "A token tbv_…" },
            },
        },
    })
}
