//! `GET /vendor/webhooks`

use axum::Json;
use axum::extract::State;
use trybuy_formats::api::WebhooksAnswer;

use crate::app::AppState;
use crate::auth::Vendor;
use crate::error::ApiError;

/// Lists the vendor's webhooks.
pub async fn list_webhooks(
    State(app): State<AppState>,
    Vendor(vendor): Vendor,
) -> Result<Json<WebhooksAnswer>, ApiError> {
    Ok(Json(WebhooksAnswer { webhooks: app.store.webhooks(vendor.id).await? }))
}
