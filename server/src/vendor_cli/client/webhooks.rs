//! What the server knows of the vendor's webhooks.

use reqwest::Method;
use trybuy_formats::api::{
    AddWebhook, DeliveriesAnswer, NewWebhookAnswer, Ping, Webhook, WebhooksAnswer,
};
use trybuy_formats::ids::{DeliveryId, WebhookId};

use super::{Client, PAGE};
use crate::vendor_cli::failure::Failure;

impl Client {
    /// Adds a webhook.
    ///
    /// # Errors
    /// What the server answers, or that it does not.
    pub fn add_webhook(&self, request: &AddWebhook) -> Result<NewWebhookAnswer, Failure> {
        self.json(self.request(Method::POST, &["vendor", "webhooks"]).json(request))
    }

    /// The vendor's webhooks.
    ///
    /// # Errors
    /// What the server answers, or that it does not.
    pub fn webhooks(&self) -> Result<WebhooksAnswer, Failure> {
        self.json(self.request(Method::GET, &["vendor", "webhooks"]))
    }

    /// Removes a webhook.
    ///
    /// # Errors
    /// What the server answers, or that it does not.
    pub fn remove_webhook(&self, id: WebhookId) -> Result<(), Failure> {
        let id = id.to_string();
        let request = self.request(Method::DELETE, &["vendor", "webhooks", &id]);
        self.runtime.block_on(self.send(request)).map(drop)
    }

    /// Enables a webhook.
    ///
    /// # Errors
    /// What the server answers, or that it does not.
    pub fn enable_webhook(&self, id: WebhookId) -> Result<Webhook, Failure> {
        let id = id.to_string();
        self.json(self.request(Method::POST, &["vendor", "webhooks", &id, "enable"]))
    }

    /// Has a ping sent to a webhook.
    ///
    /// # Errors
    /// What the server answers, or that it does not.
    pub fn test_webhook(&self, id: WebhookId) -> Result<Ping, Failure> {
        let id = id.to_string();
        self.json(self.request(Method::POST, &["vendor", "webhooks", &id, "test"]))
    }

    /// One page of the deliveries; the first one without `after`.
    ///
    /// # Errors
    /// What the server answers, or that it does not.
    pub fn deliveries(
        &self,
        webhook: Option<WebhookId>,
        failed: bool,
        after: Option<&str>,
    ) -> Result<DeliveriesAnswer, Failure> {
        let mut query = vec![("limit", PAGE.to_owned()), ("failed", failed.to_string())];
        query.extend(webhook.map(|id| ("webhook", id.to_string())));
        query.extend(after.map(|after| ("after", after.to_owned())));
        let path = ["vendor", "webhooks", "deliveries"];
        self.json(self.request(Method::GET, &path).query(&query))
    }

    /// Has a delivery sent again.
    ///
    /// # Errors
    /// What the server answers, or that it does not.
    pub fn redeliver(&self, id: DeliveryId) -> Result<(), Failure> {
        let id = id.to_string();
        let path = ["vendor", "webhooks", "deliveries", &id, "redeliver"];
        let request = self.request(Method::POST, &path);
        self.runtime.block_on(self.send(request)).map(drop)
    }
}
