//! A client whose license the gateway holds, as `trybuy-server gateway client list` shows it.

use std::fmt;

use serde::Serialize;
use trybuy_formats::certificates::{Authorities, CertificateChain, VerifiedLicense};
use trybuy_formats::ids::{ClientId, Label, PlatformType, SeatLicenseId};
use trybuy_formats::instant::Instant;
use trybuy_formats::keys::key_id;
use trybuy_formats::licensing::seat_license::SeatLicenseKind;

use crate::gateway::access::{NoLicense, Revocations};
use crate::store::GatewayClient;

/// What there is to know of licenses.
pub(super) struct Known {
    /// The certifying authorities that are trusted.
    pub(super) authorities: Authorities,
    /// What was revoked, as far as the gateway has heard.
    pub(super) revocations: Revocations,
    /// The time.
    pub(super) now: Instant,
}

/// A client and its license.
#[derive(Serialize)]
pub(super) struct ListedClient {
    name: Label,
    platform_type: PlatformType,
    /// Who it is at the license server.
    client_id: ClientId,
    /// Its license; null where there is none yet, or where it cannot be read.
    license_id: Option<SeatLicenseId>,
    kind: Option<SeatLicenseKind>,
    /// Until when the license can be used; null for one without an end.
    usable_until: Option<Instant>,
    state: State,
    added_at: Instant,
}

/// How the license of a client is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
enum State {
    /// The client has not come yet, or got none.
    NoneYet,
    /// It can be used.
    Valid,
    /// It has ended.
    Ended,
    /// It was revoked.
    Revoked,
    /// A newer one took its place, which the gateway asks for when the client next comes.
    Replaced,
    /// It is of no authority that is trusted, or cannot be read. The gateway asks for another one.
    Damaged,
}

impl ListedClient {
    pub(super) fn of(client: GatewayClient, known: &Known) -> Self {
        let license = client.license.as_deref().map(|pem| read(pem, known));
        let state = match &license {
            None => State::NoneYet,
            Some(None) => State::Damaged,
            Some(Some(license)) => state(license, known),
        };
        let license = license.flatten();
        Self {
            name: client.name,
            platform_type: client.platform_type,
            client_id: ClientId::from_bytes(*key_id(&client.client_key).as_bytes()),
            license_id: license.as_ref().map(|license| license.license().license_id),
            kind: license.as_ref().map(|license| license.license().kind),
            usable_until: license.as_ref().and_then(usable_until),
            state,
            added_at: client.added_at,
        }
    }
}

impl fmt::Display for ListedClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, platform_type, client_id, .. } = self;
        write!(f, "{name}  {platform_type}  {client_id}  ")?;
        if let Some(license_id) = self.license_id {
            write!(f, "{license_id}  ")?;
        }
        let kind = match self.kind {
            Some(SeatLicenseKind::Temporary) => "temporary, ",
            Some(SeatLicenseKind::Permanent) | None => "",
        };
        match (self.state, self.usable_until) {
            (State::NoneYet, _) => write!(f, "no license yet"),
            (State::Damaged, _) => write!(f, "damaged"),
            (State::Revoked, _) => write!(f, "{kind}revoked"),
            (State::Replaced, _) => write!(f, "{kind}replaced"),
            (State::Valid, None) => write!(f, "{kind}valid"),
            (State::Valid, Some(end)) => write!(f, "{kind}valid until {end}"),
            (State::Ended, end) => write!(f, "{kind}ended {}", end.unwrap_or_else(Instant::last)),
        }
    }
}

/// The license, which says whose it is also when it has ended.
fn read(pem: &str, known: &Known) -> Option<VerifiedLicense> {
    let chain = CertificateChain::from_pem(pem).ok()?;
    let at = known.now.max(chain.leaf().not_before()).min(chain.leaf().not_after());
    known.authorities.verify_license(&chain, at).ok()
}

fn state(license: &VerifiedLicense, known: &Known) -> State {
    let certificate = license.certificate();
    match certificate.serial().and_then(|serial| known.revocations.refusal(&serial)) {
        Some(NoLicense::Superseded) => State::Replaced,
        Some(_) => State::Revoked,
        None if known.now > certificate.not_after() => State::Ended,
        None => State::Valid,
    }
}

/// A certificate may end before its license does, with that of its license server.
fn usable_until(license: &VerifiedLicense) -> Option<Instant> {
    let end = license.license().ends_at.unwrap_or_else(Instant::last);
    let end = end.min(license.certificate().not_after());
    (end < Instant::last()).then_some(end)
}

