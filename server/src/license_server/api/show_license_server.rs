use axum::Json;
use axum::extract::State;
use trybuy_formats::api::LicenseServerInfo;
use trybuy_formats::licensing::records::RecordsStatement;

use crate::error::ApiError;
use crate::license_server::LicenseServerState;

/// `GET /license-server`: who issues licenses here, and how far the records go.
pub async fn show_license_server(
    State(server): State<LicenseServerState>,
) -> Result<Json<LicenseServerInfo>, ApiError> {
    let head = server.store.record_head().await?;
    let issuer = server.issuer();
    let records = RecordsStatement::sign(issuer, head.mark, head.restored);
    Ok(Json(LicenseServerInfo {
        license_server: issuer.id().clone(),
        certificate: issuer.chain().to_pem(),
        records: records.map_err(ApiError::fault)?,
    }))
}
