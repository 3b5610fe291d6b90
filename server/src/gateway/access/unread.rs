//! What a client still sends when its request has been answered.

use std::time::Duration;

use axum::extract::Request;
use axum::http::header;
use http_body::Body as _;
use http_body_util::{BodyExt as _, Limited};
use hyper::body::Incoming;

/// The most that is read of a body that nobody wants, in bytes.
const MOST: usize = 16 << 20;
/// How long it is read.
const TIMEOUT: Duration = Duration::from_secs(20);

/// Reads on after the answer. Many clients read no answer before they have sent everything, and a connection that is
/// closed while they do is reset, which takes the answer along (RFC 9112, section 9.6).
pub(super) fn discard(request: Request<Incoming>) {
    // Who waits for leave before it sends the body reads the answer first, and reading on would give that leave
    // (RFC 9110, section 10.1.1).
    let waits = request.headers().contains_key(header::EXPECT);
    let body = request.into_body();
    if waits || body.is_end_stream() {
        return;
    }
    tokio::spawn(tokio::time::timeout(TIMEOUT, async move {
        let mut body = Limited::new(body, MOST);
        while let Some(Ok(_)) = body.frame().await {}
    }));
}