#[cfg(test)]
mod tests {
    use trybuy_formats::certificates::{
        CertificateRequest, DevelopmentAuthority, LicenseIssuer, Role,
    };
    use trybuy_formats::instant::Span;
    use trybuy_formats::licensing::seat_license::SeatLicense;
    use trybuy_formats::primitives::EcdsaKey;

    use super::*;
    use crate::gateway::access::new_client;

    const DAY: Span = Span::seconds(86_400);

    fn beginning() -> Instant {
        Instant::from_unix(1_800_000_000).expect("an instant")
    }

    /// An authority, and a license server under it.
    fn company() -> (Authorities, LicenseIssuer) {
        let (begin, year) = (beginning().minus(DAY), Span::seconds(365 * 86_400));
        let authority = DevelopmentAuthority::generate("Authority", begin, year).expect("made");
        let key = EcdsaKey::generate().expect("a key");
        let request = CertificateRequest::to_sign_with(&key, "Acme", "acme").expect("a request");
        let request = CertificateRequest::from_pem(&request).expect("a request");
        let issued = authority.issue(&request, Role::LicenseIssuer, begin, year).expect("issued");
        let chain = CertificateChain::new(vec![issued]).expect("a chain");
        let authorities = Authorities::from_pem(&authority.certificate().to_pem());
        (authorities.expect("trusted"), LicenseIssuer::new(key, chain).expect("an issuer"))
    }

    /// A temporary license of a day.
    fn licensed(client: GatewayClient, issuer: &LicenseIssuer) -> GatewayClient {
        let license = SeatLicense {
            format: 1,
            license_id: SeatLicenseId::temporary(),
            client_id: ClientId::from_bytes(*key_id(&client.client_key).as_bytes()),
            issued_at: beginning(),
            ends_at: Some(beginning().plus(DAY)),
            license_server: issuer.id().clone(),
            kind: SeatLicenseKind::Temporary,
            pack_id: None,
            product_id: "com.example.suite".parse().expect("an id"),
            version: "4.2.0".parse().expect("a version"),
            features: Vec::new(),
            platform_type: PlatformType::Legacy,
        };
        let certificate = issuer.issue(&license, &client.client_key).expect("a license");
        let chain = issuer.chain().with_leaf(certificate).expect("a chain");
        GatewayClient { license: Some(chain.to_pem()), ..client }
    }

    #[test]
    fn a_listed_client_is_found_at_the_license_server_and_shows_how_its_license_is() {
        let (authorities, issuer) = company();
        let name = "terminal".parse().expect("a name");
        let client = new_client(name, PlatformType::Legacy, None, beginning()).expect("a client");
        let id = key_id(&client.client_key).to_string();
        let with_license = licensed(client.clone(), &issuer);
        let chain = CertificateChain::from_pem(with_license.license.as_deref().expect("one"));
        let serial = chain.expect("a chain").leaf().serial().expect("a serial");
        let damaged = GatewayClient { license: Some("damaged".to_owned()), ..client.clone() };
        let known = |revocations, now| Known { authorities: authorities.clone(), revocations, now };
        let listed = |reason: &str| {
            let text = format!("1900000000\n{serial}{reason}\n");
            known(Revocations::from_text(&text).expect("a list"), beginning())
        };
        let none = || known(Revocations::default(), beginning());
        let late = known(Revocations::default(), beginning().plus(Span::seconds(86_401)));
        let end = beginning().plus(DAY);
        for (client, known, state, words) in [
            (&client, none(), State::NoneYet, "no license yet".to_owned()),
            (&damaged, none(), State::Damaged, "damaged".to_owned()),
            (&with_license, none(), State::Valid, format!("temporary, valid until {end}")),
            (&with_license, late, State::Ended, format!("temporary, ended {end}")),
            (&with_license, listed(""), State::Revoked, "temporary, revoked".to_owned()),
            (
                &with_license,
                listed(" privilegeWithdrawn"),
                State::Revoked,
                "temporary, revoked".to_owned(),
            ),
            (
                &with_license,
                listed(" superseded"),
                State::Replaced,
                "temporary, replaced".to_owned(),
            ),
        ] {
            let listed = ListedClient::of(client.clone(), &known);
            assert_eq!(listed.state, state);
            let begin = format!("terminal  legacy  {id}  ");
            let line = listed.to_string();
            let rest = line.strip_prefix(&begin).expect(&line);
            let license = listed.license_id.map(|id| format!("{id}  ")).unwrap_or_default();
            assert_eq!(rest, format!("{license}{words}"));
        }
    }
}
