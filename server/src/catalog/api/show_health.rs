//! `GET /healthz`

use axum::Json;
use axum::extract::State;

use crate::app::AppState;
use crate::error::ApiError;
use crate::health::{self, Health};

/// Says whether the server can answer.
pub async fn show_health(State(app): State<AppState>) -> Result<Json<Health>, ApiError> {
    health::of(&app.store).await.map(Json)
}
