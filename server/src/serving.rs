//! The connections: HTTP/1.1 over TCP, until the signal to stop.
//!
//! TLS and HTTP/2 are the reverse proxy's. Everything that a client can hold open has an end: heads and
//! stalled bodies by the idle timeout, requests by the timeouts of [`crate::middleware`], connections by
//! their number, in all and of each client.

mod admission;
mod idle;
mod shares;

use std::convert::Infallible;
use std::future::Future;
use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::TcpListener;
use tower::ServiceExt as _;

pub(crate) use self::admission::{Admission, Admitted, Listener, Place};
pub(crate) use self::idle::IdleLimit;
pub(crate) use self::shares::Party;
use crate::config::HttpConfig;

/// The largest head of a request, in bytes.
const HEAD: usize = 32 << 10;
/// The most fields of a request's head.
const FIELDS: usize = 64;
/// What a connection keeps before the socket takes it, in bytes: four chunks of a download. More makes
/// nothing faster and costs this much for each connection.
const WRITE_BUFFER: usize = 256 << 10;

/// The address of the socket's other end, as an extension of every request.
#[derive(Clone, Copy)]
pub struct PeerAddress(pub SocketAddr);

/// Answers connections until `stop` is ready; then lets running requests end, for at most the
/// configured time, or until the future that `stop` answers is ready too.
pub async fn serve<Hurry: Future>(
    listener: TcpListener,
    router: Router,
    config: &HttpConfig,
    stop: impl Future<Output = Hurry>,
) {
    // All of a proxy's connections come from one address.
    let per_client = (!config.behind_proxy).then_some(config.connections_per_client);
    let admission = Admission::new(listener, config.connections, per_client);
    let graceful = GracefulShutdown::new();
    let server = connection_settings(config);
    let mut stop = std::pin::pin!(stop);
    let hurry = loop {
        let Admitted { stream, peer, place } = tokio::select! {
            admitted = admission.next() => admitted,
            hurry = &mut stop => break hurry,
        };
        let io = TokioIo::new(IdleLimit::new(stream, config.idle_timeout));
        let router = router.clone();
        let service =
            hyper::service::service_fn(move |request| answer(router.clone(), peer, request));
        let connection = graceful.watch(server.serve_connection(io, service));
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, "a connection ended early");
            }
            drop(place);
        });
    };
    drop(admission);
    finish(graceful, config.shutdown_limit, hurry).await;
}

/// Lets running requests end, for at most so long or until there is a hurry.
pub(crate) async fn finish(graceful: GracefulShutdown, limit: Duration, hurry: impl Future) {
    tracing::info!(connections = graceful.count(), "stopping: running requests may end");
    tokio::select! {
        () = graceful.shutdown() => {}
        () = tokio::time::sleep(limit) => tracing::warn!("stopped before all requests had ended"),
        _ = hurry => tracing::warn!("stopped at once, by a second signal"),
    }
}

fn connection_settings(config: &HttpConfig) -> http1::Builder {
    let mut server = http1::Builder::new();
    server
        .timer(TokioTimer::new())
        .header_read_timeout(config.idle_timeout)
        .max_headers(FIELDS)
        .max_header_size(HEAD)
        .max_buf_size(WRITE_BUFFER)
        .writev(true);
    server
}

async fn answer(
    router: Router,
    peer: SocketAddr,
    request: Request<Incoming>,
) -> Result<Response, Infallible> {
    let mut request = request.map(Body::new);
    request.extensions_mut().insert(PeerAddress(peer));
    router.oneshot(request).await
}
