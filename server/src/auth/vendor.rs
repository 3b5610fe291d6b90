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

impl FromRequestParts<AppState> for Vendor {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &AppState) -> Result<Self, ApiError> {
        let client = ClientAddress::of(parts, app);
        let Some(token) = bearer(&parts.headers) else {
            let what = "there is no vendor token in Authorization";
            return Err(refused(app, client, what.to_owned())
                .help("send `Authorization: Bearer tbv_…` with the token the operator gave you"));
        };
        match app.store.vendor_of_token(&token.hash()).await? {
            Some(vendor) => Ok(Self(vendor)),
            None => Err(refused(app, client, "the vendor token is not valid".to_owned())
                .help("ask the operator of the server for another one")),
        }
    }
}

fn bearer(headers: &HeaderMap) -> Option<VendorToken> {
    let (scheme, token) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(())?;
    VendorToken::parse(token.trim_start_matches(' '))
}
