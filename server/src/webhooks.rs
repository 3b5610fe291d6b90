//! Webhooks: vendors are told what happens, signed as Standard Webhooks says
//! (<https://www.standardwebhooks.com>), at least once and with the same id each time.
//!
//! A worker in every server process looks for what happened, makes one delivery of each event for each
//! webhook, and sends those that are due. Processes share the work by way of the database.

mod addresses;
pub mod api;
mod courier;
mod dispatcher;
mod management;
mod worker;

pub use self::addresses::is_public;
pub use self::courier::Courier;
pub use self::dispatcher::Dispatcher;
pub use self::management::{WebhookError, add_webhook, enable_webhook, ping, redeliver, remove};
pub use self::worker::Worker;
