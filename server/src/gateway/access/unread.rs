//! What a client still sends when its request has been answered.

use std::time::Duration;

use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderValue, Version, header};
use axum::response::Response;
use http_body::Body as _;
use http_body_util::{BodyExt as _, Limited};
use hyper::body::Incoming;
use tokio::sync::oneshot;
use tokio::time::timeout;

/// The most that is read of a body that nobody wants, in bytes.
const MOST: usize = 16 << 20;
/// How long it is read.
const TIMEOUT: Duration = Duration::from_secs(20);
/// How long is waited for the body of a client that may have taken the answer in place of leave to send it.
const QUIET: Duration = Duration::from_secs(1);

/// Answers, and reads on behind the answer. Many clients read no answer before they have sent everything, and a
/// connection that is closed while they do is reset, which takes the answer along (RFC 9112, section 9.6).
pub(super) fn discard(request: Request<Incoming>, answer: Response) -> Response {
    let waits = request.headers().contains_key(header::EXPECT);
    let version = request.version();
    let body = request.into_body();
    if body.is_end_stream() {
        return answer;
    }
    if waits {
        return read_behind(body, version, answer);
    }
    tokio::spawn(read(body));
    answer
}

/// Who waits for leave before it sends the body reads the answer first, and reading before it would give that leave
/// (RFC 9110, section 10.1.1). It may send the body anyway, and so no other request is taken on the connection.
fn read_behind(body: Incoming, version: Version, answer: Response) -> Response {
    let (unwritten, written) = oneshot::channel::<()>();
    tokio::spawn(async move {
        // It is dropped with the answer's body.
        drop(written.await);
        let mut body = body;
        if let Ok(Some(Ok(_))) = timeout(QUIET, body.frame()).await {
            read(body).await;
        }
    });
    let mut answer = answer.map(|body| {
        Body::new(body.map_err(move |error| {
            let _until_then = &unwritten;
            error
        }))
    });
    if version < Version::HTTP_2 {
        answer.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    answer
}

async fn read(body: Incoming) {
    let mut body = Limited::new(body, MOST);
    let all = async { while let Some(Ok(_)) = body.frame().await {} };
    // What is still unread then is not read any more.
    drop(timeout(TIMEOUT, all).await);
}
