//! What the tests are written on.

mod client;
mod gateway;
mod pair;
mod script;
mod service;

pub(crate) use self::client::{Connection, Protocol, Raw, connect, get, text, tls_settings};
pub(crate) use self::gateway::TestGateway;
pub(crate) use self::pair::Pair;
pub(crate) use self::script::Script;
pub(crate) use self::service::{Service, pattern};

use std::time::Duration;

/// Longer than anything takes that works.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// Waits until something is so.
pub(crate) async fn until(what: &str, mut is: impl FnMut() -> bool) {
    let wait = async {
        while !is() {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    tokio::time::timeout(PATIENCE, wait).await.expect(what);
}
