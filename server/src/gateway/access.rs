//! Who may pass: clients with a valid license (SL Fig. 5). Others are led to one.

mod direct_users;
mod held;
mod license_server;
mod own_addresses;
mod own_requests;
mod rates;
mod requirement;
mod revoked;
mod seen;
mod state;
mod token;
mod turns;
mod worker;

use std::sync::Arc;

use axum::extract::Request;
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::response::IntoResponse as _;
use hyper::body::Incoming;
use rustls::pki_types::CertificateDer;
use trybuy_formats::certificates::VerifiedLicense;
use trybuy_formats::instant::{Instant, Span};
use trybuy_formats::licensing::identity::Identity;

pub use self::direct_users::{DirectUsers, NamedUsers, UnknownUser};
pub use self::held::{USER, new_client};
pub use self::license_server::{LicenseServer, LicenseServerError};
pub use self::own_requests::OwnKeys;
pub use self::rates::Rates;
pub use self::requirement::{NoLicense, Requirement};
pub use self::revoked::Revocations;
pub use self::state::{GatewayParts, GatewayState, StaleList};
pub use self::worker::{ISSUER, RECORDS, REVOKED, Worker};
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

    /// The pass of whom a request is from, whose license is valid now.
    async fn admit(&self, peer: &Peer, headers: &mut HeaderMap) -> Result<Pass, ApiError> {
        let now = self.0.clock.now();
        let token = token::take(headers);
        let pass = match (peer.origin, &peer.certificates, token) {
            (Origin::Local { user }, ..) => {
                self.issue(Arc::new(self.0.license_of_user(user, now).await?), now)?
            }
            (_, Some(certificates), _) => self.presented(peer, certificates, now)?,
            (origin, None, Some(token)) => {
                self.issue(Arc::new(self.0.license_of_token(origin, token, now).await?), now)?
            }
            (_, None, None) => return Err(NoLicense::Missing.into()),
        };
        self.0.still_valid(&pass.license, now)?;
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
            let (state, license) = (Arc::clone(&self.0), Arc::clone(&license));
            let holds = move || state.still_valid(&license, state.clock.now()).is_ok();
            Standing::new(self.0.news.subscribe(), holds)
        };
        Ok(Pass { license, token, renew_at: now.plus(half), standing })
    }
}

impl Access for LicenseAccess {
    async fn decide(&self, peer: &Peer, mut request: Request<Incoming>) -> Decision {
        let own = own_addresses::own_path(request.uri().path()).map(str::to_owned);
        if let Some(path) = own {
            return Decision::Answer(self.0.answer(peer.origin, &path, request).await);
        }
        match self.admit(peer, request.headers_mut()).await {
            Ok(Pass { token, standing, .. }) => Decision::Pass {
                request: Box::new(request),
                identity: HeaderMap::from_iter([(IDENTITY, token)]),
                standing,
            },
            Err(refused) => Decision::Answer(refused.into_response()),
        }
    }
}
