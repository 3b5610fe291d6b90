//! The accept loop.

use std::future::Future;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use hyper_util::server::graceful::GracefulShutdown;
use rustix::net::sockopt;
use rustls::ServerConfig;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;

use super::connection::{Accepted, Door};
use super::{Access, Gateway};
use crate::serving::{Admission, Admitted, finish};

/// After this long without a sign of life the other end is asked for one, as a tunnel may be silent for
/// as long as it likes.
const PROBE_AFTER: Duration = Duration::from_secs(60);
/// How long it is between two such questions, of which `PROBES` may stay without an answer.
const PROBE_EVERY: Duration = Duration::from_secs(10);
const PROBES: u32 = 6;

/// Answers connections until `stop` is ready; then lets running requests end, for at most the limited
/// time, or until the future that `stop` answers is ready too. Tunnels end at once: they know no end of a
/// request.
pub async fn serve<A: Access, Hurry: Future>(
    listener: TcpListener,
    tls: Arc<ServerConfig>,
    gateway: Gateway<A>,
    stop: impl Future<Output = Hurry>,
) {
    let limits = gateway.limits.clone();
    let per_client = Some(limits.connections_per_client);
    let admission = Admission::new(listener, limits.connections, per_client);
    let graceful = GracefulShutdown::new();
    let stopping = CancellationToken::new();
    let door = Arc::new(Door::new(TlsAcceptor::from(tls), gateway, stopping.clone()));
    let mut stop = std::pin::pin!(stop);
    let hurry = loop {
        let Admitted { stream, peer, place } = tokio::select! {
            admitted = admission.next() => admitted,
            hurry = &mut stop => break hurry,
        };
        if let Err(error) = probe(&stream) {
            tracing::debug!(%error, "TCP keep-alive was refused");
        }
        let accepted = Accepted { stream, address: peer, place, watcher: graceful.watcher() };
        tokio::spawn(Arc::clone(&door).open(accepted));
    };
    drop(admission);
    stopping.cancel();
    finish(graceful, limits.shutdown_limit, hurry).await;
}

/// Has the system look after the other end.
fn probe(stream: &TcpStream) -> io::Result<()> {
    sockopt::set_tcp_keepidle(stream, PROBE_AFTER)?;
    sockopt::set_tcp_keepintvl(stream, PROBE_EVERY)?;
    sockopt::set_tcp_keepcnt(stream, PROBES)?;
    Ok(sockopt::set_socket_keepalive(stream, true)?)
}
