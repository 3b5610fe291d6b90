//! Vendors, by a bearer token (RFC 6750).

use axum::extract::FromRequestParts;
use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;

use super::signed_body::refused;
use super::{ClientAddress, VendorToken};
use crate::app::AppState;
use crate::error::ApiError;
use crate::store;

/// The vendor whose token came with the request.
pub struct Vendor(pub store::Vendor);

/// The same with the token, where it is recorded who changed something.
pub struct Actor(pub store::Actor);

impl FromRequestParts<AppState> for Vendor {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &AppState) -> Result<Self, ApiError> {
        Actor::from_request_parts(parts, app).await.map(|Actor(actor)| Self(actor.vendor))
    }
}

impl FromRequestParts<AppState> for Actor {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &AppState) -> Result<Self, ApiError> {
        let client = ClientAddress::of(parts, app);
        let Some(text) = bearer(&parts.headers) else {
            let what = "there is no vendor token in Authorization";
            return Err(refused(app, client, what.to_owned())
                .help("send `Authorization: Bearer tbv_…` with the token the operator gave you"));
        };
        let actor = match VendorToken::parse(text) {
            Some(token) => app.store.actor(&token.hash()).await?,
            None => None,
        };
        actor.map(Self).ok_or_else(|| {
            refused(app, client, "the vendor token is not valid".to_owned())
                .help("ask the operator of the server for another one")
        })
    }
}

/// What stands behind the scheme.
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim_start_matches(' '))
}
