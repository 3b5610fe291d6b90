//! `GET /healthz`

use axum::Json;
use axum::extract::State;
use trybuy_formats::slug::Slug;

use crate::error::ApiError;
use crate::health::{self, Health};
use crate::license_server::LicenseServerState;
use crate::license_server::mark::{RESTORED_HELP, TWICE_HELP};

/// Says whether the license server can answer, what keeps it from granting licenses, whether it has granted a seat twice,
/// and whether its revocation list has room.
pub async fn show_health(
    State(server): State<LicenseServerState>,
) -> Result<Json<Health>, ApiError> {
    if health::answered(server.store.record_head()).await?.restored {
        let status = Slug::LicenseServerRestored.as_str();
        return Ok(Json(Health::degraded(status, Some(RESTORED_HELP.to_owned()))));
    }
    if server.store.has_granted_twice().await? {
        return Ok(Json(Health::degraded("seat-granted-twice", Some(TWICE_HELP.to_owned()))));
    }
    if let Some(trouble) = server.last_list.room().trouble() {
        return Ok(Json(trouble));
    }
    Ok(Json(match server.mark.read(server.secret()).await {
        Err(error) => Health::refused(&error),
        Ok(_) => server.disk.trouble().await.unwrap_or_else(Health::good),
    }))
}
