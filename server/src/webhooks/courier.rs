//! Sends deliveries.

use std::error::Error;
use std::time::Duration;

use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use reqwest::{Client, Response, StatusCode, redirect};
use tokio_util::sync::CancellationToken;
use trybuy_formats::api::{EventKind, WebhookEvent};
use trybuy_formats::ids::WebhookId;
use trybuy_formats::instant::{Instant, Span};
use trybuy_formats::keys::WebhookSecret;
use url::Url;

use super::addresses::{PublicResolver, check_host};
use crate::app::AppState;
use crate::store::{DueDelivery, Outcome, StoreError};

/// The longest that a receiver may take for all of its answer.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long a receiver may still take once the server is to stop.
const LAST_PATIENCE: Duration = Duration::from_secs(2);
/// How long the other processes leave a delivery alone: longer than an attempt.
const LEASE: Span = Span::seconds(20);
/// The most that is read of an answer, in bytes, so that its connection can be used again.
const ANSWER: usize = 4 << 10;
/// The longest reason that is stored, in characters.
const REASON: usize = 200;
/// The pauses after an attempt that failed, in seconds; after the last one it is given up.
const PAUSES: [u64; 8] = [10, 30, 120, 600, 3_600, 10_800, 21_600, 43_200];

/// Sends deliveries.
pub struct Courier {
    app: AppState,
    http: Client,
    stopping: CancellationToken,
}

impl Courier {
    /// One that may reach what the configuration allows.
    ///
    /// # Errors
    /// When the system has no room for it.
    pub fn new(app: AppState) -> Result<Self, reqwest::Error> {
        let client = Client::builder()
            .user_agent(concat!("trybuy-server/", env!("CARGO_PKG_VERSION")))
            .redirect(redirect::Policy::none())
            .timeout(PATIENCE)
            // A proxy would resolve names itself, to whatever addresses.
            .no_proxy()
            .pool_max_idle_per_host(1)
            .pool_idle_timeout(Duration::from_secs(30));
        let client = if app.config.webhooks.allow_private {
            client
        } else {
            client.dns_resolver(PublicResolver)
        };
        Ok(Self { http: client.build()?, app, stopping: CancellationToken::new() })
    }

    /// Begins nothing more, and soon leaves what is on its way to be sent again.
    pub(super) fn stop(&self) {
        self.stopping.cancel();
    }

    /// Sends the oldest delivery that is due. Answers whether there was one and it was delivered.
    ///
    /// # Errors
    /// When the store fails; it is sent again later.
    pub(super) async fn send_next(&self, webhook: WebhookId) -> Result<bool, StoreError> {
        let store = &self.app.store;
        let now = self.app.clock.now();
        let Some(delivery) = store.claim_delivery(webhook, now, now.plus(LEASE)).await? else {
            return Ok(false);
        };
        let outcome = match self.body(&delivery).await? {
            Some(body) => self.attempt(&delivery, body).await,
            None => {
                Outcome { error: Some("what it is about is gone".to_owned()), ..Outcome::default() }
            }
        };
        store.settle_delivery(&delivery, &outcome).await?;
        if outcome.status == Some(StatusCode::GONE.as_u16()) {
            store.disable_webhook(webhook, self.app.clock.now()).await?;
            tracing::info!(%webhook, "disabled, as its receiver answered 410");
        }
        Ok(outcome.next.is_none())
    }

    /// The event as it is sent; none if what it is about is gone.
    async fn body(&self, delivery: &DueDelivery) -> Result<Option<Vec<u8>>, StoreError> {
        let &DueDelivery { id, event, occurred_at: created_at, .. } = delivery;
        let facts = match event {
            EventKind::Ping => None,
            _ => match self.app.store.event_facts(event, &delivery.subject).await? {
                None => return Ok(None),
                found => found,
            },
        };
        let event = WebhookEvent { id, event, created_at, facts };
        Ok(serde_json::to_vec(&event).ok())
    }

