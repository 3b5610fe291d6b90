//! Deliveries on their way: who sends which, and how it ended.

use sqlx::AnyConnection;
use trybuy_formats::api::EventKind;
use trybuy_formats::ids::{DeliveryId, WebhookId};
use trybuy_formats::instant::Instant;

use super::columns::{Columns, seconds};
use super::events::Happened;
use super::transaction::{Finish, Operation};
use super::{Store, StoreError, VendorId};

/// A delivery that this process sends now.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DueDelivery {
    /// The delivery.
    pub id: DeliveryId,
    /// Its webhook.
    pub webhook_id: WebhookId,
    /// Where it is sent.
    pub url: String,
    /// What happened.
    pub event: EventKind,
    /// The trial, the refusal, or the ping itself.
    pub subject: String,
    /// When it happened.
    pub occurred_at: Instant,
    /// Which attempt this is, from 1.
    pub attempts: u32,
    /// Until when the others leave it alone.
    pub lease: Instant,
}

/// How an attempt ended.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Outcome {
    /// The status of the answer.
    pub status: Option<u16>,
    /// Why there was none.
    pub error: Option<String>,
    /// When it was delivered.
    pub delivered_at: Option<Instant>,
    /// When it is sent next; none if it was delivered or is given up.
    pub next: Option<Instant>,
}

const WAITING: &str = "SELECT id FROM webhooks WHERE disabled_at IS NULL AND EXISTS \
    (SELECT 1 FROM deliveries WHERE webhook_id = webhooks.id AND due_at <= $1) ORDER BY id";
const DUE: &str = "SELECT deliveries.id, deliveries.webhook_id, webhooks.url, deliveries.event, \
    deliveries.subject, deliveries.occurred_at, deliveries.attempts, deliveries.due_at \
    FROM deliveries JOIN webhooks ON webhooks.id = deliveries.webhook_id \
    WHERE deliveries.webhook_id = $1 AND deliveries.due_at <= $2 \
    AND webhooks.disabled_at IS NULL ORDER BY deliveries.id LIMIT 1";
const CLAIM: &str = "UPDATE deliveries SET due_at = $4, attempts = attempts + 1 \
    WHERE id = $1 AND due_at = $2 AND attempts = $3";
/// Only by whoever still has it.
const SETTLE: &str = "UPDATE deliveries SET due_at = $4, last_status = $5, last_error = $6, \
    delivered_at = $7 WHERE id = $1 AND due_at = $2 AND attempts = $3";
const REDELIVER: &str = "UPDATE deliveries SET due_at = $3, attempts = 0, last_status = NULL, \
    last_error = NULL, delivered_at = NULL WHERE id = $2 AND EXISTS (SELECT 1 FROM webhooks \
    WHERE id = deliveries.webhook_id AND vendor_id = $1 AND disabled_at IS NULL)";
const PINGS: &str = "SELECT COUNT(*) AS pings FROM deliveries WHERE webhook_id = $1 \
    AND event = 'ping' AND due_at IS NOT NULL";
const PURGE: &str = "DELETE FROM deliveries WHERE id IN \
    (SELECT id FROM deliveries WHERE created_at < $1 ORDER BY created_at LIMIT $2)";
const PURGE_REFUSALS: &str = "DELETE FROM refusals WHERE refused_at < $1";

/// How many old deliveries are removed at once.
const AT_ONCE: i64 = 500;
/// How often a delivery that another process was faster to claim is followed by a look for the next.
const CLAIMS: usize = 8;

