//! A vendor's webhooks, below `/vendor/webhooks`: where the server tells what happens, by itself.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::SecretText;
use crate::control::LicenseKind;
use crate::ids::{
    ApplicationId, DeliveryId, Email, LicenseeId, Name, Platform, TrialId, Version, WebhookId,
};
use crate::instant::Instant;

/// What a webhook is told.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
#[non_exhaustive]
pub enum EventKind {
    /// Somebody got a trial.
    TrialRequested,
    /// A trial, or a license with an end, has passed its end.
    TrialExpired,
    /// Somebody bought a license.
    LicensePurchased,
    /// Somebody was refused another trial, because all of them were used.
    TrialLimitReached,
    /// The vendor asked for a sign of life.
    Ping,
}

impl EventKind {
    /// Those that a webhook may be made for; a ping is sent to any.
    pub const ALL: [Self; 4] =
        [Self::TrialRequested, Self::TrialExpired, Self::LicensePurchased, Self::TrialLimitReached];

    /// Its spelling.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::TrialRequested => "trial.requested",
            Self::TrialExpired => "trial.expired",
            Self::LicensePurchased => "license.purchased",
            Self::TrialLimitReached => "trial.limit-reached",
            Self::Ping => "ping",
        }
    }
}

/// A text that is not an [`EventKind`].
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error(
    "not an event: there are trial.requested, trial.expired, license.purchased and trial.limit-reached"
)]
pub struct InvalidEventKind;

impl FromStr for EventKind {
    type Err = InvalidEventKind;

    fn from_str(text: &str) -> Result<Self, InvalidEventKind> {
        let mut kinds = Self::ALL.into_iter().chain([Self::Ping]);
        kinds.find(|kind| kind.as_str() == text).ok_or(InvalidEventKind)
    }
}

impl TryFrom<String> for EventKind {
    type Error = InvalidEventKind;

    fn try_from(text: String) -> Result<Self, InvalidEventKind> {
        text.parse()
    }
}

impl From<EventKind> for String {
    fn from(kind: EventKind) -> Self {
        kind.as_str().to_owned()
    }
}

impl fmt::Display for EventKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// `POST /vendor/webhooks`: at most 10 of a vendor.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AddWebhook {
    /// Where the events are sent: http or https, at most 2048 bytes.
    pub url: String,
    /// Which ones; all if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub events: Option<Vec<EventKind>>,
}

/// A webhook.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Webhook {
    /// The webhook.
    pub id: WebhookId,
    /// Where the events are sent.
    pub url: String,
    /// Which ones.
    pub events: Vec<EventKind>,
    /// When it was added.
    pub created_at: Instant,
    /// Since when nothing is sent, because the receiver answered 410.
    pub disabled_at: Option<Instant>,
}

/// Answers `POST /vendor/webhooks`. Without `Debug`: it holds the secret.
#[derive(Serialize, Deserialize)]
pub struct NewWebhookAnswer {
    /// The webhook.
    pub webhook: Webhook,
    /// What its events are signed with; it is answered once.
    pub secret: SecretText,
}

/// `GET /vendor/webhooks`
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct WebhooksAnswer {
    /// The vendor's webhooks, the oldest first.
    pub webhooks: Vec<Webhook>,
}

/// Answers `POST /vendor/webhooks/{id}/test`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Ping {
    /// The delivery to look for in the log.
    pub delivery_id: DeliveryId,
}

/// An event for a webhook, as the log of deliveries shows it. It names no person.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Delivery {
    /// The delivery, and the event's `id`.
    pub id: DeliveryId,
    /// The webhook.
    pub webhook_id: WebhookId,
    /// What happened.
    pub event: EventKind,
    /// To which application; none for a ping, and where what it is about is gone.
    #[serde(default)]
    pub application: Option<ApplicationId>,
    /// When it happened.
    pub occurred_at: Instant,
    /// How often it was sent, or begun to be sent.
    pub attempts: u32,
    /// The status of the last answer.
    pub last_status: Option<u16>,
    /// Why there was no answer at the last attempt.
    pub last_error: Option<String>,
    /// When it was delivered.
    pub delivered_at: Option<Instant>,
    /// When it is sent next; none if it was delivered or given up.
    pub next_attempt_at: Option<Instant>,
}

/// `GET /vendor/webhooks/deliveries?webhook=ID&failed=true&after=CURSOR&limit=N`
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct DeliveriesAnswer {
    /// The deliveries of this page, the newest first.
    pub deliveries: Vec<Delivery>,
    /// Where the next page begins; none on the last one.
    pub next: Option<String>,
}

/// What is sent to a webhook. Members that an event has no value for are left out.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct WebhookEvent {
    /// The same at every attempt to deliver this event.
    pub id: DeliveryId,
    /// What happened.
    #[serde(rename = "type")]
    pub event: EventKind,
    /// When it happened.
    pub created_at: Instant,
    /// What it is about; a ping is about nothing.
    #[serde(flatten)]
    pub facts: Option<EventFacts>,
}

/// What an event is about.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct EventFacts {
    /// The application.
    pub application: ApplicationId,
    /// The licensee.
    pub licensee_id: LicenseeId,
    /// The holder's name.
    pub name: Name,
    /// The holder's e-mail address.
    pub email: Email,
    /// The platform.
    pub platform: Platform,
    /// The trial; none where one was refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trial_id: Option<TrialId>,
    /// Its release.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<Version>,
    /// Trial or purchase.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<LicenseKind>,
    /// When it was requested.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requested_at: Option<Instant>,
    /// Its end, if it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ends_at: Option<Instant>,
    /// When it was bought.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub purchased_at: Option<Instant>,
    /// On how many days the licensee was refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub times: Option<u32>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_read_as_they_are_written() {
        for kind in EventKind::ALL.into_iter().chain([EventKind::Ping]) {
            assert_eq!(kind.as_str().parse(), Ok(kind));
        }
        assert_eq!("trial".parse::<EventKind>(), Err(InvalidEventKind));
    }

    #[test]
    fn a_ping_has_nothing_but_its_head() {
        let created_at = Instant::from_unix(0).expect("in range");
        let id = DeliveryId::new();
        let ping = WebhookEvent { id, event: EventKind::Ping, created_at, facts: None };
        let json = serde_json::to_string(&ping).expect("JSON");
        let expected =
            format!(r#"{{"id":"{id}","type":"ping","created_at":"1970-01-01T00:00:00Z"}}"#);
        assert_eq!(json, expected);
    }
}
