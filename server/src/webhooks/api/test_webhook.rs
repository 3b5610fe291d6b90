//! `POST /vendor/webhooks/{id}/test`

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use trybuy_formats::api::Ping;
use trybuy_formats::ids::WebhookId;

use crate::app::AppState;
use crate::auth::Vendor;
use crate::error::ApiError;
use crate::extract::Path;
use crate::webhooks::ping;

/// Sends a ping to a webhook.
pub async fn test_webhook(
    State(app): State<AppState>,
    Vendor(vendor): Vendor,
    Path(id): Path<WebhookId>,
) -> Result<(StatusCode, Json<Ping>), ApiError> {
    let delivery_id = ping(&app, &vendor, id).await?;
    Ok((StatusCode::CREATED, Json(Ping { delivery_id })))
}
