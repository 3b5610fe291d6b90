//! The log of deliveries.

use trybuy_formats::api::Delivery;
use trybuy_formats::ids::{DeliveryId, WebhookId};

use super::columns::Columns;
use super::{PAGE_LIMIT, Page, Store, StoreError, VendorId};

/// Which deliveries are listed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct LogQuery {
    /// Of that webhook, or of all.
    pub webhook: Option<WebhookId>,
    /// Only those whose last attempt failed.
    pub failed: bool,
    /// Older ones than this.
    pub after: Option<DeliveryId>,
    /// The most rows.
    pub limit: u32,
}

const LOG: &str = "SELECT deliveries.id, deliveries.webhook_id, deliveries.event, \
    COALESCE(trials.application, refusals.application) AS application, deliveries.occurred_at, deliveries.attempts, deliveries.last_status, deliveries.last_error, \
    deliveries.delivered_at, deliveries.due_at FROM deliveries \
    JOIN webhooks ON webhooks.id = deliveries.webhook_id \
    LEFT JOIN trials ON trials.id = deliveries.subject \
    LEFT JOIN refusals ON refusals.id = deliveries.subject \
    WHERE webhooks.vendor_id = $1 AND ($2 = '' OR deliveries.webhook_id = $2) \
    AND ($3 = 0 OR (deliveries.delivered_at IS NULL \
        AND (deliveries.last_status IS NOT NULL OR deliveries.last_error IS NOT NULL))) \
    AND ($4 = '' OR deliveries.id < $4) ORDER BY deliveries.id DESC LIMIT $5";

impl Store {
    /// A page of a vendor's deliveries, the newest first.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn deliveries(
        &self,
        vendor: VendorId,
        query: LogQuery,
    ) -> Result<Page<Delivery>, StoreError> {
        let limit = query.limit.min(PAGE_LIMIT);
        let statement = sqlx::query(LOG)
            .bind(vendor.to_string())
            .bind(query.webhook.map_or(String::new(), |id| id.to_string()))
            .bind(i64::from(query.failed))
            .bind(query.after.map_or(String::new(), |id| id.to_string()))
            .bind(i64::from(limit) + 1);
        let rows = self.fetch_all(statement).await?;
        let entries: Result<_, _> = rows.iter().map(|row| delivery(Columns(row))).collect();
        Ok(Page::new(entries?, limit))
    }
}

fn delivery(columns: Columns<'_>) -> Result<Delivery, StoreError> {
    Ok(Delivery {
        id: columns.text("id")?,
        webhook_id: columns.text("webhook_id")?,
        event: columns.text("event")?,
        application: columns.optional_text("application")?,
        occurred_at: columns.instant("occurred_at")?,
        attempts: columns.number("attempts")?,
        last_status: columns.optional_number("last_status")?,
        last_error: columns.optional_text("last_error")?,
        delivered_at: columns.optional_instant("delivered_at")?,
        next_attempt_at: columns.optional_instant("due_at")?,
    })
}
