//! What vendors do with their webhooks.

use trybuy_formats::api::{AddWebhook, EventKind, Webhook};
use trybuy_formats::ids::{DeliveryId, WebhookId};
use trybuy_formats::keys::WebhookSecret;
use trybuy_formats::limits;
use trybuy_formats::slug::Slug;
use url::Url;

use super::addresses::{PrivateAddress, check_host};
use crate::app::App;
use crate::refusal::Refusal;
use crate::store::{NewWebhook, StoreError, Vendor};

/// Why something is not done with a webhook.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WebhookError {
    /// There is no such webhook of this vendor.
    #[error("there is no such webhook")]
    NoWebhook,
    /// There is no such delivery to a webhook of this vendor that is enabled.
    #[error("there is no such delivery to a webhook that is enabled")]
    NoDelivery,
    /// Nothing is sent to it.
    #[error("the webhook is disabled, as its receiver answered 410")]
    Disabled,
    /// The address cannot be used.
    #[error("the address of a webhook {0}")]
    Address(&'static str),
    /// The address is not public.
    #[error(transparent)]
    Private(#[from] PrivateAddress),
    /// The list of events cannot be used.
    #[error("the events of a webhook are one to four that can happen; a ping is sent to any")]
    Events,
    /// The vendor has as many as there may be.
    #[error("a vendor has at most {} webhooks", limits::WEBHOOKS)]
    TooMany,
    /// The ping before has not ended.
    #[error("a ping to this webhook is on its way")]
    Pinging,
    /// The store failed.
    #[error("the store failed")]
    Store(#[from] StoreError),
}

/// Adds a webhook; answers it with its secret.
///
/// # Errors
/// When the address or the events cannot be used, or the vendor has too many.
pub async fn add_webhook(
    app: &App,
    vendor: &Vendor,
    request: AddWebhook,
) -> Result<(Webhook, WebhookSecret), WebhookError> {
    let url = checked_url(&request.url)?;
    if !app.config.webhooks.allow_private {
        check_host(&url)?;
    }
    let webhook = NewWebhook {
        id: WebhookId::new(),
        vendor: vendor.id,
        url: url.into(),
        events: checked_events(request.events)?,
        created_at: app.clock.now(),
    };
    if !app.store.add_webhook(&webhook).await? {
        return Err(WebhookError::TooMany);
    }
    let secret = WebhookSecret::derive(app.keys.master(), webhook.id);
    let NewWebhook { id, url, events, created_at, .. } = webhook;
    Ok((Webhook { id, url, events, created_at, disabled_at: None }, secret))
}

/// Sends events to a disabled webhook again, from now on.
///
/// # Errors
/// When the vendor has no such webhook.
pub async fn enable_webhook(
    app: &App,
    vendor: &Vendor,
    id: WebhookId,
) -> Result<Webhook, WebhookError> {
    app.store.enable_webhook(vendor.id, id, app.clock.now()).await?;
    app.store.webhook(vendor.id, id).await?.ok_or(WebhookError::NoWebhook)
}

/// Removes a webhook with its log.
///
/// # Errors
/// When the vendor has no such webhook.
pub async fn remove(app: &App, vendor: &Vendor, id: WebhookId) -> Result<(), WebhookError> {
    let removed = app.store.remove_webhook(vendor.id, id).await?;
    removed.then_some(()).ok_or(WebhookError::NoWebhook)
}

/// Sends a ping to a webhook.
///
/// # Errors
/// When the vendor has no such webhook, it is disabled, or the ping before has not ended.
pub async fn ping(app: &App, vendor: &Vendor, id: WebhookId) -> Result<DeliveryId, WebhookError> {
    let webhook = app.store.webhook(vendor.id, id).await?.ok_or(WebhookError::NoWebhook)?;
    if webhook.disabled_at.is_some() {
        return Err(WebhookError::Disabled);
    }
    app.store.ping_webhook(id, app.clock.now()).await?.ok_or(WebhookError::Pinging)
}

/// Sends a delivery again.
///
/// # Errors
/// When there is no such delivery to a webhook of this vendor that is enabled.
pub async fn redeliver(app: &App, vendor: &Vendor, id: DeliveryId) -> Result<(), WebhookError> {
    let found = app.store.redeliver(vendor.id, id, app.clock.now()).await?;
    found.then_some(()).ok_or(WebhookError::NoDelivery)
}

fn checked_url(text: &str) -> Result<Url, WebhookError> {
    let wrong = WebhookError::Address("is one of http or https, such as https://example.com/hook");
    let Ok(url) = Url::parse(text) else { return Err(wrong) };
    // What is stored and sent is what was understood, which may be longer than what was written.
    if url.as_str().len() > limits::WEBHOOK_URL {
        return Err(WebhookError::Address("has at most 2048 bytes"));
    }
    if !matches!(url.scheme(), "http" | "https") {
        return Err(wrong);
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(WebhookError::Address("has no name or password in it"));
    }
    Ok(url)
}

fn checked_events(events: Option<Vec<EventKind>>) -> Result<Vec<EventKind>, WebhookError> {
    let Some(mut events) = events else { return Ok(EventKind::ALL.to_vec()) };
    events.sort_unstable();
    events.dedup();
    if events.is_empty() || events.contains(&EventKind::Ping) {
        return Err(WebhookError::Events);
    }
    Ok(events)
}

impl Refusal for WebhookError {
    fn slug(&self) -> Slug {
        match self {
            Self::NoWebhook | Self::NoDelivery => Slug::NotFound,
            Self::Disabled | Self::Address(_) | Self::Private(_) | Self::Events | Self::TooMany => {
                Slug::BadRequest
            }
            Self::Pinging => Slug::RateLimited,
            Self::Store(_) => Slug::ServerError,
        }
    }

    fn help(&self) -> Option<String> {
        let help = match self {
            Self::NoWebhook => "`trybuy-vendor webhook list` lists your webhooks",
            Self::NoDelivery => "`trybuy-vendor webhook deliveries` lists them",
            Self::Disabled => "enable it with `trybuy-vendor webhook enable`",
            Self::Address(_) => "correct the address",
            Self::Private(_) => "name a public address, or ask the server's operator",
            Self::Events => "leave them out to be told everything",
            Self::TooMany => "remove one that is not used any more",
            Self::Pinging => "look for it with `trybuy-vendor webhook deliveries`",
            Self::Store(_) => return None,
        };
        Some(help.to_owned())
    }
}
