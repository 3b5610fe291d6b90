//! The gateway: the source's intermediate server 32, a reverse proxy in front of a service that knows
//! nothing of licenses (SL Fig. 1 and 5).
//!
//! Clients come over TLS with HTTP/1.1 or HTTP/2 and may show a certificate; those of this machine may come
//! through a local socket. The service is reached over HTTP/1.1. What a client may do is decided by [`Access`], once
//! for each request, and for those that take long again with each news; everything else here is the same for any
//! decision.
//!
//! | module | holds |
//! |---|---|
//! | [`access`] | who may pass: clients with a valid license |
//! | [`tls`] | certificates: the gateway's own, and those that clients show |
//! | `direct` | the socket of clients of this machine |
//! | `listener`, `connection` | connections, from their acceptance to their end |
//! | `head` | which requests are well-formed enough to be passed on |
//! | `fields` | the fields that are removed and added on the way |
//! | `proxy`, `request_body`, `response_body`, `tunnel` | the way to the service and back |
//! | `standing` | for how long a decision stands |

pub mod access;
mod config;
mod connection;
mod direct;
mod failure;
mod fields;
mod full_reads;
mod head;
mod limits;
mod listener;
mod peer;
mod proxy;
mod request_body;
mod response_body;
mod standing;
pub mod tls;
mod tunnel;
mod upstream;
mod waiting;

use std::future::Future;
use std::sync::Arc;

use axum::extract::Request;
use axum::http::HeaderMap;
use axum::response::{IntoResponse as _, Response};
use hyper::body::Incoming;

use self::connection::Client;
use self::failure::Failure;
use self::proxy::{Passed, Proxy};
use self::tunnel::Asked;

pub use self::config::{GatewayConfig, TEMPLATE};
pub use self::direct::{DirectError, DirectSocket};
pub use self::limits::Limits;
pub use self::listener::{Sockets, serve};
pub use self::peer::{Origin, Peer};
pub use self::standing::Standing;
pub use self::upstream::{InvalidUpstream, Upstream};

/// The name of the role, and of its directory.
pub const ROLE: &str = "gateway";

/// Who may pass.
pub trait Access: Send + Sync + 'static {
    /// Decides about one request. Its fields are the client's own, but for those that only the gateway
    /// may set, which have been removed.
    fn decide(
        &self,
        peer: &Peer,
        request: Request<Incoming>,
    ) -> impl Future<Output = Decision> + Send;
}

/// What becomes of a request.
pub enum Decision {
    /// It is passed on.
    Pass {
        /// The request.
        request: Box<Request<Incoming>>,
        /// Fields that tell the service who the client is. They replace any of the same name.
        identity: HeaderMap,
        /// For how long this stands.
        standing: Standing,
    },
    /// It is answered here. The service never hears of it.
    Answer(Response),
}

/// A gateway in front of one service.
pub struct Gateway<A> {
    access: A,
    proxy: Proxy,
    limits: Limits,
}

impl<A: Access> Gateway<A> {
    /// Puts the parts together.
    pub fn new(upstream: Upstream, access: A, limits: Limits) -> Self {
        Self { access, proxy: Proxy::new(upstream, &limits), limits }
    }

    /// Answers a request, whatever happens.
    async fn answer(&self, client: &Arc<Client>, request: Request<Incoming>) -> Response {
        let _busy = client.busy();
        let answered = self.decide_and_forward(client, request).await;
        answered.unwrap_or_else(Failure::into_response)
    }

    async fn decide_and_forward(
        &self,
        client: &Arc<Client>,
        request: Request<Incoming>,
    ) -> Result<Response, Failure> {
        let (mut parts, body) = request.into_parts();
        let host = head::check(&parts)?;
        fields::remove_protected(&mut parts.headers);
        let request = Request::from_parts(parts, body);
        match self.access.decide(&client.peer, request).await {
            Decision::Answer(response) => Ok(response),
            Decision::Pass { request, identity, standing } => {
                let (mut parts, body) = (*request).into_parts();
                let asked = Asked::take(&mut parts);
                fields::complete(&mut parts, host, client.peer.origin, identity);
                let passed = Passed { request: Request::from_parts(parts, body), asked, standing };
                self.proxy.forward(client, passed).await
            }
        }
    }
}
