//! A registered gateway, by the signature of its key.

use axum::extract::{FromRequest, Request};
use axum::http::StatusCode;
use serde::de::DeserializeOwned;
use trybuy_formats::ids::KeyId;
use trybuy_formats::slug::Slug;

use crate::auth::{SignedBody, TakesSignedRequests as _};
use crate::error::ApiError;
use crate::license_server::LicenseServerState;
use crate::store::LicenseGateway;

/// The gateway that signed the request.
pub struct SignedGateway {
    /// The gateway.
    pub gateway: LicenseGateway,
    request: SignedBody,
}

impl SignedGateway {
    /// The body as JSON.
    ///
    /// # Errors
    /// `bad-request`, when it is not what the address expects.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, ApiError> {
        self.request.json()
    }
}

impl FromRequest<LicenseServerState> for SignedGateway {
    type Rejection = ApiError;

    async fn from_request(request: Request, server: &LicenseServerState) -> Result<Self, ApiError> {
        let request = SignedBody::from_request(request, server).await?;
        let known = match request.key_id().parse::<KeyId>() {
            Ok(key) => server.store.license_gateway(key).await?,
            Err(_) => None,
        };
        let Some(gateway) = known else {
            server.failures().count(&request.client().network())?;
            let what = "the signature names no gateway that is registered here";
            let refused = ApiError::new(Slug::GatewayNotRegistered, what);
            let refused = refused.status(StatusCode::UNAUTHORIZED);
            return Err(refused.help("register it with `license-server gateway add`"));
        };
        request.verify(server, &gateway.public_key)?;
        Ok(Self { gateway, request })
    }
}
