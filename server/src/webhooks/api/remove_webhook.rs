//! `DELETE /vendor/webhooks/{id}`

use axum::extract::State;
use axum::http::StatusCode;
use trybuy_formats::ids::WebhookId;

use crate::app::AppState;
use crate::auth::Vendor;
use crate::error::ApiError;
use crate::extract::Path;
use crate::webhooks::remove;

/// Removes a webhook with its log.
pub async fn remove_webhook(
    State(app): State<AppState>,
    Vendor(vendor): Vendor,
    Path(id): Path<WebhookId>,
) -> Result<StatusCode, ApiError> {
    remove(&app, &vendor, id).await?;
    Ok(StatusCode::NO_CONTENT)
}
