use axum::body::Bytes;
use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;
use trybuy_formats::certificates::Revoked;
use trybuy_formats::instant::Span;

use crate::error::ApiError;
use crate::license_server::LicenseServerState;
use crate::license_server::revocation_list::SignedList;

/// `GET /revocations`: the licenses that are none any more, as a list signed by the license server (RFC 5280,
/// section 5). Its number is that of the records, so that it grows.
pub async fn show_revocations(
    State(server): State<LicenseServerState>,
) -> Result<impl IntoResponse, ApiError> {
    let der = sign(&server).await?;
    Ok(([(header::CONTENT_TYPE, "application/pkix-crl")], der))
}

async fn sign(server: &LicenseServerState) -> Result<Bytes, ApiError> {
    let now = server.clock.now();
    let mark = server.store.record_head().await?.mark;
    if let Some(der) = server.last_list.get(mark, now) {
        return Ok(der);
    }
    let revoked = server.store.revoked_certificates(now).await?;
    let revoked = revoked
        .into_iter()
        .map(|it| Revoked { serial: it.serial, at: it.revoked_at, reason: it.reason })
        .collect();
    let valid_for = server.config.licenses.revocation_list;
    let next = now.plus(valid_for);
    let der = server.issuer().revocation_list(revoked, mark.records, now, next);
    let der = Bytes::from(der.map_err(ApiError::fault)?);
    let renewed_at = now.plus(Span::seconds(valid_for.as_seconds() / 2));
    server.last_list.put(SignedList { mark, signed_at: now, renewed_at, der: der.clone() });
    Ok(der)
}
