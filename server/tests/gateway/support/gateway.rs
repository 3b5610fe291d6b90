//! A gateway in this process.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::IntoResponse as _;
use hyper::body::Incoming;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use trybuy_server::gateway::tls::ServerCertificate;
use trybuy_server::gateway::{
    self, Access, Decision, DirectSocket, Gateway, Limits, Peer, Sockets, Standing, tls,
};

use super::Pair;

/// Lets everything pass but `/refused`, and tells the service how many certificates a client showed.
pub(crate) struct TestAccess;

impl Access for TestAccess {
    async fn decide(&self, peer: &Peer, request: Request<Incoming>) -> Decision {
        assert!(!request.headers().contains_key("trybuy-client"), "only the gateway sets it");
        if request.uri().path() == "/refused" {
            return Decision::Answer((StatusCode::FORBIDDEN, "no license").into_response());
        }
        let shown = peer.certificates.as_ref().map_or(0, Vec::len);
        let mut identity = HeaderMap::new();
        identity.insert("trybuy-client", HeaderValue::from(shown));
        Decision::Pass { request: Box::new(request), identity, standing: Standing::forever() }
    }
}

/// A gateway in this process, on a port of its own.
pub(crate) struct TestGateway {
    pub(crate) address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    ended: JoinHandle<()>,
    folder: TempDir,
}

impl TestGateway {
    /// In front of a service, with the default limits.
    pub(crate) async fn start(service: SocketAddr) -> Self {
        Self::with(service, Limits::default()).await
    }

    pub(crate) async fn with(service: SocketAddr, limits: Limits) -> Self {
        Self::of(service, TestAccess, limits, None).await
    }

    pub(crate) async fn of(
        service: SocketAddr,
        access: impl Access,
        limits: Limits,
        direct: Option<DirectSocket>,
    ) -> Self {
        let folder = tempfile::tempdir().expect("a directory");
        let (chain, key) = (folder.path().join("chain.pem"), folder.path().join("key.pem"));
        std::fs::write(&chain, &Pair::gateway().certificate).expect("written");
        std::fs::write(&key, &Pair::gateway().key).expect("written");
        let certificate = Arc::new(ServerCertificate::read(&chain, &key).expect("a certificate"));
        let tls = tls::server_config(Arc::clone(&certificate), Vec::new());
        tokio::spawn(async move { certificate.follow(Duration::from_millis(10)).await });
        let upstream = format!("http://{service}").parse().expect("an address");
        let gateway = Gateway::new(upstream, access, limits);
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let sockets = Sockets { network: listener, direct };
        let (stop, stopped) = oneshot::channel();
        let ended = tokio::spawn(gateway::serve(sockets, tls, gateway, told(stopped)));
        Self { address, stop: Some(stop), ended, folder }
    }

    /// Replaces its certificate, and its key.
    pub(crate) fn renew(&self, certificate: &str, key: &str) {
        std::fs::write(self.folder.path().join("chain.pem"), certificate).expect("written");
        std::fs::write(self.folder.path().join("key.pem"), key).expect("written");
    }

    /// Tells it to stop.
    pub(crate) fn stop(&mut self) {
        drop(self.stop.take());
    }

    /// Waits for its end.
    pub(crate) async fn ended(&mut self) {
        tokio::time::timeout(super::PATIENCE, &mut self.ended)
            .await
            .expect("in time")
            .expect("ended");
    }
}

/// Ready when it is told to stop; there is no hurry then.
async fn told(stopped: oneshot::Receiver<()>) -> std::future::Pending<()> {
    drop(stopped.await);
    std::future::pending()
}
