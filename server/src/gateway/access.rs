//! Who may pass: clients with a valid license (SL Fig. 5). Others are led to one.

mod contact;
mod direct_users;
mod held;
mod held_passes;
mod license_server;
mod own_addresses;
mod own_requests;
mod rates;
mod records;
mod requirement;
mod revoked;
mod seen;
mod state;
mod temporary;
mod token;
mod turns;
mod unread;
mod worker;

use std::sync::Arc;

use axum::extract::Request;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method};
use axum::response::{IntoResponse, Response};
use hyper::body::Incoming;
use rustls::pki_types::CertificateDer;
use trybuy_formats::api::REFUSAL;
use trybuy_formats::certificates::VerifiedLicense;
use trybuy_formats::instant::{Instant, Span};
use trybuy_formats::licensing::identity::Identity;

use self::held_passes::Holder;

pub use self::contact::shown_key;
pub use self::direct_users::{DirectUsers, NamedUsers, UnknownUser};
pub use self::held::{USER, new_client};
pub use self::license_server::{LicenseServer, LicenseServerError};
pub use self::own_requests::OwnKeys;
pub use self::rates::Rates;
pub use self::requirement::{NoLicense, Requirement};
pub use self::revoked::Revocations;
pub use self::state::{GatewayParts, GatewayState, StaleList};
pub use self::worker::{ISSUER, REVOKED, Worker};
use super::{Access, Decision, Origin, Peer, Standing};
use crate::error::ApiError;

/// The field that tells the service who a client is (`LI-10`).
const IDENTITY: HeaderName = HeaderName::from_static("trybuy-license");
/// How long a token is valid. It is made anew for a connection when half of this has passed.
const TOKEN_LIFE: Span = Span::seconds(120);

/// Lets clients with a valid license pass. Cheap to clone.
#[derive(Clone)]
pub struct LicenseAccess(Arc<GatewayState>);

/// What is known of a client whose license was verified. Cheap to clone.
#[derive(Clone)]
pub struct Pass {
    license: Arc<VerifiedLicense>,
    token: HeaderValue,
    renew_at: Instant,
    standing: Standing,
}

impl LicenseAccess {
    /// Access by the licenses of one license server.
    pub fn new(state: Arc<GatewayState>) -> Self {
        Self(state)
    }

    /// Answers what is asked of the gateway itself.
    async fn answer(&self, peer: &Peer, path: &str, mut request: Request<Incoming>) -> Response {
        if request.method() != Method::GET || path != own_addresses::LICENSE {
            return self.0.answer(peer.origin, path, request).await;
        }
        let admitted = self.admit(peer, request.headers_mut()).await;
        let shown = admitted.and_then(|pass| own_addresses::show_license(pass.license.license()));
        unread::discard(request, shown.unwrap_or_else(IntoResponse::into_response))
    }

    /// The pass of whom a request is from, whose license is valid now.
    async fn admit(&self, peer: &Peer, headers: &mut HeaderMap) -> Result<Pass, ApiError> {
        let now = self.0.clock.now();
        let token = token::take(headers);
        let pass = match (peer.origin, &peer.certificates, token) {
            (Origin::Local { user }, ..) => self.held(Holder::User(user), peer.origin, now).await?,
            (_, Some(certificates), _) => self.presented(peer, certificates, now)?,
            (origin, None, Some(token)) => self.held(Holder::Token(token), origin, now).await?,
            (_, None, None) => return Err(NoLicense::Missing.into()),
        };
        self.0.still_valid(&pass.license, now)?;
        Ok(pass)
    }

    /// The pass of a client whose license the gateway holds.
    async fn held(&self, holder: Holder, origin: Origin, now: Instant) -> Result<Pass, ApiError> {
        let is_good =
            |pass: &Pass| now < pass.renew_at && self.0.still_valid(&pass.license, now).is_ok();
        if let Some(pass) = self.0.held_passes.of(holder).filter(is_good) {
            return Ok(pass);
        }
        let license = match holder {
            Holder::User(user) => self.0.license_of_user(user, now).await?,
            Holder::Token(token) => self.0.license_of_token(origin, token, now).await?,
        };
        let pass = self.issue(Arc::new(license), now)?;
        self.0.held_passes.remember(holder, pass.clone());
        Ok(pass)
    }

    /// Verifies the license of a connection, once (SL Fig. 5, step 182).
    fn presented(
        &self,
        peer: &Peer,
        certificates: &[CertificateDer<'_>],
        now: Instant,
    ) -> Result<Pass, ApiError> {
        let license = match peer.pass() {
            Some(pass) if now < pass.renew_at => return Ok(pass),
            Some(pass) => pass.license,
            None => {
                let license = self.0.verify(certificates, now)?;
                self.0.requirement.check(license.license())?;
                self.0.seen.note(&license);
                Arc::new(license)
            }
        };
        let pass = self.issue(license, now)?;
        peer.remember(pass.clone());
        Ok(pass)
    }

    fn issue(&self, license: Arc<VerifiedLicense>, now: Instant) -> Result<Pass, ApiError> {
        let identity = Identity::of(license.license(), now, now.plus(TOKEN_LIFE));
        let token = identity.sign(&self.0.identity_key).map_err(ApiError::fault)?;
        let token = HeaderValue::try_from(token).map_err(ApiError::fault)?;
        let half = Span::seconds(TOKEN_LIFE.as_seconds() / 2);
        let standing = {
            // The state has passes, so a pass does not have the state.
            let (state, license) = (Arc::downgrade(&self.0), Arc::clone(&license));
            let valid = move |state: Arc<GatewayState>| {
                state.still_valid(&license, state.clock.now()).is_ok()
            };
            let holds = move || state.upgrade().is_some_and(&valid);
            Standing::new(self.0.news.subscribe(), holds)
        };
        Ok(Pass { license, token, renew_at: now.plus(half), standing })
    }
}

impl Access for LicenseAccess {
    async fn decide(&self, peer: &Peer, mut request: Request<Incoming>) -> Decision {
        let own = own_addresses::own_path(request.uri().path()).map(str::to_owned);
        if let Some(path) = own {
            return Decision::Answer(self.answer(peer, &path, request).await);
        }
        match self.admit(peer, request.headers_mut()).await {
            Ok(Pass { token, standing, .. }) => Decision::Pass {
                request: Box::new(request),
                identity: HeaderMap::from_iter([(IDENTITY, token)]),
                standing,
            },
            Err(refused) => Decision::Answer(unread::discard(request, refusal(refused))),
        }
    }
}

/// A refusal as clients can tell it from what the service answers, also where there is no body.
fn refusal(refused: ApiError) -> Response {
    let slug = refused.slug();
    let mut answer = refused.into_response();
    answer.headers_mut().insert(REFUSAL, HeaderValue::from_static(slug.as_str()));
    answer
}
