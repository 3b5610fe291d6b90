//! A real service.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get, post};
use http_body::Frame;
use http_body_util::BodyExt as _;
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::sync::Notify;

/// A service with one address for each thing a proxy has to pass on.
pub(crate) struct Service {
    pub(crate) address: SocketAddr,
    pub(crate) state: Arc<Shared>,
}

/// What tests and handlers tell each other.
#[derive(Default)]
pub(crate) struct Shared {
    /// A request to `/held` has come.
    pub(crate) came: Notify,
    /// Requests to `/held` may be answered.
    pub(crate) release: Notify,
    /// A request to `/held` or an answer of `/endless` was dropped before its end.
    pub(crate) dropped: Notify,
}

impl Service {
    pub(crate) async fn start() -> Self {
        let state = Arc::<Shared>::default();
        let router = Router::new()
            .route("/large", get(large))
            .route("/endless", get(endless))
            .route("/trailers", get(trailers))
            .route("/sum", post(sum))
            .route("/held", any(held))
            .route("/tunnel", get(tunnel))
            .route("/connection", get(connection))
            .route("/refusing", get(refusing))
            .route("/empty", get(|| async { StatusCode::NO_CONTENT }))
            .route("/unchanged", get(unchanged))
            .fallback(seen)
            .with_state(Arc::clone(&state));
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { address, state }
    }
}

/// Bytes that differ from place to place.
pub(crate) fn pattern(length: usize) -> Vec<u8> {
    (0..length).map(|place| u8::try_from(place % 251).expect("below 251")).collect()
}

/// The request as it came, with its body and trailers.
async fn seen(request: Request) -> axum::Json<Value> {
    let (parts, body) = request.into_parts();
    let body = body.collect().await;
    let whole = body.is_ok();
    let body = body.unwrap_or_default();
    let trailers = body.trailers().map(listed);
    axum::Json(json!({
        "method": parts.method.as_str(),
        "target": parts.uri.to_string(),
        "version": format!("{:?}", parts.version),
        "fields": listed(&parts.headers),
        "trailers": trailers,
        "body": String::from_utf8_lossy(&body.to_bytes()),
        "whole": whole,
    }))
}

fn listed(fields: &HeaderMap) -> Vec<(String, String)> {
    let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    fields.iter().map(|(name, value)| (name.to_string(), text(value))).collect()
}

/// 8 MiB in pieces, without a length.
async fn large() -> Body {
    let piece = Bytes::from(pattern(64 << 10));
    let frames = (0..128).map(move |_| Frame::data(piece.clone()));
    Body::new(Frames(frames))
}

/// One piece after the other, until nobody wants more.
async fn endless(State(state): State<Arc<Shared>>) -> Body {
    let dropped = Dropped(Some(state));
    let piece = Bytes::from(pattern(64 << 10));
    let frames = std::iter::repeat_with(move || {
        let _still = &dropped;
        Frame::data(piece.clone())
    });
    Body::new(Frames(frames))
}

async fn trailers() -> Response {
    let mut after = HeaderMap::new();
    after.insert("x-checksum", HeaderValue::from_static("42"));
    after.insert("trybuy-refusal", HeaderValue::from_static("license-revoked"));
    let frames = [Frame::data(Bytes::from_static(b"body")), Frame::trailers(after)];
    let body = Body::new(Frames(frames.into_iter()));
    ([("trailer", "x-checksum")], body).into_response()
}

/// The length of a body and the sum of its bytes, read piece by piece.
async fn sum(request: Request) -> Response {
    let mut body = request.into_body();
    let (mut length, mut sum) = (0_u64, 0_u64);
    while let Some(frame) = body.frame().await {
        let Ok(frame) = frame else { return StatusCode::BAD_REQUEST.into_response() };
        if let Ok(data) = frame.into_data() {
            length += data.len() as u64;
            sum += data.iter().map(|byte| u64::from(*byte)).sum::<u64>();
        }
    }
    format!("{length} {sum}").into_response()
}

/// Answers when it is told to.
async fn held(State(state): State<Arc<Shared>>) -> &'static str {
    let mut dropped = Dropped(Some(Arc::clone(&state)));
    state.came.notify_one();
    state.release.notified().await;
    dropped.0 = None;
    "released"
}

/// Switches to a protocol that answers every byte with the next one.
async fn tunnel(mut request: Request) -> Response {
    let protocol = request.headers().get("upgrade").cloned();
    let Some(protocol) = protocol else { return StatusCode::UPGRADE_REQUIRED.into_response() };
    let upgrade = hyper::upgrade::on(&mut request);
    tokio::spawn(async move {
        let mut stream = TokioIo::new(upgrade.await.expect("switched"));
        while let Ok(byte) = stream.read_u8().await {
            drop(stream.write_u8(byte.wrapping_add(1)).await);
        }
    });
    let fields = [("connection", HeaderValue::from_static("upgrade")), ("upgrade", protocol)];
    (StatusCode::SWITCHING_PROTOCOLS, fields).into_response()
}

/// An answer with fields of its connection.
async fn connection() -> Response {
    let fields = [
        ("connection", "x-hop, close"),
        ("x-hop", "1"),
        ("keep-alive", "timeout=5"),
        ("proxy-authenticate", "Basic"),
        ("x-end", "2"),
    ];
    (fields, "body").into_response()
}

/// What a gateway answers that refuses a license.
async fn refusing() -> Response {
    let problem = r#"{"type":"/problems/license-revoked","status":403,"title":"No."}"#;
    let fields = [
        ("content-type", "application/problem+json"),
        ("trybuy-refusal", "license-revoked"),
        ("trybuy_refusal", "license-revoked"),
    ];
    (StatusCode::FORBIDDEN, fields, problem).into_response()
}

async fn unchanged() -> Response {
    (StatusCode::NOT_MODIFIED, [("etag", "\"1\"")]).into_response()
}

/// Tells that it was dropped before its end.
struct Dropped(Option<Arc<Shared>>);

impl Drop for Dropped {
    fn drop(&mut self) {
        if let Some(state) = &self.0 {
            state.dropped.notify_one();
        }
    }
}

/// The frames of an iterator as a body.
struct Frames<I>(I);

impl<I: Iterator<Item = Frame<Bytes>> + Unpin> http_body::Body for Frames<I> {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(self.0.next().map(Ok))
    }
}
