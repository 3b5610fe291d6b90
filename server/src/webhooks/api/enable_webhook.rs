//! `POST /vendor/webhooks/{id}/enable`

use axum::Json;
use axum::extract::State;
use trybuy_formats::api::Webhook;
use trybuy_formats::ids::WebhookId;

use crate::app::AppState;
use crate::auth::Vendor;
use crate::error::ApiError;
use crate::extract::Path;
use crate::webhooks;

/// Sends events to a disabled webhook again.
pub async fn enable_webhook(
    State(app): State<AppState>,
    Vendor(vendor): Vendor,
    Path(id): Path<WebhookId>,
) -> Result<Json<Webhook>, ApiError> {
    Ok(Json(webhooks::enable_webhook(&app, &vendor, id).await?))
}
