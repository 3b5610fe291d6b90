//! The way to the service and back.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::uri::PathAndQuery;
use axum::http::{Request, StatusCode, Version};
use axum::response::Response;
use hyper::body::Incoming;
use hyper_util::client::legacy::Client as HttpClient;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};

use super::connection::Client;
use super::failure::Failure;
use super::limits::Limits;
use super::request_body::RequestBody;
use super::response_body::{StandingBody, WatchedBody};
use super::standing::Standing;
use super::tunnel::{self, Asked};
use super::upstream::Upstream;
use super::waiting::Waiting;
use super::{fields, head};

/// How long an unused connection to the service is kept. Some services close theirs after 5 seconds, and
/// a request that meets the end of its connection is lost.
const KEPT_FOR: Duration = Duration::from_secs(4);
/// The most unused connections to the service that are kept.
const KEPT: usize = 256;
/// What a connection reads at once and holds before the socket takes it, in bytes.
const BUFFER: usize = 256 << 10;

/// A request that may pass.
pub(super) struct Passed {
    pub(super) request: Request<Incoming>,
    /// The protocol that it asks to switch to.
    pub(super) asked: Option<Asked>,
    /// For how long it may.
    pub(super) standing: Standing,
}

/// Passes requests on to one service.
pub(super) struct Proxy {
    upstream: Upstream,
    client: HttpClient<HttpConnector, RequestBody>,
    idle_timeout: Duration,
    upstream_timeout: Duration,
}

impl Proxy {
    /// With connections that are made when they are needed.
    pub(super) fn new(upstream: Upstream, limits: &Limits) -> Self {
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        connector.set_connect_timeout(Some(limits.connect_timeout));
        let client = HttpClient::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(KEPT_FOR)
            .pool_max_idle_per_host(KEPT)
            .http1_max_buf_size(BUFFER)
            .http1_max_headers(head::FIELDS)
            .set_host(false)
            .build(connector);
        let Limits { idle_timeout, upstream_timeout, .. } = *limits;
        Self { upstream, client, idle_timeout, upstream_timeout }
    }

    /// Passes a request on and answers what the service does. Nothing is held back: bodies flow in both
    /// directions as fast as the slower side takes them. Whichever side goes away takes the other along.
    pub(super) async fn forward(
        &self,
        client: &Arc<Client>,
        passed: Passed,
    ) -> Result<Response, Failure> {
        let version = passed.request.version();
        let service = Arc::new(Waiting::new());
        let standing = passed.standing.clone();
        let (request, asked) = self.for_service(passed, &service);
        let answer = tokio::select! {
            answer = self.client.request(request) => answer.map_err(Failure::of_service)?,
            () = service.takes(self.upstream_timeout) => return Err(Failure::Silent),
        };
        let (mut parts, body) = answer.into_parts();
        if parts.status == StatusCode::SWITCHING_PROTOCOLS {
            return tunnel::switch(client, asked, standing, parts);
        }
        fields::clean(&mut parts);
        let body = StandingBody::new(body, standing, client.busy());
        let body = if version == Version::HTTP_2 {
            Body::new(WatchedBody::new(body, self.idle_timeout, client.give_up.clone()))
        } else {
            Body::new(body)
        };
        Ok(Response::from_parts(parts, body))
    }

    fn for_service(
        &self,
        passed: Passed,
        service: &Arc<Waiting>,
    ) -> (Request<RequestBody>, Option<Asked>) {
        let Passed { request, asked, standing } = passed;
        let (mut parts, body) = request.into_parts();
        let path = parts.uri.path_and_query().cloned();
        parts.uri = self.upstream.uri(path.unwrap_or_else(|| PathAndQuery::from_static("/")));
        parts.version = Version::HTTP_11;
        if let Some(asked) = &asked {
            asked.ask(&mut parts.headers);
        }
        let body = RequestBody::new(body, standing, Arc::clone(service), self.idle_timeout);
        (Request::from_parts(parts, body), asked)
    }
}
