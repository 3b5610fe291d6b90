//! What answers of decisions carry: how many records there are.

use axum::http::{HeaderName, HeaderValue};
use axum::response::{IntoResponse, Response};

use crate::error::ApiError;
use crate::license_server::LicenseServerState;

/// Tells gateways how many records there are, so that they notice when there are fewer.
const RECORDS: HeaderName = HeaderName::from_static("trybuy-records");

/// An answer, or a refusal, with the number of records. Where that cannot be had, the answer goes without.
pub(super) async fn recorded(
    server: &LicenseServerState,
    answer: Result<impl IntoResponse, ApiError>,
) -> Response {
    let mut response = answer.into_response();
    match server.store.record_head().await {
        Ok(head) => {
            response.headers_mut().insert(RECORDS, HeaderValue::from(head.records));
        }
        Err(error) => tracing::warn!(%error, "the number of records is not known"),
    }
    response
}
