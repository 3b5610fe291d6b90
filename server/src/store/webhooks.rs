//! Webhooks of vendors.

use sqlx::AnyConnection;
use trybuy_formats::api::{EventKind, Webhook};
use trybuy_formats::ids::WebhookId;
use trybuy_formats::instant::Instant;
use trybuy_formats::limits;

use super::columns::{Columns, json};
use super::transaction::{Finish, Operation};
use super::{Store, StoreError, VendorId};

/// A webhook to be stored.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NewWebhook {
    /// The webhook.
    pub id: WebhookId,
    /// Whose it is.
    pub vendor: VendorId,
    /// Where events are sent.
    pub url: String,
    /// Which ones.
    pub events: Vec<EventKind>,
    /// When it was made; what happened before is not sent.
    pub created_at: Instant,
}

const COUNT: &str = "SELECT COUNT(*) AS webhooks FROM webhooks WHERE vendor_id = $1";
const INSERT: &str = "INSERT INTO webhooks (id, vendor_id, url, events, created_at, seen_from) \
    VALUES ($1, $2, $3, $4, $5, $5)";
const OF_VENDOR: &str = "SELECT id, url, events, created_at, disabled_at FROM webhooks \
    WHERE vendor_id = $1 ORDER BY id";
const ONE: &str = "SELECT id, url, events, created_at, disabled_at FROM webhooks \
    WHERE vendor_id = $1 AND id = $2";
const ENABLE: &str = "UPDATE webhooks SET disabled_at = NULL, seen_from = $3 \
    WHERE vendor_id = $1 AND id = $2 AND disabled_at IS NOT NULL";
const DISABLE: &str = "UPDATE webhooks SET disabled_at = $2 WHERE id = $1 AND disabled_at IS NULL";
const GIVE_UP: &str = "UPDATE deliveries SET due_at = NULL \
    WHERE webhook_id = $1 AND due_at IS NOT NULL";
const OWNED: &str = "SELECT id FROM webhooks WHERE vendor_id = $1 AND id = $2";
const REMOVE_LOG: &str = "DELETE FROM deliveries WHERE webhook_id = $1";
const REMOVE: &str = "DELETE FROM webhooks WHERE id = $1";

impl Store {
    /// Stores a webhook. Answers whether there was room: a vendor has at most
    /// [`limits::WEBHOOKS`].
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn add_webhook(&self, webhook: &NewWebhook) -> Result<bool, StoreError> {
        self.write(webhook).await
    }

    /// A vendor's webhooks, the oldest first.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn webhooks(&self, vendor: VendorId) -> Result<Vec<Webhook>, StoreError> {
        let rows = self.fetch_all(sqlx::query(OF_VENDOR).bind(vendor.to_string())).await?;
        rows.iter().map(|row| webhook(Columns(row))).collect()
    }

    /// A webhook of this vendor.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn webhook(
        &self,
        vendor: VendorId,
        id: WebhookId,
    ) -> Result<Option<Webhook>, StoreError> {
        let query = sqlx::query(ONE).bind(vendor.to_string()).bind(id.to_string());
        let row = self.fetch_optional(query).await?;
        row.map(|row| webhook(Columns(&row))).transpose()
    }

    /// Sends events to a disabled webhook again, from now on.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn enable_webhook(
        &self,
        vendor: VendorId,
        id: WebhookId,
        now: Instant,
    ) -> Result<(), StoreError> {
        let query =
            sqlx::query(ENABLE).bind(vendor.to_string()).bind(id.to_string()).bind(now.unix());
        self.execute(query).await.map(drop)
    }

    /// Sends nothing to a webhook any more, nor what was to be sent.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn disable_webhook(&self, id: WebhookId, now: Instant) -> Result<(), StoreError> {
        self.write(&Disable(id, now)).await
    }

    /// Removes a vendor's webhook with its log. Answers whether there was one.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn remove_webhook(
        &self,
        vendor: VendorId,
        id: WebhookId,
    ) -> Result<bool, StoreError> {
        self.write(&Remove(vendor, id)).await
    }
}

impl Operation for NewWebhook {
    type Answer = bool;

    async fn run(&self, connection: &mut AnyConnection) -> Result<Finish<bool>, StoreError> {
        let row =
            sqlx::query(COUNT).bind(self.vendor.to_string()).fetch_one(&mut *connection).await?;
        let count: usize = Columns(&row).number("webhooks")?;
        if count >= limits::WEBHOOKS {
            return Ok(Finish::RollBack(false));
        }
        sqlx::query(INSERT)
            .bind(self.id.to_string())
            .bind(self.vendor.to_string())
            .bind(self.url.as_str())
            .bind(json(&self.events))
            .bind(self.created_at.unix())
            .execute(connection)
            .await?;
        Ok(Finish::Commit(true))
    }
}

struct Disable(WebhookId, Instant);

impl Operation for Disable {
    type Answer = ();

    async fn run(&self, connection: &mut AnyConnection) -> Result<Finish<()>, StoreError> {
        let id = self.0.to_string();
        sqlx::query(DISABLE)
            .bind(id.as_str())
            .bind(self.1.unix())
            .execute(&mut *connection)
            .await?;
        sqlx::query(GIVE_UP).bind(id.as_str()).execute(connection).await?;
        Ok(Finish::Commit(()))
    }
}

struct Remove(VendorId, WebhookId);

impl Operation for Remove {
    type Answer = bool;

    async fn run(&self, connection: &mut AnyConnection) -> Result<Finish<bool>, StoreError> {
        let id = self.1.to_string();
        let owned = sqlx::query(OWNED)
            .bind(self.0.to_string())
            .bind(id.as_str())
            .fetch_optional(&mut *connection)
            .await?;
        if owned.is_none() {
            return Ok(Finish::RollBack(false));
        }
        sqlx::query(REMOVE_LOG).bind(id.as_str()).execute(&mut *connection).await?;
        sqlx::query(REMOVE).bind(id.as_str()).execute(connection).await?;
        Ok(Finish::Commit(true))
    }
}

fn webhook(columns: Columns<'_>) -> Result<Webhook, StoreError> {
    Ok(Webhook {
        id: columns.text("id")?,
        url: columns.text("url")?,
        events: columns.json("events")?,
        created_at: columns.instant("created_at")?,
        disabled_at: columns.optional_instant("disabled_at")?,
    })
}
