//! `GET /vendor/webhooks/deliveries`

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use trybuy_formats::api::DeliveriesAnswer;
use trybuy_formats::ids::{DeliveryId, WebhookId};

use crate::app::AppState;
use crate::auth::Vendor;
use crate::error::ApiError;
use crate::extract::{PageLimit, Query};
use crate::store::LogQuery;
use crate::webhooks::WebhookError;

/// The query of the deliveries.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Parameters {
    webhook: Option<WebhookId>,
    #[serde(default)]
    failed: bool,
    after: Option<DeliveryId>,
    #[serde(default)]
    limit: PageLimit,
}

/// Lists the deliveries to the vendor's webhooks, the newest first.
pub async fn list_deliveries(
    State(app): State<AppState>,
    Vendor(vendor): Vendor,
    Query(Parameters { webhook, failed, after, limit }): Query<Parameters>,
) -> Result<Json<DeliveriesAnswer>, ApiError> {
    if let Some(webhook) = webhook {
        app.store.webhook(vendor.id, webhook).await?.ok_or(WebhookError::NoWebhook)?;
    }
    let query = LogQuery { webhook, failed, after, limit: limit.rows() };
    let page = app.store.deliveries(vendor.id, query).await?;
    let last = page.entries.last().filter(|_| page.more);
    let next = last.map(|entry| entry.id.to_string());
    Ok(Json(DeliveriesAnswer { deliveries: page.entries, next }))
}
