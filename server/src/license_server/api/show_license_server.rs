use axum::Json;
use axum::extract::State;
use trybuy_formats::api::LicenseServerInfo;
use trybuy_formats::licensing::records::RecordsStatement;

use crate::auth::ClientAddress;
use crate::error::ApiError;
use crate::license_server::LicenseServerState;

/// `GET /license-server`: who issues licenses here, how far the records go, and whether more can be written.
pub async fn show_license_server(
    State(server): State<LicenseServerState>,
    client: ClientAddress,
) -> Result<Json<LicenseServerInfo>, ApiError> {
    server.requests.count(&client.network())?;
    let head = server.store.authentic_head(server.secret()).await?;
    let head = head.ok_or_else(|| ApiError::fault(EndDamaged))?;
    let issuer = server.issuer();
    let records = RecordsStatement::sign(issuer, head.mark, head.restored);
    Ok(Json(LicenseServerInfo {
        license_server: issuer.id().clone(),
        certificate: issuer.chain().to_pem(),
        records: records.map_err(ApiError::fault)?,
        cannot_write: server.disk.trouble().await.is_some(),
    }))
}

/// Whoever writes in the database gets nothing signed that the records do not say.
#[derive(Debug, thiserror::Error)]
#[error("the end of the records is not as it was written: see `license-server audit verify`")]
struct EndDamaged;
