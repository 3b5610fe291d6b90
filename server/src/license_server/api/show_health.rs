use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use trybuy_formats::slug::Slug;

use crate::error::ApiError;
use crate::license_server::LicenseServerState;

/// How long the store has for a sign of life.
const PATIENCE: Duration = Duration::from_secs(2);

/// `GET /healthz`: whether the license server can answer, for load balancers.
pub async fn show_health(State(server): State<LicenseServerState>) -> Result<StatusCode, ApiError> {
    match tokio::time::timeout(PATIENCE, server.store.ping()).await {
        Ok(Ok(())) => Ok(StatusCode::NO_CONTENT),
        _ => Err(ApiError::new(Slug::ServerError, "the database does not answer")
            .help("try again later")
            .status(StatusCode::SERVICE_UNAVAILABLE)),
    }
}
