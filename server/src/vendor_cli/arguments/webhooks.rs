//! What `webhook` takes.

use clap::Subcommand;
use trybuy_formats::api::EventKind;
use trybuy_formats::ids::{DeliveryId, WebhookId};

#[derive(Subcommand)]
pub(in crate::vendor_cli) enum WebhookAction {
    /// Add a webhook, and print its secret, which is shown only now
    Add {
        /// Where events are sent, for example `https://example.com/hook`
        url: String,
        /// Which events: trial.requested, trial.expired, license.purchased, trial.limit-reached; all
        /// if left out
        #[arg(long, value_name = "EVENTS", value_delimiter = ',')]
        events: Option<Vec<EventKind>>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// List your webhooks
    List {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Remove a webhook with its log
    Remove {
        /// The webhook
        webhook: WebhookId,
    },
    /// Send events again to a webhook that was disabled because its receiver answered 410
    Enable {
        /// The webhook
        webhook: WebhookId,
    },
    /// Send a ping to a webhook
    Test {
        /// The webhook
        webhook: WebhookId,
    },
    /// List what was sent, the newest first
    Deliveries {
        /// Only those to one webhook
        webhook: Option<WebhookId>,
        /// Only those whose last attempt failed
        #[arg(long)]
        failed: bool,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Send a delivery again
    Redeliver {
        /// The delivery
        delivery: DeliveryId,
    },
}
