//! Finds what is to be sent, and has it sent: to many webhooks at once, to each in order.

use std::collections::HashSet;
use std::sync::Arc;

use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use trybuy_formats::ids::WebhookId;
use trybuy_formats::instant::{Instant, Span};

use super::Courier;
use crate::app::AppState;
use crate::store::StoreError;

/// Deliveries on their way at the same time. A slot is had for one attempt, and who waits for one is served
/// in turn, so that neither a receiver that hangs nor a long backlog keeps others waiting for long.
const SLOTS: usize = 64;
/// How long the log is kept: 30 days.
const KEPT: Span = Span::seconds(30 * 86_400);
/// How often older deliveries are looked for.
const BETWEEN_PURGES: Span = Span::seconds(3_600);

/// Looks for events and sends them, a round at a time.
pub struct Dispatcher {
    app: AppState,
    courier: Arc<Courier>,
    slots: Arc<Semaphore>,
    running: JoinSet<WebhookId>,
    served: HashSet<WebhookId>,
    purged_at: Option<Instant>,
}

impl Dispatcher {
    /// One that has nothing to do yet.
    ///
    /// # Errors
    /// When the system has no room for it.
    pub fn new(app: AppState) -> Result<Self, reqwest::Error> {
        Ok(Self {
            courier: Arc::new(Courier::new(app.clone())?),
            app,
            slots: Arc::new(Semaphore::new(SLOTS)),
            running: JoinSet::new(),
            served: HashSet::new(),
            purged_at: None,
        })
    }

    /// Takes up what happened, and begins to send what is due.
    ///
    /// # Errors
    /// When the store fails; the next round does what this one did not.
    pub async fn round(&mut self) -> Result<(), StoreError> {
        while let Some(ended) = self.running.try_join_next() {
            self.forget(ended.ok());
        }
        let now = self.app.clock.now();
        self.app.store.collect_events(now).await?;
        for webhook in self.app.store.waiting_webhooks(now).await? {
            if self.served.insert(webhook) {
                self.serve(webhook);
            }
        }
        self.purge(now).await
    }

    /// Begins nothing more, and waits for what is on its way, but not for long: what was not answered
    /// then is due again at once, as are the others.
    pub async fn stop(&mut self) {
        self.slots.close();
        self.courier.stop();
        self.finish().await;
    }

    /// Waits until everything that is due has been sent.
    pub async fn finish(&mut self) {
        while let Some(ended) = self.running.join_next().await {
            self.forget(ended.ok());
        }
    }

    /// Sends what is due for a webhook, the oldest first, until nothing is or an attempt fails.
    fn serve(&mut self, webhook: WebhookId) {
        let (courier, slots) = (Arc::clone(&self.courier), Arc::clone(&self.slots));
        self.running.spawn(async move {
            while let Ok(_slot) = slots.acquire().await {
                match courier.send_next(webhook).await {
                    Ok(true) => {}
                    Ok(false) => break,
                    Err(error) => {
                        tracing::warn!(%webhook, %error, "a webhook is served later");
                        break;
                    }
                }
            }
            webhook
        });
    }

    fn forget(&mut self, ended: Option<WebhookId>) {
        match ended {
            Some(webhook) => drop(self.served.remove(&webhook)),
            // One that panicked does not say which it was.
            None if self.running.is_empty() => self.served.clear(),
            None => {}
        }
    }

    async fn purge(&mut self, now: Instant) -> Result<(), StoreError> {
        if self.purged_at.is_some_and(|purged_at| now.since(purged_at) < BETWEEN_PURGES) {
            return Ok(());
        }
        if !self.app.store.purge_deliveries(now.minus(KEPT)).await? {
            self.purged_at = Some(now);
        }
        Ok(())
    }
}
