//! `GET /healthz`

use axum::Json;
use axum::extract::State;

use crate::clearinghouse::ClearinghouseState;
use crate::error::ApiError;
use crate::health::{self, Health};

/// Says whether the clearinghouse can answer.
pub(super) async fn show_health(
    State(clearinghouse): State<ClearinghouseState>,
) -> Result<Json<Health>, ApiError> {
    health::of(&clearinghouse.store).await.map(Json)
}
