//! Which connections are accepted.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::shares::{Party, Share, Shares};

/// A pause after the system refused a connection, for want of file descriptors for example.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// What connections come out of.
pub(crate) trait Listener {
    /// A connection.
    type Stream;
    /// Its other end.
    type Peer: Copy + Into<Party> + fmt::Display;

    /// The next connection.
    async fn accept(&self) -> io::Result<(Self::Stream, Self::Peer)>;
}

/// A listener with limits on the connections that come out of it.
pub(crate) struct Admission<L> {
    listener: L,
    places: Arc<Semaphore>,
    shares: Option<Shares>,
}

/// A connection that was accepted.
pub(crate) struct Admitted<S, P> {
    /// The connection.
    pub(crate) stream: S,
    /// Its other end.
    pub(crate) peer: P,
    /// What it has taken of the limits.
    pub(crate) place: Place,
}

/// The place of a connection within the limits, given back when it is dropped.
pub(crate) struct Place {
    _permit: OwnedSemaphorePermit,
    _share: Option<Share>,
}

impl<L: Listener> Admission<L> {
    /// With at most so many connections at the same time, and so many of each client where clients are
    /// told apart.
    pub(crate) fn new(listener: L, most: usize, per_client: Option<usize>) -> Self {
        let places = Arc::new(Semaphore::new(most));
        Self { listener, places, shares: per_client.map(Shares::new) }
    }

    /// The next connection, once there is room for one. Those that a client has too many are closed.
    pub(crate) async fn next(&self) -> Admitted<L::Stream, L::Peer> {
        loop {
            let permit = Arc::clone(&self.places).acquire_owned().await;
            let permit = permit.expect("the semaphore of the connections is never closed");
            let (stream, peer) = self.accept().await;
            let share = self.shares.as_ref().map(|shares| shares.take(peer.into()));
            if matches!(share, Some(None)) {
                tracing::debug!(%peer, "a connection more than a client may have");
                continue;
            }
            let place = Place { _permit: permit, _share: share.flatten() };
            return Admitted { stream, peer, place };
        }
    }

    async fn accept(&self) -> (L::Stream, L::Peer) {
        loop {
            match self.listener.accept().await {
                Ok(accepted) => return accepted,
                Err(error) if is_connection_error(&error) => {}
                Err(error) => {
                    tracing::error!(%error, "no connection can be accepted");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    }
}

impl Listener for TcpListener {
    type Stream = TcpStream;
    type Peer = SocketAddr;

    async fn accept(&self) -> io::Result<(TcpStream, SocketAddr)> {
        let (stream, peer) = TcpListener::accept(self).await?;
        // Answers are written whole, so waiting for more to send only delays them.
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "TCP_NODELAY was refused");
        }
        Ok((stream, peer))
    }
}

/// Whether the connection went away before it was accepted, which is no fault of the listener.
fn is_connection_error(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}
