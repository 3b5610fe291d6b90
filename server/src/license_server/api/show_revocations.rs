use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use trybuy_formats::certificates::Revoked;

use super::recorded::recorded;
use crate::error::ApiError;
use crate::license_server::LicenseServerState;

/// `GET /revocations`: the licenses that are none any more, as a list signed by the license server (RFC 5280,
/// section 5). Its number is that of the records, so that it grows.
pub async fn show_revocations(State(server): State<LicenseServerState>) -> Response {
    let list = sign(&server).await;
    let typed =
        list.map(|der| ([(header::CONTENT_TYPE, "application/pkix-crl")], der).into_response());
    recorded(&server, typed).await
}

async fn sign(server: &LicenseServerState) -> Result<Vec<u8>, ApiError> {
    let now = server.clock.now();
    let head = server.store.record_head().await?;
    let revoked = server.store.revoked_certificates(now).await?;
    let revoked =
        revoked.into_iter().map(|it| Revoked { serial: it.serial, at: it.revoked_at }).collect();
    let next = now.plus(server.config.licenses.revocation_list);
    server.issuer().revocation_list(revoked, head.records, now, next).map_err(ApiError::fault)
}
