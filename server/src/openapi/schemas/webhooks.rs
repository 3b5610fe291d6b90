//! Webhooks.

use trybuy_formats::api::EventKind;

use super::{Schemas, list, nullable, number, object, of, one_of, text};

pub(super) fn schemas() -> Schemas {
    let events = EventKind::ALL.map(EventKind::as_str);
    let sent = [&events[..], &["ping"]].concat();
    vec![
        ("EventKind".to_owned(), one_of(&events)),
        object("AddWebhook", &[("url", text()), ("events?", list(of("EventKind")))]),
        object("NewWebhookAnswer", &[("webhook", of("Webhook")), ("secret", text())]),
        object("WebhooksAnswer", &[("webhooks", list(of("Webhook")))]),
        object(
            "Webhook",
            &[
                ("id", of("Id")),
                ("url", text()),
                ("events", list(of("EventKind"))),
                ("created_at", of("Instant")),
                ("disabled_at", nullable(of("Instant"))),
            ],
        ),
        object("Ping", &[("delivery_id", of("Id"))]),
        object(
            "DeliveriesAnswer",
            &[("deliveries", list(of("Delivery"))), ("next", nullable(of("Cursor")))],
        ),
        object(
            "Delivery",
            &[
                ("id", of("Id")),
                ("webhook_id", of("Id")),
                ("event", one_of(&sent)),
                ("application", nullable(of("ApplicationId"))),
                ("occurred_at", of("Instant")),
                ("attempts", number()),
                ("last_status", nullable(number())),
                ("last_error", nullable(text())),
                ("delivered_at", nullable(of("Instant"))),
                ("next_attempt_at", nullable(of("Instant"))),
            ],
        ),
        object(
            "WebhookEvent",
            &[
                ("id", of("Id")),
                ("type", one_of(&sent)),
                ("created_at", of("Instant")),
                ("application?", of("ApplicationId")),
                ("licensee_id?", of("Id")),
                ("name?", of("Name")),
                ("email?", of("Email")),
                ("platform?", of("Platform")),
                ("trial_id?", of("Id")),
                ("version?", of("Version")),
                ("kind?", of("LicenseKind")),
                ("requested_at?", of("Instant")),
                ("ends_at?", of("Instant")),
                ("purchased_at?", of("Instant")),
                ("times?", number()),
            ],
        ),
    ]
}
