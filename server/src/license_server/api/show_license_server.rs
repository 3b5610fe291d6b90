use axum::Json;
use axum::extract::State;
use axum::response::Response;
use trybuy_formats::api::LicenseServerInfo;

use super::recorded::recorded;
use crate::error::ApiError;
use crate::license_server::LicenseServerState;

/// `GET /license-server`: who issues licenses here.
pub async fn show_license_server(State(server): State<LicenseServerState>) -> Response {
    recorded(&server, describe(&server).await.map(Json)).await
}

async fn describe(server: &LicenseServerState) -> Result<LicenseServerInfo, ApiError> {
    let head = server.store.record_head().await?;
    Ok(LicenseServerInfo {
        license_server: server.issuer().id().clone(),
        certificate: server.issuer().chain().to_pem(),
        records: head.records,
        restored: head.restored,
    })
}
