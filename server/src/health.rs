//! Whether a server can answer: for load balancers.

use std::time::Duration;

use axum::Json;
use axum::http::StatusCode;
use serde::Serialize;
use trybuy_formats::slug::Slug;

use crate::error::ApiError;
use crate::store::Store;

/// How long the store has for a sign of life.
const PATIENCE: Duration = Duration::from_secs(2);

/// That all is well.
#[derive(Serialize)]
pub struct Health {
    status: &'static str,
    version: &'static str,
}

/// Asks the store.
pub(crate) async fn of(store: &Store) -> Result<Json<Health>, ApiError> {
    match tokio::time::timeout(PATIENCE, store.ping()).await {
        Ok(Ok(())) => Ok(Json(Health { status: "ok", version: env!("CARGO_PKG_VERSION") })),
        _ => Err(ApiError::new(Slug::ServerError, "the database does not answer")
            .help("try again later")
            .status(StatusCode::SERVICE_UNAVAILABLE)),
    }
}
