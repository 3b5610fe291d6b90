//! A registered Builder, by the signature of its request key.

use axum::extract::{FromRequest, Request};
use serde::de::DeserializeOwned;
use trybuy_formats::api::AccessCondition;
use trybuy_formats::ids::LicenseId;
use trybuy_formats::slug::Slug;

use super::signed_body::refused;
use super::{ClientAddress, SignedBody};
use crate::app::AppState;
use crate::error::ApiError;
use crate::refusal::Refusal;
use crate::store::Builder;

/// The Builder that signed the request. Its license may have ended: that is for the service to judge,
/// as a renewal must still be possible.
pub struct SignedBuilder {
    /// The Builder.
    pub builder: Builder,
    request: SignedBody,
}

/// The signature names a Builder license that this server never gave out, or that it revoked.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("this server knows no valid Builder license for this Builder")]
struct NoBuilderLicense;

impl Refusal for NoBuilderLicense {
    fn slug(&self) -> Slug {
        Slug::NoBuilderLicense
    }

    fn help(&self) -> Option<String> {
        Some("register this Builder with `trybuy setup`".to_owned())
    }

    fn condition(&self) -> Option<AccessCondition> {
        Some(AccessCondition::A)
    }
}

impl SignedBuilder {
    /// The body as JSON.
    ///
    /// # Errors
    /// `bad-request`, when it is not what the address expects.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, ApiError> {
        self.request.json()
    }
}

/// The Builder of a license that was given out and not revoked, before its signature is verified.
///
/// # Errors
/// `no-builder-license`, or `rate-limited` after too many of those.
pub async fn known_builder(
    app: &AppState,
    client: ClientAddress,
    license: LicenseId,
) -> Result<Builder, ApiError> {
    let builder = app.store.builder(license).await?;
    match builder.filter(|builder| builder.revoked_at.is_none()) {
        Some(builder) => Ok(builder),
        None => {
            app.rate_limits.failures.count(&client.network())?;
            Err(NoBuilderLicense.into())
        }
    }
}

impl FromRequest<AppState> for SignedBuilder {
    type Rejection = ApiError;

    async fn from_request(request: Request, app: &AppState) -> Result<Self, ApiError> {
        let request = SignedBody::from_request(request, app).await?;
        let Ok(license) = request.key_id().parse::<LicenseId>() else {
            let what = "the signature names no Builder license";
            return Err(refused(app, request.client(), what.to_owned()));
        };
        let builder = known_builder(app, request.client(), license).await?;
        request.verify(app, &builder.facts.request_key)?;
        Ok(Self { builder, request })
    }
}
