//! A connection: TLS, then HTTP as it was agreed on; on this machine HTTP/1.1 at once.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::response::Response;
use hyper::body::Incoming;
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::graceful::Watcher;
use rustls::pki_types::CertificateDer;
use tokio::io::{AsyncRead, AsyncWrite, BufReader};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use tokio_util::sync::CancellationToken;

use super::full_reads::FullReads;
use super::limits::Limits;
use super::listener::Stream;
use super::peer::{Origin, Peer};
use super::waiting::Waiting;
use super::{Access, Gateway, head, tls};
use crate::serving::{IdleLimit, Place};

/// The largest head that is read, in bytes: more than is passed on, so that most of those that are too
/// large get an answer that says so. HTTP/2 counts 32 bytes more for each field.
const HEAD: usize = 2 * head::SIZE;
/// The most fields that are read.
const FIELDS: usize = 2 * head::FIELDS;
/// What a connection holds before the socket takes it, in bytes.
const WRITE_BUFFER: usize = 256 << 10;
/// What is encrypted before the socket takes it, in bytes.
const TLS_BUFFER: usize = 128 << 10;
/// What is read from the socket at once, in bytes: four records of TLS at their largest.
const READ_BUFFER: usize = 64 << 10;
/// Requests of one connection at the same time, in HTTP/2.
const STREAMS: u32 = 100;

type Encrypted = TlsStream<BufReader<IdleLimit<TcpStream>>>;

/// A client, as its requests know it.
pub(super) struct Client {
    pub(super) peer: Peer,
    /// Cancelled to end the connection at once.
    pub(super) give_up: CancellationToken,
    /// Cancelled when the gateway stops.
    pub(super) stopping: CancellationToken,
    /// Requests that run.
    running: AtomicUsize,
    /// Since when none does.
    idle: Waiting,
    _place: Place,
}

/// A request that runs, up to the end of its answer.
pub(super) struct Busy(Arc<Client>);

impl Client {
    /// A request runs from now on.
    pub(super) fn busy(self: &Arc<Self>) -> Busy {
        self.running.fetch_add(1, Ordering::Relaxed);
        self.idle.end();
        Busy(Arc::clone(self))
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        if self.0.running.fetch_sub(1, Ordering::Relaxed) == 1 {
            self.0.idle.begin();
        }
    }
}

/// A connection that nothing has been read from.
pub(super) struct Accepted {
    pub(super) stream: Stream,
    pub(super) origin: Origin,
    pub(super) place: Place,
    pub(super) watcher: Watcher,
}

/// What all connections have in common.
pub(super) struct Door<A> {
    tls: TlsAcceptor,
    gateway: Gateway<A>,
    stopping: CancellationToken,
    http1: http1::Builder,
    http2: http2::Builder<TokioExecutor>,
}

impl<A: Access> Door<A> {
    pub(super) fn new(tls: TlsAcceptor, gateway: Gateway<A>, stopping: CancellationToken) -> Self {
        let (http1, http2) = (http1_settings(&gateway.limits), http2_settings(&gateway.limits));
        Self { tls, gateway, stopping, http1, http2 }
    }

    /// Serves a connection until its end.
    pub(super) async fn open(self: Arc<Self>, accepted: Accepted) {
        let Accepted { stream, origin, place, watcher } = accepted;
        match stream {
            Stream::Network(stream) => {
                let stream = tokio::select! {
                    stream = self.shake_hands(stream, origin) => stream,
                    () = self.stopping.cancelled() => return,
                };
                let Some(stream) = stream else { return };
                let session = stream.get_ref().1;
                let certificates = session.peer_certificates().map(owned);
                let is_http2 = session.alpn_protocol() == Some(tls::HTTP2);
                let client = self.client(Peer::new(origin, certificates), place);
                self.serve(FullReads(stream), client, watcher, is_http2).await;
            }
            Stream::Local(stream) => {
                let client = self.client(Peer::new(origin, None), place);
                let stream = IdleLimit::new(stream, self.gateway.limits.idle_timeout);
                self.serve(stream, client, watcher, false).await;
            }
        }
    }

    fn client(&self, peer: Peer, place: Place) -> Arc<Client> {
        let (give_up, stopping) = (CancellationToken::new(), self.stopping.clone());
        let (running, idle) = (AtomicUsize::new(0), Waiting::new());
        Arc::new(Client { peer, give_up, stopping, running, idle, _place: place })
    }

