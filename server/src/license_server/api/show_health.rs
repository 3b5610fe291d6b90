//! `GET /healthz`

use axum::Json;
use axum::extract::State;

use crate::error::ApiError;
use crate::health::{self, Health};
use crate::license_server::LicenseServerState;

/// Says whether the license server can answer.
pub async fn show_health(
    State(server): State<LicenseServerState>,
) -> Result<Json<Health>, ApiError> {
    health::of(&server.store).await
}
