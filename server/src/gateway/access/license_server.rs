//! The way to the license server: what clients ask it through the gateway, and what the gateway asks itself.
//!
//! "The intermediate server acts as a proxy for the client" (SL, "New License Grant"). What is passed on is
//! signed by the client or encrypted to it, so that the gateway can read no license and ask for none in the
//! name of another.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use http_body_util::{BodyExt as _, Limited};
use hyper::body::Incoming;
use trybuy_formats::api::{self, GatewayInfo, LicenseServerInfo};
use trybuy_formats::licensing::identity::key_set;
use trybuy_formats::limits;
use trybuy_formats::slug::Slug;
use url::Url;

use super::held;
use super::own_requests::OwnKeys;
use super::state::GatewayState;
use crate::error::ApiError;
use crate::refusal::Refusal;

/// Where the gateway's own addresses begin; the service has none there.
const OWN: &str = "/.well-known/trybuy/";
/// Below this a legacy client gets its token as a cookie.
const LEGACY: &str = "legacy/";
/// How long the license server may take.
const TIMEOUT: Duration = Duration::from_secs(20);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// The largest answer that is passed on, in bytes: a sealed license in base64, and a revocation list by far
/// the largest of what the gateway asks itself.
const ANSWER: usize = 256 << 10;
/// How many records the license server has, in each of its answers.
const RECORDS: &str = "trybuy-records";

/// A license server, as its gateway reaches it.
pub struct LicenseServer {
    client: reqwest::Client,
    base: Url,
    pub(super) keys: OwnKeys,
    /// The most records it ever had.
    records: AtomicU64,
}