    async fn attempt(&self, delivery: &DueDelivery, body: Vec<u8>) -> Outcome {
        let answered = tokio::select! {
            answered = self.post(delivery, body) => answered,
            () = self.stopped() => {
                let error = Some("the server was stopped".to_owned());
                return Outcome { error, next: Some(self.app.clock.now()), ..Outcome::default() };
            }
        };
        let now = self.app.clock.now();
        match answered {
            Ok(status) if status.is_success() => {
                let delivered_at = Some(now);
                Outcome { status: Some(status.as_u16()), delivered_at, ..Outcome::default() }
            }
            Ok(StatusCode::GONE) => {
                Outcome { status: Some(StatusCode::GONE.as_u16()), ..Outcome::default() }
            }
            failed => Outcome {
                status: failed.as_ref().ok().map(StatusCode::as_u16),
                error: failed.err(),
                next: next_attempt(delivery.attempts, now),
                ..Outcome::default()
            },
        }
    }

    /// Ready when nothing can be waited for any longer.
    async fn stopped(&self) {
        self.stopping.cancelled().await;
        tokio::time::sleep(LAST_PATIENCE).await;
    }

    /// The status of the answer, or why there was none.
    async fn post(&self, delivery: &DueDelivery, body: Vec<u8>) -> Result<StatusCode, String> {
        let url = Url::parse(&delivery.url).map_err(|error| error.to_string())?;
        if !self.app.config.webhooks.allow_private {
            check_host(&url).map_err(|error| error.to_string())?;
        }
        let headers = self.headers(delivery, &body).ok_or("the event cannot be signed")?;
        let request = self.http.post(url).headers(headers).body(body);
        let response = request.send().await.map_err(reason)?;
        let status = response.status();
        drain(response).await;
        Ok(status)
    }

    /// The headers of Standard Webhooks.
    fn headers(&self, delivery: &DueDelivery, body: &[u8]) -> Option<HeaderMap> {
        let (id, timestamp) = (delivery.id.to_string(), self.app.clock.now().unix().to_string());
        let secret = WebhookSecret::derive(self.app.keys.master(), delivery.webhook_id);
        let signed = [id.as_bytes(), b".", timestamp.as_bytes(), b".", body].concat();
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        for (name, value) in [
            ("webhook-id", id),
            ("webhook-timestamp", timestamp),
            ("webhook-signature", secret.sign(&signed)),
        ] {
            headers.insert(name, HeaderValue::try_from(value).ok()?);
        }
        Some(headers)
    }
}

/// Reads a short answer to its end, as only then its connection can be used again.
async fn drain(mut response: Response) {
    let mut left = ANSWER;
    while let Ok(Some(chunk)) = response.chunk().await {
        match left.checked_sub(chunk.len()) {
            Some(rest) => left = rest,
            None => return,
        }
    }
}

/// The innermost cause, which says it shortest, without the address, which may hold a secret.
fn reason(error: reqwest::Error) -> String {
    if error.is_timeout() {
        return "there was no answer in time".to_owned();
    }
    let error = error.without_url();
    let mut cause: &dyn Error = &error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string().chars().filter(|c| !c.is_control()).take(REASON).collect()
}

/// When an attempt is followed by another one: after its pause, and up to a quarter later, so that those
/// that failed together do not come together again.
fn next_attempt(attempts: u32, now: Instant) -> Option<Instant> {
    let pause = *PAUSES.get(usize::try_from(attempts).ok()?.checked_sub(1)?)?;
    let share = u64::from(uuid::Uuid::new_v4().as_bytes()[0]);
    Some(now.plus(Span::seconds(pause + pause * share / 1024)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_until_it_is_given_up() {
        let now = Instant::from_unix(0).expect("in range");
        for (attempts, pause) in (1..).zip(PAUSES) {
            let next = next_attempt(attempts, now).expect("another one").unix();
            let pause = i64::try_from(pause).expect("short");
            assert!((pause..=pause + pause / 4).contains(&next), "{attempts}: {next}");
        }
        assert_eq!(next_attempt(9, now), None);
    }
}
