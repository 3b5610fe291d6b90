//! A seat license in its client's hands.

use trybuy_formats::api::GatewayInfo;
use trybuy_formats::certificates::{
    Certificate, CertificateChain, CertificateError, VerifiedLicense,
};
use trybuy_formats::ids::ClientId;
use trybuy_formats::instant::{Instant, Span};
use trybuy_formats::licensing::seat_license::{SeatLicense, SeatLicenseKind};
use trybuy_formats::slug::Slug;

use super::gateway::Gateway;
use crate::client::address::ServerAddress;

/// How much this computer's clock may be behind that of the license server, before a license that was
/// just issued is not valid yet.
const CLOCK_TOLERANCE: Span = Span::seconds(300);

/// A license that was issued under the authority of a gateway, be it valid by now or not.
#[derive(Clone)]
pub struct ClientLicense {
    chain: CertificateChain,
    verified: VerifiedLicense,
    gateway: ServerAddress,
    standing: Result<(), Slug>,
}

impl ClientLicense {
    /// Verifies a license. Its dates do not make it another one's: they are part of its standing.
    ///
    /// # Errors
    /// Why it is none of the gateway's authority.
    pub fn verify(
        chain: CertificateChain,
        gateway: &Gateway,
        client: Option<ClientId>,
        now: Instant,
    ) -> Result<Self, CertificateError> {
        let verify = |at| gateway.authorities().verify_license(&chain, at);
        let (verified, in_time) = match verify(now) {
            Ok(verified) => (verified, Ok(())),
            // Whose it is and what it is for is known all the same.
            Err(CertificateError::Ended) => {
                (verify(chain.leaf().not_after())?, Err(Slug::LicenseExpired))
            }
            Err(CertificateError::NotYetValid) => {
                let begin = begin(&chain, gateway);
                let is_close = begin.since(now) <= CLOCK_TOLERANCE;
                (verify(begin)?, if is_close { Ok(()) } else { Err(Slug::LicenseNotActive) })
            }
            Err(error) => return Err(error),
        };
        let standing = match client {
            None => Err(Slug::NoBuilderKey),
            Some(client) if client != verified.license().client_id => Err(Slug::LicenseForeign),
            Some(_) => in_time,
        };
        Ok(Self { chain, verified, gateway: gateway.address().clone(), standing })
    }

    /// Its fields (SL Table 5).
    pub fn fields(&self) -> &SeatLicense {
        self.verified.license()
    }

    /// Its certificate and those that it was issued under.
    pub fn chain(&self) -> &CertificateChain {
        &self.chain
    }

    /// Its certificate.
    pub fn certificate(&self) -> &Certificate {
        self.verified.certificate()
    }

    /// The certificate of the license server that issued it.
    pub fn issuer(&self) -> &Certificate {
        self.verified.issuer()
    }

    /// The gateway that it came from.
    pub fn gateway(&self) -> &ServerAddress {
        &self.gateway
    }

    /// Whether this client can use it now, or why not.
    pub fn standing(&self) -> Result<(), Slug> {
        self.standing
    }

    /// Whether it lasts.
    pub fn is_permanent(&self) -> bool {
        self.fields().kind == SeatLicenseKind::Permanent
    }

    /// Whether this client can use it now for what the service behind a gateway needs.
    pub fn serves(&self, needed: &GatewayInfo) -> bool {
        self.standing.is_ok()
            && self.fields().covers(&needed.product_id, &needed.version)
            && self.fields().enables(&needed.features)
    }

    /// Whether it is as good as another license of its product, whatever that is wanted for.
    pub fn covers(&self, other: &Self) -> bool {
        let other = other.fields();
        self.fields().covers(&other.product_id, &other.version)
            && self.fields().enables(&other.features)
    }

    /// Whether it is what another license has become, which was upgraded or signed anew.
    pub fn was(&self, other: &Self) -> bool {
        self.fields().license_id == other.fields().license_id
    }

    /// Whether it can be used until another license cannot be used any more.
    pub fn lasts_as_long_as(&self, other: &Self) -> bool {
        let end = |it: &Self| it.usable_until().unwrap_or_else(Instant::last);
        end(self) >= end(other)
    }

    /// Until when it can be used; none for a license without an end. A certificate may end before its
    /// license does, with that of its license server.
    pub fn usable_until(&self) -> Option<Instant> {
        let certificate_end = self.certificate().not_after();
        let end = self.fields().ends_at.unwrap_or_else(Instant::last).min(certificate_end);
        (end < Instant::last()).then_some(end)
    }

    /// The started days until then, as everywhere (`XD-3`); none for a license without an end.
    pub fn days_left(&self, now: Instant) -> Option<u64> {
        self.usable_until().map(|end| end.since(now).started_days())
    }
}

/// When all certificates of a license are valid.
fn begin(chain: &CertificateChain, gateway: &Gateway) -> Instant {
    let certificates = chain.certificates().iter().chain(gateway.authorities().certificates());
    let begins = certificates.map(Certificate::not_before);
    begins.fold(chain.leaf().not_before(), Instant::max)
}
