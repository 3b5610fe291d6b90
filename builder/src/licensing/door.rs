//! The local door: each connection of a program is joined to one to the gateway that presents the license
//! (SL Fig. 5). Bytes are passed on as they come, so that streams and WebSockets work by themselves.

mod exchanges;
mod http_stream;
mod joined;
mod listen_address;
mod refusal;
mod threshold;

use std::io;
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::ServerName;
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use trybuy_formats::slug::Slug;

use self::exchanges::Exchanges;
use self::joined::Outcome;
use super::presenter::{Presented, Presenter};
use crate::client::address::ServerAddress;
use crate::error::Error;
use crate::{messages, output};
pub use listen_address::ListenAddress;
pub use threshold::{Local, Threshold};

/// The most connections at a time; others wait until one ends.
const CONNECTIONS: usize = 1024;
/// How long to wait for a connection to the gateway.
const CONNECT: Duration = Duration::from_secs(15);
/// How long running connections may go on when the door is closed.
const GRACE: Duration = Duration::from_secs(5);
/// How long nothing is accepted after the system had no room for another connection.
const EXHAUSTED: Duration = Duration::from_millis(100);

/// A door to a gateway.
pub struct Door {
    gateway: ServerAddress,
    host: String,
    port: u16,
    name: ServerName<'static>,
    presenter: Arc<Presenter>,
}

/// A connection whose license the gateway refuses.
struct Refused {
    local: Local,
    exchanges: Exchanges,
    /// Why.
    slug: Slug,
}

impl Door {
    /// A door to a gateway, not open yet.
    ///
    /// # Errors
    /// `usage` when the gateway's host is not one that a certificate can name.
    pub fn new(gateway: ServerAddress, presenter: Arc<Presenter>) -> Result<Arc<Self>, Error> {
        let url = gateway.join("/");
        // An address of IPv6 stands in brackets in an URL alone.
        let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']).to_owned();
        let port = url.port_or_known_default().unwrap_or_default();
        let name = ServerName::try_from(host.clone())
            .map_err(|error| messages::bad_address(&gateway.to_string(), &error.to_string()))?;
        Ok(Arc::new(Self { gateway, host, port, name, presenter }))
    }

    /// Joins connections until it is told to stop, then lets those that run end for a while.
    pub async fn serve(self: Arc<Self>, threshold: Threshold, stop: impl Future) {
        let room = Arc::new(Semaphore::new(CONNECTIONS));
        let mut running = JoinSet::new();
        tokio::pin!(stop);
        loop {
            while running.try_join_next().is_some() {}
            let accepted = async {
                let place = Arc::clone(&room).acquire_owned().await;
                (place, threshold.accept().await)
            };
            let (place, local) = tokio::select! {
                _ = &mut stop => break,
                accepted = accepted => accepted,
            };
            match local {
                Ok(local) => {
                    let door = Arc::clone(&self);
                    running.spawn(async move {
                        let _place = place;
                        door.join(local).await;
                    });
                }
                // Too many open files, for example: others will be closed.
                Err(_) => tokio::time::sleep(EXHAUSTED).await,
            }
        }
        drop(threshold);
        let all_ended = async { while running.join_next().await.is_some() {} };
        // Those that are left then are cut off with the process.
        let _ = tokio::time::timeout(GRACE, all_ended).await;
    }

    /// Joins one connection of a program. Each time that the gateway refuses the license, what it did not answer is sent
    /// again with another one: none of that has reached the service.
    async fn join(&self, mut local: Local) {
        let mut exchanges = Exchanges::new();
        let mut presented = match self.presenter.present().await {
            Ok(presented) => presented,
            Err(error) => return tell(local, exchanges, refusal::FORBIDDEN, &error).await,
        };
        while let Some(refused) = self.pass(local, &presented, exchanges).await {
            local = refused.local;
            let another = self.presenter.replace(&presented, refused.slug).await;
            let error = match (another, refused.exchanges.again()) {
                (Ok(another), Some(again)) => {
                    (presented, exchanges) = (another, Exchanges::begun(again));
                    continue;
                }
                // The program connects again for its next request, and then with the other license.
                (Ok(_), None) => messages::refused_and_not_kept(refused.slug),
                (Err(error), _) => error,
            };
            return refusal::answer(local, refused.exchanges, refusal::FORBIDDEN, &error).await;
        }
    }

    /// Passes bytes on with this license, those first that were asked before. The answer is that the gateway refuses it.
    async fn pass(
        &self,
        local: Local,
        presented: &Presented,
        exchanges: Exchanges,
    ) -> Option<Refused> {
        let outcome = match self.connect(presented).await {
            Ok(remote) => joined::join(local, remote, exchanges).await,
            Err(error) => Some(Outcome::Failed(local, exchanges, error)),
        };
        match outcome? {
            Outcome::Refused(local, exchanges, slug) => Some(Refused { local, exchanges, slug }),
            // With TLS 1.3 a gateway refuses a certificate after the connection has begun.
            Outcome::Failed(local, exchanges, error) => {
                tell(local, exchanges, refusal::BAD_GATEWAY, &self.unreachable(error)).await;
                None
            }
        }
    }

    async fn connect(&self, presented: &Presented) -> io::Result<TlsStream<TcpStream>> {
        let connect = async {
            let stream = TcpStream::connect((self.host.as_str(), self.port)).await?;
            stream.set_nodelay(true)?;
            let connector = TlsConnector::from(Arc::clone(&presented.tls));
            connector.connect(self.name.clone(), stream).await
        };
        match tokio::time::timeout(CONNECT, connect).await {
            Ok(connected) => connected,
            Err(_) => Err(io::ErrorKind::TimedOut.into()),
        }
    }

    fn unreachable(&self, error: io::Error) -> Error {
        messages::gateway_unreachable(&self.gateway.to_string(), error)
    }
}

/// Tells both the user and the program why a connection cannot be joined.
async fn tell(local: Local, exchanges: Exchanges, status: refusal::Status, error: &Error) {
    output::warn(&error.explain(), error.help());
    refusal::answer(local, exchanges, status, error).await;
}
