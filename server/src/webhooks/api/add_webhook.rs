//! `POST /vendor/webhooks`

use axum::extract::State;
use axum::http::StatusCode;
use trybuy_formats::api::{AddWebhook, NewWebhookAnswer, SecretText};

use crate::app::AppState;
use crate::auth::Vendor;
use crate::error::ApiError;
use crate::extract::Json;
use crate::webhooks;

/// Adds a webhook. This is the only answer that holds its secret.
pub async fn add_webhook(
    State(app): State<AppState>,
    Vendor(vendor): Vendor,
    Json(request): Json<AddWebhook>,
) -> Result<(StatusCode, axum::Json<NewWebhookAnswer>), ApiError> {
    let (webhook, secret) = webhooks::add_webhook(&app, &vendor, request).await?;
    let answer = NewWebhookAnswer { webhook, secret: SecretText(secret.reveal()) };
    Ok((StatusCode::CREATED, axum::Json(answer)))
}
