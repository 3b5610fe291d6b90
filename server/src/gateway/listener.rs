//! The accept loop.

use std::future::Future;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use hyper_util::server::graceful::GracefulShutdown;
use rustix::net::sockopt;
use rustls::ServerConfig;
use tokio::net::{TcpListener, TcpStream, UnixStream};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;

use super::connection::{Accepted, Door};
use super::direct::DirectSocket;
use super::peer::Origin;
use super::{Access, Gateway};
use crate::serving::{Admission, Admitted, Listener, finish};

/// After this long without a sign of life the other end is asked for one, as a tunnel may be silent for
/// as long as it likes.
const PROBE_AFTER: Duration = Duration::from_secs(60);
/// How long it is between two such questions, of which `PROBES` may stay without an answer.
const PROBE_EVERY: Duration = Duration::from_secs(10);
const PROBES: u32 = 6;

/// Where clients come in.
pub struct Sockets {
    /// From anywhere, over TLS.
    pub network: TcpListener,
    /// From this machine, if they may.
    pub direct: Option<DirectSocket>,
}

/// A connection that nothing has been read from.
pub(crate) enum Stream {
    Network(TcpStream),
    Local(UnixStream),
}

/// Answers connections until `stop` is ready; then lets running requests end, for at most the limited
/// time, or until the future that `stop` answers is ready too. Tunnels end at once: they know no end of a
/// request.
pub async fn serve<A: Access, Hurry: Future>(
    sockets: Sockets,
    tls: Arc<ServerConfig>,
    gateway: Gateway<A>,
    stop: impl Future<Output = Hurry>,
) {
    let limits = gateway.limits.clone();
    let per_client = Some(limits.connections_per_client);
    let admission = Admission::new(sockets, limits.connections, per_client);
    let graceful = GracefulShutdown::new();
    let stopping = CancellationToken::new();
    let door = Arc::new(Door::new(TlsAcceptor::from(tls), gateway, stopping.clone()));
    let mut stop = std::pin::pin!(stop);
    let hurry = loop {
        let Admitted { stream, peer, place } = tokio::select! {
            admitted = admission.next() => admitted,
            hurry = &mut stop => break hurry,
        };
        let accepted = Accepted { stream, origin: peer, place, watcher: graceful.watcher() };
        tokio::spawn(Arc::clone(&door).open(accepted));
    };
    drop(admission);
    stopping.cancel();
    finish(graceful, limits.shutdown_limit, hurry).await;
}

impl Listener for Sockets {
    type Stream = Stream;
    type Peer = Origin;

    async fn accept(&self) -> io::Result<(Stream, Origin)> {
        let local = async {
            match &self.direct {
                Some(socket) => socket.accept().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            accepted = Listener::accept(&self.network) => {
                let (stream, address) = accepted?;
                if let Err(error) = probe(&stream) {
                    tracing::debug!(%error, "TCP keep-alive was refused");
                }
                Ok((Stream::Network(stream), Origin::Network(address)))
            }
            accepted = local => {
                let (stream, user) = accepted?;
                Ok((Stream::Local(stream), Origin::Local { user }))
            }
        }
    }
}

/// Has the system look after the other end.
fn probe(stream: &TcpStream) -> io::Result<()> {
    sockopt::set_tcp_keepidle(stream, PROBE_AFTER)?;
    sockopt::set_tcp_keepintvl(stream, PROBE_EVERY)?;
    sockopt::set_tcp_keepcnt(stream, PROBES)?;
    Ok(sockopt::set_socket_keepalive(stream, true)?)
}
