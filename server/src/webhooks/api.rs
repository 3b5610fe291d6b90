//! The handlers of webhooks.

mod add_webhook;
mod enable_webhook;
mod list_deliveries;
mod list_webhooks;
mod redeliver;
mod remove_webhook;
mod test_webhook;

pub use self::add_webhook::add_webhook;
pub use self::enable_webhook::enable_webhook;
pub use self::list_deliveries::list_deliveries;
pub use self::list_webhooks::list_webhooks;
pub use self::redeliver::redeliver;
pub use self::remove_webhook::remove_webhook;
pub use self::test_webhook::test_webhook;
