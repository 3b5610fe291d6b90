//! What is asked of the gateway itself, by those who have not come for the service.

use std::time::Duration;

use axum::extract::Request;
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use http_body::Body as _;
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use hyper::body::Incoming;
use serde::Serialize;
use trybuy_formats::api::{GatewayInfo, LicenseInfo};
use trybuy_formats::instant::Instant;
use trybuy_formats::licensing::identity::key_set;
use trybuy_formats::licensing::seat_license::SeatLicense;
use trybuy_formats::limits;
use trybuy_formats::slug::Slug;

use super::state::GatewayState;
use super::{token, unread};
use crate::error::ApiError;
use crate::gateway::Origin;
use crate::health::Health;

/// Where the gateway's own addresses begin; the service has none there.
const OWN: &str = "/.well-known/trybuy/";
/// Here a client finds how its license is, and the service hears nothing of it.
pub(super) const LICENSE: &str = "license";
/// Below this a legacy client gets its token as a cookie.
const LEGACY: &str = "legacy/";
/// What is passed on to the license server, to the same names there.
const RELAYED: [&str; 3] = ["license-requests", "challenge-responses", "upgrades"];
/// How long a client may take to send a request that is passed on to the license server.
const BODY_TIMEOUT: Duration = Duration::from_secs(20);

/// What to do where no newer revocation list comes.
const STALE_HELP: &str = "see whether the license server runs, and whether both clocks are right";

/// How a gateway is.
#[derive(Serialize)]
struct GatewayHealth {
    #[serde(flatten)]
    health: Health,
    /// How long the newest revocation list can be relied on; none where there was none yet.
    revocation_list_until: Option<Instant>,
}

/// What is asked of the gateway itself.
pub(super) fn own_path(path: &str) -> Option<&str> {
    path.strip_prefix(OWN)
}

impl GatewayState {
    /// Answers what is asked of the gateway itself.
    pub(super) async fn answer(
        &self,
        origin: Origin,
        path: &str,
        mut request: Request<Incoming>,
    ) -> Response {
        let answered = match *request.method() {
            Method::GET => self.tell(origin, path).await,
            Method::POST => match RELAYED.into_iter().find(|relayed| *relayed == path) {
                Some(relayed) => self.relay(origin, relayed, request.body_mut()).await,
                None => Err(nothing()),
            },
            _ => Err(nothing()),
        };
        unread::discard(request, answered.unwrap_or_else(IntoResponse::into_response))
    }

    async fn tell(&self, origin: Origin, path: &str) -> Result<Response, ApiError> {
        match (path, path.strip_prefix(LEGACY)) {
            ("gateway", _) => {
                let info = GatewayInfo {
                    license_server: self.license_server_id.clone(),
                    product_id: self.requirement.product_id.clone(),
                    version: self.requirement.version.clone(),
                    features: self.requirement.features.clone(),
                    authority: self.authorities.to_pem(),
                };
                serde_json::to_vec(&info).map(json).map_err(ApiError::fault)
            }
            ("keys", _) => {
                let set = key_set(&self.identity_key).map_err(ApiError::fault)?;
                Ok(json(set.into_bytes()))
            }
            ("health", _) => self.health().await,
            (_, Some(shown)) => {
                self.client_of_token(origin, token::digest(shown.as_bytes())).await?;
                Ok(token::keep(shown))
            }
            _ => Err(nothing()),
        }
    }

    /// Whether all is well: for load balancers, and for the operator.
    async fn health(&self) -> Result<Response, ApiError> {
        self.check_list(self.clock.now())?;
        // The disk is asked with the lock free: a slow one is to hold up nobody who has a license.
        let revocation_list_until = self.revocations().next_update();
        let mut trouble = self.trouble();
        if trouble.is_none() {
            trouble = self.disk.trouble().await;
        }
        let trouble = trouble.or_else(|| self.license_server.contact.disk_trouble());
        let health = trouble.unwrap_or_else(Health::good);
        let health = GatewayHealth { health, revocation_list_until };
        serde_json::to_vec(&health).map(json).map_err(ApiError::fault)
    }

    /// What is wrong with what the gateway hears of its license server, if anything is.
    fn trouble(&self) -> Option<Health> {
        if self.revocations().is_stale(self.clock.now()) {
            return Some(Health::degraded("revocation-list-stale", Some(STALE_HELP.to_owned())));
        }
        self.license_server.contact.trouble()
    }

    /// Passes a request on to the license server, and its answer back, both unchanged. That it failed is told as that
    /// it cannot be reached: the client can do as little about either.
    async fn relay(
        &self,
        origin: Origin,
        path: &'static str,
        body: &mut Incoming,
    ) -> Result<Response, ApiError> {
        self.rate_limits.license_requests.count(&origin.into())?;
        // What says itself that it is too large is not waited for, nor asked for (RFC 9110, section 10.1.1).
        if body.size_hint().lower() > limits::API_BODY as u64 {
            return Err(too_large());
        }
        let body = Limited::new(body, limits::API_BODY).collect();
        let body = tokio::time::timeout(BODY_TIMEOUT, body).await.map_err(|_| {
            let error = ApiError::new(Slug::BadRequest, "the rest of the request did not come");
            error.status(StatusCode::REQUEST_TIMEOUT)
        })?;
        let body = body.map_err(|error| match error.downcast_ref::<LengthLimitError>() {
            Some(_) => too_large(),
            None => ApiError::new(Slug::BadRequest, "the request broke off"),
        })?;
        Ok(self.license_server.relay(path, body.to_bytes()).await?)
    }
}

/// What the gateway reads of a license that is good.
///
/// # Errors
/// When the library fails.
pub(super) fn show_license(license: &SeatLicense) -> Result<Response, ApiError> {
    let info = LicenseInfo {
        license_id: license.license_id,
        kind: license.kind,
        product_id: license.product_id.clone(),
        version: license.version.clone(),
        features: license.features.clone(),
        ends_at: license.ends_at,
    };
    serde_json::to_vec(&info).map(json).map_err(ApiError::fault)
}

fn too_large() -> ApiError {
    let most = limits::API_BODY >> 10;
    ApiError::new(Slug::TooLarge, format!("a request has at most {most} KiB"))
}

fn nothing() -> ApiError {
    ApiError::new(Slug::NotFound, "there is nothing at this address")
}

fn json(bytes: Vec<u8>) -> Response {
    let content_type = HeaderValue::from_static("application/json");
    ([(header::CONTENT_TYPE, content_type)], bytes).into_response()
}