/// The license server gives no answer.
#[derive(Debug, thiserror::Error)]
#[error("the license server does not answer")]
pub struct Unreachable(#[source] pub(super) reqwest::Error);

impl Refusal for Unreachable {
    fn slug(&self) -> Slug {
        Slug::LicenseServerUnreachable
    }

    fn help(&self) -> Option<String> {
        let help = "try again later; whoever has a valid license goes on working meanwhile";
        Some(help.to_owned())
    }

    fn wait(&self) -> Option<Duration> {
        Some(Duration::from_secs(30))
    }
}

/// What is asked of a license server by those who have not come for the service.
pub(super) fn own_path(path: &str) -> Option<&str> {
    path.strip_prefix(OWN)
}

impl LicenseServer {
    /// The license server at an address, which had that many records before.
    ///
    /// # Errors
    /// When the library fails.
    pub fn new(base: Url, keys: OwnKeys, records: u64) -> Result<Self, reqwest::Error> {
        let client = reqwest::Client::builder()
            .timeout(TIMEOUT)
            .connect_timeout(CONNECT_TIMEOUT)
            .redirect(reqwest::redirect::Policy::none())
            .build()?;
        Ok(Self { client, base, keys, records: AtomicU64::new(records) })
    }

    /// The most records it ever had.
    pub fn records(&self) -> u64 {
        self.records.load(Ordering::Relaxed)
    }

    /// What it says of itself.
    ///
    /// # Errors
    /// It does not answer.
    pub async fn info(&self) -> Result<LicenseServerInfo, Unreachable> {
        let answer = self.client.get(self.address("license-server")).send().await;
        let answer = answer.and_then(reqwest::Response::error_for_status).map_err(Unreachable)?;
        answer.json().await.map_err(Unreachable)
    }

    /// Its revocation list in DER.
    ///
    /// # Errors
    /// It does not answer.
    pub async fn revocations(&self) -> Result<Vec<u8>, Unreachable> {
        let answer = self.client.get(self.address("revocations")).send().await;
        let mut answer =
            answer.and_then(reqwest::Response::error_for_status).map_err(Unreachable)?;
        let mut list = Vec::new();
        while let Some(piece) = answer.chunk().await.map_err(Unreachable)? {
            list.extend_from_slice(&piece);
            // What is longer is refused by its reader.
            if list.len() > limits::REVOCATION_LIST {
                break;
            }
        }
        Ok(list)
    }

    /// Remembers how many records it has now. Whether it had more before: it was restored from a backup.
    pub(super) fn has_lost_records(&self, records: u64) -> bool {
        self.records.fetch_max(records, Ordering::Relaxed) > records
    }

    /// It has been told what it lost: what it has from now on counts.
    pub(super) fn forget_lost_records(&self) {
        self.records.store(0, Ordering::Relaxed);
    }

    /// What requests are sent with.
    pub(super) fn client(&self) -> &reqwest::Client {
        &self.client
    }

    /// Passes a body on, and the answer back.
    async fn forward(&self, path: &'static str, body: Vec<u8>) -> Result<Response, Unreachable> {
        let request = self.client.post(self.address(path)).body(body);
        let request = request.header(header::CONTENT_TYPE, "application/json");
        let mut answer = request.send().await.map_err(Unreachable)?;
        let records = answer.headers().get(RECORDS).and_then(|value| value.to_str().ok());
        // Where it has fewer than before, the worker tells it what it lost.
        if let Some(records) = records.and_then(|text| text.parse().ok()) {
            self.records.fetch_max(records, Ordering::Relaxed);
        }
        let mut body = Vec::new();
        while let Some(piece) = answer.chunk().await.map_err(Unreachable)? {
            if body.len() + piece.len() > ANSWER {
                tracing::error!("the license server's answer is too large");
                return Ok(StatusCode::BAD_GATEWAY.into_response());
            }
            body.extend_from_slice(&piece);
        }
        let mut response = Response::new(Body::from(body));
        *response.status_mut() = answer.status();
        for name in [header::CONTENT_TYPE, header::RETRY_AFTER] {
            if let Some(value) = answer.headers().get(&name) {
                response.headers_mut().insert(name, value.clone());
            }
        }
        Ok(response)
    }

    /// The address of something in its API.
    pub(super) fn address(&self, path: &str) -> String {
        format!("{}{}/{path}", self.base.as_str().trim_end_matches('/'), api::BASE)
    }
}

impl GatewayState {
    /// Answers what is asked of the gateway itself.
    pub(super) async fn answer(&self, path: String, request: Request<Incoming>) -> Response {
        let answered = match (request.method(), path.as_str()) {
            (&Method::GET, "gateway") => self.introduce(),
            (&Method::GET, legacy) if legacy.starts_with(LEGACY) => {
                Ok(held::keep_token(&legacy[LEGACY.len()..]))
            }
            (&Method::GET, "keys") => key_set(&self.identity_key)
                .map(|set| json(set.into_bytes()))
                .map_err(ApiError::fault),
            (&Method::POST, "license-requests") => self.pass_on("license-requests", request).await,
            (&Method::POST, "challenge-responses") => {
                self.pass_on("challenge-responses", request).await
            }
            (&Method::POST, "upgrades") => self.pass_on("upgrades", request).await,
            _ => Err(ApiError::new(Slug::NotFound, "there is nothing at this address")),
        };
        answered.unwrap_or_else(IntoResponse::into_response)
    }

    fn introduce(&self) -> Result<Response, ApiError> {
        let info = GatewayInfo {
            product_id: self.requirement.product_id.clone(),
            version: self.requirement.version.clone(),
            features: self.requirement.features.clone(),
            authority: self.authorities.to_pem(),
        };
        serde_json::to_vec(&info).map(json).map_err(ApiError::fault)
    }

    async fn pass_on(
        &self,
        path: &'static str,
        request: Request<Incoming>,
    ) -> Result<Response, ApiError> {
        let body = Limited::new(request.into_body(), limits::API_BODY).collect().await;
        let body = body.map_err(|_| {
            let most = limits::API_BODY >> 10;
            ApiError::new(Slug::TooLarge, format!("a request has at most {most} KiB"))
        })?;
        Ok(self.license_server.forward(path, body.to_bytes().to_vec()).await?)
    }
}

fn json(bytes: Vec<u8>) -> Response {
    let content_type = HeaderValue::from_static("application/json");
    ([(header::CONTENT_TYPE, content_type)], bytes).into_response()
}
