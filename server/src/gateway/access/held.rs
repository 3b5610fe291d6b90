//! Clients that cannot show a license themselves: the gateway holds theirs (SL: "a legacy license store,
//! which stores licenses for clients whose platforms cannot generate a unique system ID").
//!
//! A *legacy* client is known by a token that its administrator gave it; it shows the token in the field
//! `Legacy-Client`, or in a cookie that it got by visiting `/.well-known/trybuy/legacy/TOKEN`. A
//! *direct-connect* client sits at the gateway's own machine and is known by its user, as the system says it
//! of whoever connects to the gateway's local socket.

use std::time::Duration;

use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use trybuy_formats::certificates::{CertificateChain, VerifiedLicense};
use trybuy_formats::ids::{Digest, Label, PlatformType};
use trybuy_formats::instant::Instant;
use trybuy_formats::primitives::{EcdsaKey, sha256};

use super::requirement::NoLicense;
use super::state::GatewayState;
use crate::error::ApiError;
use crate::store::GatewayClient;

/// The field with a legacy client's token.
const FIELD: HeaderName = HeaderName::from_static("legacy-client");
/// The cookie with a legacy client's token.
const COOKIE: &str = "legacy-client";
/// How long after a license server gave none it is asked again for the same client.
const PAUSE: Duration = Duration::from_secs(10);

/// The digest of the token that a legacy client shows. The service does not get to see the token.
pub(super) fn take_token(headers: &mut HeaderMap) -> Option<Digest> {
    let field = headers.remove(FIELD);
    let cookie = take_cookie(headers);
    let token =
        field.as_ref().and_then(|value| value.to_str().ok()).map(str::to_owned).or(cookie)?;
    Some(Digest::from_bytes(sha256(token.as_bytes())))
}

/// Takes the token out of the cookies.
fn take_cookie(headers: &mut HeaderMap) -> Option<String> {
    let cookies: Vec<HeaderValue> = headers.get_all(header::COOKIE).iter().cloned().collect();
    let texts: Vec<&str> =
        cookies.iter().map(HeaderValue::to_str).collect::<Result<_, _>>().ok()?;
    let crumbs = || texts.iter().flat_map(|text| text.split(';')).map(str::trim);
    let is_ours = |crumb: &&str| crumb.split_once('=').is_some_and(|(name, _)| name == COOKIE);
    let token = crumbs().find(is_ours)?.split_once('=')?.1.to_owned();
    let others = crumbs().filter(|crumb| !is_ours(crumb)).collect::<Vec<_>>().join("; ");
    headers.remove(header::COOKIE);
    if let (false, Ok(others)) = (others.is_empty(), HeaderValue::try_from(others)) {
        headers.insert(header::COOKIE, others);
    }
    Some(token)
}

/// Keeps a legacy client's token in its browser.
pub(super) fn keep_token(token: &str) -> Response {
    let cookie =
        format!("{COOKIE}={token}; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=31536000");
    match HeaderValue::try_from(cookie) {
        Ok(cookie) => {
            let location = HeaderValue::from_static("/");
            let private = HeaderValue::from_static("no-referrer");
            let headers = [
                (header::SET_COOKIE, cookie),
                (header::LOCATION, location),
                (header::REFERRER_POLICY, private),
            ];
            (StatusCode::SEE_OTHER, headers).into_response()
        }
        Err(_) => StatusCode::BAD_REQUEST.into_response(),
    }
}

impl GatewayState {
    /// The valid license of a legacy client.
    ///
    /// # Errors
    /// The token is nobody's, or there is no license for the client.
    pub(super) async fn license_of_token(
        &self,
        token: Digest,
        now: Instant,
    ) -> Result<VerifiedLicense, ApiError> {
        let client = self.store.gateway_client_of_token(token).await?;
        let client = client.ok_or(NoLicense::Missing)?;
        self.held_license(client, now).await
    }

