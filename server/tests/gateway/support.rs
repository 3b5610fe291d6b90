//! What the tests are written on.

mod client;
pub(crate) mod company;
mod gateway;
pub(crate) mod license_server;
mod log;
mod pair;
mod script;
mod service;

pub(crate) use self::client::{Connection, Protocol, Raw, connect, get, text, tls_settings};
pub(crate) use self::company::Company;
pub(crate) use self::gateway::{TestAccess, TestGateway};
pub(crate) use self::log::Log;
pub(crate) use self::pair::Pair;
pub(crate) use self::script::Script;
pub(crate) use self::service::{Service, pattern};

use std::time::Duration;

use axum::http::HeaderMap;
use hyper::Response;
use hyper::body::Incoming;
use trybuy_formats::api::Problem;
use trybuy_formats::slug::Slug;

/// Longer than anything takes that works.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// Checks that an answer is this problem.
pub(crate) async fn check(answer: Response<Incoming>, expected: Slug) -> HeaderMap {
    let headers = answer.headers().clone();
    let problem: Problem = serde_json::from_str(&text(answer).await).expect("a problem document");
    assert_eq!(problem.slug, expected, "{}", problem.title);
    headers
}

/// Waits until something is so.
pub(crate) async fn until(what: &str, mut is: impl FnMut() -> bool) {
    let wait = async {
        while !is() {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    tokio::time::timeout(PATIENCE, wait).await.expect(what);
}
