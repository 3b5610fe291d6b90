//! A signed request before it is known whose it is (`RQ-1` to `RQ-5`).

use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Uri};
use serde::de::DeserializeOwned;
use trybuy_formats::instant::Instant;
use trybuy_formats::limits;
use trybuy_formats::request_signature::{self as signatures, RequestSignature};
use trybuy_formats::slug::Slug;

use super::ClientAddress;
use crate::app::{AppState, RoleState};
use crate::error::ApiError;
use crate::rate_limits::{ClientNetwork, PeerLimit};

/// What a role has that takes signed requests.
pub trait TakesSignedRequests: RoleState {
    /// The time now.
    fn now(&self) -> Instant;

    /// Requests with a wrong signature, by address.
    fn failures(&self) -> &PeerLimit<ClientNetwork>;
}

impl TakesSignedRequests for AppState {
    fn now(&self) -> Instant {
        self.clock.now()
    }

    fn failures(&self) -> &PeerLimit<ClientNetwork> {
        &self.rate_limits.failures
    }
}

/// A request with a well-formed signature of now, which is not verified yet.
pub struct SignedBody {
    signature: RequestSignature,
    method: String,
    uri: Uri,
    content_digest: String,
    client: ClientAddress,
    body: Bytes,
}

impl SignedBody {
    /// Whose signature it claims to be (`RQ-2`).
    pub fn key_id(&self) -> &str {
        self.signature.key_id()
    }

    /// From which address it came.
    pub fn client(&self) -> ClientAddress {
        self.client
    }

    /// Verifies the signature over method, path, query and body.
    ///
    /// # Errors
    /// `unauthorized`, or `rate-limited` after too many of those.
    pub fn verify(
        &self,
        app: &impl TakesSignedRequests,
        public_key: &[u8; 32],
    ) -> Result<(), ApiError> {
        let request = signatures::Request {
            method: &self.method,
            path: self.uri.path(),
            query: self.uri.query(),
            body: &self.body,
        };
        self.signature
            .verify(public_key, &request, &self.content_digest)
            .map_err(|error| refused(app, self.client, error.to_string()))
    }

    /// The body as JSON.
    ///
    /// # Errors
    /// `bad-request`, when it is not what the address expects.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, ApiError> {
        serde_json::from_slice(&self.body).map_err(|error| {
            ApiError::new(Slug::BadRequest, "the body is not the JSON this address expects")
                .detail(error.to_string())
        })
    }
}

impl<S: TakesSignedRequests> FromRequest<S> for SignedBody {
    type Rejection = ApiError;

    async fn from_request(request: Request, app: &S) -> Result<Self, ApiError> {
        let (parts, body) = request.into_parts();
        let client = ClientAddress::of(&parts, app);
        let signature = parse(&parts, app, client)?;
        let content_digest = field(&parts.headers, "content-digest").unwrap_or_default().to_owned();
        let body = axum::body::to_bytes(body, limits::API_BODY).await;
        let body = body.map_err(|_| ApiError::body_too_large())?;
        let method = parts.method.as_str().to_owned();
        Ok(Self { signature, method, uri: parts.uri, content_digest, client, body })
    }
}

/// Reads the signature and checks its time, before anything is done for it.
fn parse(
    parts: &Parts,
    app: &impl TakesSignedRequests,
    client: ClientAddress,
) -> Result<RequestSignature, ApiError> {
    let input = field(&parts.headers, "signature-input");
    let signature = field(&parts.headers, "signature");
    let (Some(input), Some(signature)) = (input, signature) else {
        return Err(refused(app, client, "the request is not signed".to_owned()));
    };
    let signature = RequestSignature::parse(input, signature)
        .map_err(|error| refused(app, client, error.to_string()))?;
    let now = app.now();
    if signature.is_recent(now) {
        return Ok(signature);
    }
    Err(ApiError::new(Slug::ClockSkew, "the time of the signature is too far from the server's")
        .help("sign again with the time in `server_time`")
        .server_time(now))
}

/// The one field of that name; of several none counts.
fn field<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let mut fields = headers.get_all(name).iter();
    fields.next().filter(|_| fields.next().is_none())?.to_str().ok()
}

/// The refusal of a bad signature or token, counted for the address it came from.
pub(crate) fn refused(
    app: &impl TakesSignedRequests,
    client: ClientAddress,
    what: String,
) -> ApiError {
    match app.failures().count(&client.network()) {
        Ok(()) => ApiError::new(Slug::Unauthorized, what),
        Err(too_many) => too_many.into(),
    }
}