    async fn shake_hands(&self, stream: TcpStream, origin: Origin) -> Option<Encrypted> {
        let limits = &self.gateway.limits;
        let stream = IdleLimit::new(stream, limits.idle_timeout);
        let stream = BufReader::with_capacity(READ_BUFFER, stream);
        let accept = self.tls.accept_with(stream, |session| {
            session.set_buffer_limit(Some(TLS_BUFFER));
        });
        match tokio::time::timeout(limits.handshake_timeout, accept).await {
            Ok(Ok(stream)) => Some(stream),
            Ok(Err(error)) => {
                tracing::debug!(%origin, %error, "no TLS");
                None
            }
            Err(_) => {
                tracing::debug!(%origin, "a handshake took too long");
                None
            }
        }
    }

    async fn serve<S>(
        self: &Arc<Self>,
        stream: S,
        client: Arc<Client>,
        watcher: Watcher,
        is_http2: bool,
    ) where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let (origin, give_up) = (client.peer.origin, client.give_up.clone());
        tokio::select! {
            served = self.converse(stream, client, watcher, is_http2) => {
                if let Err(error) = served {
                    tracing::debug!(%origin, %error, "a connection ended early");
                }
            }
            () = give_up.cancelled() => tracing::debug!(%origin, "a connection was given up"),
        }
    }

    async fn converse<S>(
        self: &Arc<Self>,
        stream: S,
        client: Arc<Client>,
        watcher: Watcher,
        is_http2: bool,
    ) -> hyper::Result<()>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        // No watcher can watch a connection that may switch to another protocol. Each is counted for as long as
        // its watcher is there.
        let _counted = watcher;
        let io = TokioIo::new(stream);
        let (door, known) = (Arc::clone(self), Arc::clone(&client));
        let service =
            service_fn(move |request| answer(Arc::clone(&door), Arc::clone(&known), request));
        if is_http2 {
            let mut connection = std::pin::pin!(self.http2.serve_connection(io, service));
            let limit = self.gateway.limits.idle_timeout;
            tokio::select! {
                served = connection.as_mut() => return served,
                () = self.stopping.cancelled() => {}
                // HTTP/1.1 has a limit for the next head; here signs of life would hold a place for ever.
                () = client.idle.takes(limit) => {}
            }
            connection.as_mut().graceful_shutdown();
            return tokio::select! {
                served = connection => served,
                // Flow control lets a client never take an answer of the gateway itself.
                () = client.idle.takes(2 * limit) => Ok(()),
            };
        }
        let connection = self.http1.serve_connection(io, service).with_upgrades();
        let mut connection = std::pin::pin!(connection);
        tokio::select! {
            served = connection.as_mut() => return served,
            () = self.stopping.cancelled() => connection.as_mut().graceful_shutdown(),
        }
        connection.await
    }
}

async fn answer<A: Access>(
    door: Arc<Door<A>>,
    client: Arc<Client>,
    request: hyper::Request<Incoming>,
) -> Result<Response, Infallible> {
    Ok(door.gateway.answer(&client, request).await)
}

fn owned(certificates: &[CertificateDer<'_>]) -> Vec<CertificateDer<'static>> {
    certificates.iter().cloned().map(CertificateDer::into_owned).collect()
}

fn http1_settings(limits: &Limits) -> http1::Builder {
    let mut server = http1::Builder::new();
    server
        .timer(TokioTimer::new())
        .header_read_timeout(limits.idle_timeout)
        .max_headers(FIELDS)
        .max_header_size(HEAD)
        .max_buf_size(WRITE_BUFFER)
        .writev(true);
    server
}

/// A client of HTTP/2 that is asked for a sign of life and gives none is gone.
fn http2_settings(limits: &Limits) -> http2::Builder<TokioExecutor> {
    let mut server = http2::Builder::new(TokioExecutor::new());
    server
        .timer(TokioTimer::new())
        .max_concurrent_streams(STREAMS)
        .max_header_list_size(u32::try_from(HEAD).unwrap_or(u32::MAX))
        .max_send_buf_size(WRITE_BUFFER)
        .keep_alive_interval(limits.idle_timeout)
        .keep_alive_timeout(limits.handshake_timeout);
    server
}
