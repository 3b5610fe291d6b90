//! `POST /vendor/webhooks/deliveries/{id}/redeliver`

use axum::extract::State;
use axum::http::StatusCode;
use trybuy_formats::ids::DeliveryId;

use crate::app::AppState;
use crate::auth::Vendor;
use crate::error::ApiError;
use crate::extract::Path;
use crate::webhooks;

/// Sends a delivery again.
pub async fn redeliver(
    State(app): State<AppState>,
    Vendor(vendor): Vendor,
    Path(id): Path<DeliveryId>,
) -> Result<StatusCode, ApiError> {
    webhooks::redeliver(&app, &vendor, id).await?;
    Ok(StatusCode::NO_CONTENT)
}