    /// The valid license of a user of this machine, who becomes a client with the first request.
    ///
    /// # Errors
    /// There is no license for the client.
    pub(super) async fn license_of_user(
        &self,
        user: u32,
        now: Instant,
    ) -> Result<VerifiedLicense, ApiError> {
        let name: Label = format!("user-{user}").parse().map_err(ApiError::fault)?;
        let client = match self.store.gateway_client(&name).await? {
            Some(client) => client,
            None => {
                let client = new_client(name, PlatformType::DirectConnect, None, now)?;
                self.store.add_gateway_client(&client).await?;
                // Another request of the user may have been faster; its key is the one.
                self.store.gateway_client(&client.name).await?.unwrap_or(client)
            }
        };
        self.held_license(client, now).await
    }

    /// The license that is held for a client, or a new one.
    async fn held_license(
        &self,
        client: GatewayClient,
        now: Instant,
    ) -> Result<VerifiedLicense, ApiError> {
        if let Some(license) = self.usable(&client, now) {
            return Ok(license);
        }
        if !self.pauses.begin(&client.name, PAUSE) {
            return Err(NoLicense::Missing.into());
        }
        let pem = self.license_server.request_for(&client, &self.requirement, now).await?;
        let license = self.verify_held(&client, &pem, now)?;
        self.store.set_gateway_client_license(&client.name, &pem).await?;
        Ok(license)
    }

    fn usable(&self, client: &GatewayClient, now: Instant) -> Option<VerifiedLicense> {
        let license = self.verify_held(client, client.license.as_deref()?, now).ok()?;
        self.still_valid(&license, now).ok()?;
        Some(license)
    }

    fn verify_held(
        &self,
        client: &GatewayClient,
        pem: &str,
        now: Instant,
    ) -> Result<VerifiedLicense, NoLicense> {
        let chain = CertificateChain::from_pem(pem)?;
        let verified = self.authorities.verify_license(&chain, now)?;
        let is_theirs = verified.certificate().spki() == client.client_key
            && verified.license().platform_type == client.platform_type
            && verified.license().license_server == self.license_server_id;
        if !is_theirs {
            return Err(NoLicense::Foreign("another client".to_owned()));
        }
        self.requirement.check(verified.license())?;
        Ok(verified)
    }
}

/// A client with a key of its own, whose private half is thrown away: nobody can use its licenses
/// elsewhere.
///
/// # Errors
/// When the library fails.
pub fn new_client(
    name: Label,
    platform_type: PlatformType,
    token_digest: Option<Digest>,
    now: Instant,
) -> Result<GatewayClient, ApiError> {
    let key = EcdsaKey::generate().map_err(ApiError::fault)?;
    Ok(GatewayClient {
        name,
        platform_type,
        token_digest,
        client_key: key.spki().to_vec(),
        license: None,
        added_at: now,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_taken_out_of_the_request() {
        let digest = |text: &str| Digest::from_bytes(sha256(text.as_bytes()));
        for (cookie, left) in [
            ("legacy-client=abc", None),
            ("a=1; legacy-client=abc; b=2", Some("a=1; b=2")),
            ("a=1;legacy-client=abc", Some("a=1")),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::COOKIE, HeaderValue::from_static(cookie));
            assert_eq!(take_token(&mut headers), Some(digest("abc")), "{cookie}");
            let rest = headers.get(header::COOKIE).and_then(|value| value.to_str().ok());
            assert_eq!(rest, left, "{cookie}");
        }
        let mut headers = HeaderMap::new();
        headers.insert(FIELD, HeaderValue::from_static("xyz"));
        headers.insert(header::COOKIE, HeaderValue::from_static("a=1; legacy-clients=abc"));
        assert_eq!(take_token(&mut headers), Some(digest("xyz")));
        assert!(!headers.contains_key(FIELD));
        assert_eq!(headers[header::COOKIE], "a=1; legacy-clients=abc");
        assert_eq!(take_token(&mut headers), None);
    }
}