impl Store {
    /// The webhooks that something is due for.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn waiting_webhooks(&self, now: Instant) -> Result<Vec<WebhookId>, StoreError> {
        let rows = self.fetch_all(sqlx::query(WAITING).bind(now.unix())).await?;
        rows.iter().map(|row| Columns(row).text("id")).collect()
    }

    /// Claims the oldest delivery that is due for a webhook: no other process sends it before the
    /// end of the lease.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn claim_delivery(
        &self,
        webhook: WebhookId,
        now: Instant,
        lease: Instant,
    ) -> Result<Option<DueDelivery>, StoreError> {
        for _ in 0..CLAIMS {
            let query = sqlx::query(DUE).bind(webhook.to_string()).bind(now.unix());
            let Some(row) = self.fetch_optional(query).await? else { return Ok(None) };
            let columns = Columns(&row);
            let (attempts, due): (u32, _) =
                (columns.number("attempts")?, columns.instant("due_at")?);
            let delivery = DueDelivery {
                id: columns.text("id")?,
                webhook_id: columns.text("webhook_id")?,
                url: columns.text("url")?,
                event: columns.text("event")?,
                subject: columns.text("subject")?,
                occurred_at: columns.instant("occurred_at")?,
                attempts: attempts.saturating_add(1),
                lease,
            };
            let claim = sqlx::query(CLAIM)
                .bind(delivery.id.to_string())
                .bind(due.unix())
                .bind(i64::from(attempts))
                .bind(lease.unix());
            if self.execute(claim).await?.rows_affected() == 1 {
                return Ok(Some(delivery));
            }
        }
        Ok(None)
    }

    /// Records how an attempt ended, unless the delivery is not this process's any more.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn settle_delivery(
        &self,
        delivery: &DueDelivery,
        outcome: &Outcome,
    ) -> Result<(), StoreError> {
        let query = sqlx::query(SETTLE)
            .bind(delivery.id.to_string())
            .bind(delivery.lease.unix())
            .bind(i64::from(delivery.attempts))
            .bind(seconds(outcome.next))
            .bind(outcome.status.map(i64::from))
            .bind(outcome.error.as_deref())
            .bind(seconds(outcome.delivered_at));
        self.execute(query).await.map(drop)
    }

    /// Makes a delivery of a vendor due again, as if it was new. Answers whether there is one, of a
    /// webhook that is not disabled.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn redeliver(
        &self,
        vendor: VendorId,
        id: DeliveryId,
        now: Instant,
    ) -> Result<bool, StoreError> {
        let query =
            sqlx::query(REDELIVER).bind(vendor.to_string()).bind(id.to_string()).bind(now.unix());
        Ok(self.execute(query).await?.rows_affected() == 1)
    }

    /// Makes a ping due for a webhook. Answers none while the one before is on its way.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn ping_webhook(
        &self,
        webhook: WebhookId,
        now: Instant,
    ) -> Result<Option<DeliveryId>, StoreError> {
        self.write(&Ping(webhook, now)).await
    }

    /// Removes what is older than that instant, some at a time. Answers whether there may be more.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn purge_deliveries(&self, before: Instant) -> Result<bool, StoreError> {
        let query = sqlx::query(PURGE).bind(before.unix()).bind(AT_ONCE);
        let purged = self.execute(query).await?.rows_affected();
        self.execute(sqlx::query(PURGE_REFUSALS).bind(before.unix())).await?;
        Ok(i64::try_from(purged) == Ok(AT_ONCE))
    }
}

struct Ping(WebhookId, Instant);

impl Operation for Ping {
    type Answer = Option<DeliveryId>;

    async fn run(
        &self,
        connection: &mut AnyConnection,
    ) -> Result<Finish<Self::Answer>, StoreError> {
        let row = sqlx::query(PINGS).bind(self.0.to_string()).fetch_one(&mut *connection).await?;
        if Columns(&row).number::<u32>("pings")? > 0 {
            return Ok(Finish::RollBack(None));
        }
        let id = DeliveryId::new();
        let ping = Happened {
            id,
            webhook: self.0,
            event: EventKind::Ping,
            subject: id.to_string(),
            occurred_at: self.1,
        };
        ping.insert(connection, self.1).await?;
        Ok(Finish::Commit(Some(id)))
    }
}
