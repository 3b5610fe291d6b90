//! The connections: HTTP/1.1 over TCP, until the signal to stop.
//!
//! TLS and HTTP/2 are the reverse proxy's. Everything that a client can hold open has an end: heads and
//! stalled bodies by the idle timeout, requests by the timeouts of [`crate::middleware`], connections by
//! their number, in all and of each client.

mod idle;
mod shares;

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tower::ServiceExt as _;

use self::idle::IdleLimit;
use self::shares::Shares;
use crate::config::HttpConfig;

/// The largest head of a request, in bytes.
const HEAD: usize = 32 << 10;
/// The most fields of a request's head.
const FIELDS: usize = 64;
/// What a connection keeps before the socket takes it, in bytes: four chunks of a download. More makes
/// nothing faster and costs this much for each connection.
const WRITE_BUFFER: usize = 256 << 10;
/// A pause after the system refused a connection, for want of file descriptors for example.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

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
    let connections = Arc::new(Semaphore::new(config.connections));
    // All of a proxy's connections come from one address.
    let shares = (!config.behind_proxy).then(|| Shares::new(config.connections_per_client));
    let graceful = GracefulShutdown::new();
    let server = connection_settings(config);
    let mut stop = std::pin::pin!(stop);
    let hurry = loop {
        let (stream, peer, permit) = tokio::select! {
            accepted = accept(&listener, &connections) => accepted,
            hurry = &mut stop => break hurry,
        };
        let share = shares.as_ref().map(|shares| shares.take(peer.ip().into()));
        if matches!(share, Some(None)) {
            tracing::debug!(%peer, "a connection more than a client may have");
            continue;
        }
        let io = TokioIo::new(IdleLimit::new(stream, config.idle_timeout));
        let router = router.clone();
        let service =
            hyper::service::service_fn(move |request| answer(router.clone(), peer, request));
        let connection = graceful.watch(server.serve_connection(io, service));
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, "a connection ended early");
            }
            drop((permit, share));
        });
    };
    drop(listener);
    tracing::info!(connections = graceful.count(), "stopping: running requests may end");
    tokio::select! {
        () = graceful.shutdown() => {}
        () = tokio::time::sleep(config.shutdown_limit) => tracing::warn!("stopped before all requests had ended"),
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

/// The next connection, once there is room for one.
async fn accept(
    listener: &TcpListener,
    connections: &Arc<Semaphore>,
) -> (TcpStream, SocketAddr, OwnedSemaphorePermit) {
    let permit = Arc::clone(connections).acquire_owned().await;
    let permit = permit.expect("the semaphore of the connections is never closed");
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => {
                // Answers are written whole, so waiting for more to send only delays them.
                if let Err(error) = stream.set_nodelay(true) {
                    tracing::debug!(%error, "TCP_NODELAY was refused");
                }
                return (stream, peer, permit);
            }
            Err(error) if is_connection_error(&error) => {}
            Err(error) => {
                tracing::error!(%error, "no connection can be accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

/// Whether the connection went away before it was accepted, which is no fault of the listener.
fn is_connection_error(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
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
