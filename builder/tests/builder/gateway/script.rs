//! What a gateway and its license server answer, as a test says.

use std::sync::mpsc::{Receiver, Sender};

use trybuy_formats::api::{
    ChallengeAnswer, GatewayInfo, LicenseAnswer, LicenseInfo, LicenseOutcome, LicenseRequest,
    SignedRequest,
};
use trybuy_formats::ids::{Digest, Label, PackId, PlatformType, SeatLicenseId};
use trybuy_formats::instant::{Instant, Span};
use trybuy_formats::licensing::challenge::{ChallengeResponse, Response as ImageResponse};
use trybuy_formats::licensing::sealed_license;
use trybuy_formats::licensing::seat_license::{SeatLicense, SeatLicenseKind};
use trybuy_formats::licensing::signing::{ClientKey, open_from_client};
use trybuy_formats::licensing::upgrade::UpgradeRequest;
use trybuy_formats::primitives::{EcdsaKey, EncryptionKey};
use trybuy_formats::slug::Slug;

use super::PRODUCT;
use super::company::Company;
use crate::http::{Request, Response};
use crate::world::{json, problem};

const CHALLENGE: [u8; 32] = [7; 32];
const TOKEN: &[u8] = b"a token";
pub(super) const DAY: u64 = 86_400;

/// What a test may change while the gateway runs.
pub(crate) struct Script {
    /// The version that the service needs.
    pub(crate) version: &'static str,
    /// The features that it asks for.
    pub(crate) features: Vec<Label>,
    /// What the license server decides.
    pub(crate) outcome: LicenseOutcome,
    /// Changes what is licensed.
    pub(crate) change: fn(&mut SeatLicense),
    /// The license is for another client.
    pub(crate) for_another: bool,
    /// The license is of another authority.
    pub(crate) forged: bool,
    /// The license is altered on its way.
    pub(crate) damaged: bool,
    /// The answer that is given again in place of a new one, by its number.
    pub(crate) replayed: Option<usize>,
    /// What was answered.
    answers: Vec<LicenseAnswer>,
    /// What is refused: the last part of its path, and why.
    pub(crate) refused: Option<(&'static str, Slug)>,
    /// Another authority than its own that it shows.
    pub(crate) shown: Option<String>,
    /// Another license server than its own that it names.
    pub(crate) named: Option<&'static str>,
    /// Every license that is presented was revoked.
    pub(crate) revoked: bool,
    /// As what the gateway refuses a license that was revoked.
    pub(crate) refusal: Slug,
    /// The license that was issued last, for which client, and its certificate.
    issued: Option<(SeatLicense, ClientKey, Vec<u8>)>,
    revoked_certificates: Vec<Vec<u8>>,
    /// No license is admitted: those of another authority are.
    pub(crate) admits_none: bool,
    /// A connection is kept for more than one request.
    pub(crate) keeps_connections: bool,
    /// Before it answers a challenge response, it tells the test and waits for it.
    pub(crate) pause: Option<(Sender<()>, Receiver<()>)>,
    /// Every request for a license, by the last part of its path.
    pub(crate) log: Vec<String>,
    pub(crate) responses: Vec<ChallengeResponse>,
    pub(crate) upgrades: Vec<UpgradeRequest>,
    /// How often the service was asked for anything.
    pub(crate) served: usize,
    /// The service sends the rest of its answer when it is told so.
    pub(crate) proceed: Option<Receiver<()>>,
    pub(super) company: Company,
    pub(super) other: Company,
}

impl Script {
    pub(super) fn new() -> Self {
        Self {
            version: "5.0.0",
            features: Vec::new(),
            outcome: LicenseOutcome::Granted,
            change: |_| {},
            for_another: false,
            forged: false,
            damaged: false,
            replayed: None,
            answers: Vec::new(),
            refused: None,
            shown: None,
            named: None,
            revoked: false,
            refusal: Slug::LicenseRevoked,
            issued: None,
            revoked_certificates: Vec::new(),
            admits_none: false,
            keeps_connections: false,
            pause: None,
            log: Vec::new(),
            responses: Vec::new(),
            upgrades: Vec::new(),
            served: 0,
            proceed: None,
            company: Company::begun(400),
            other: Company::begun(400),
        }
    }

    /// The certificate of another authority, in PEM.
    pub(crate) fn other_authority(&self) -> String {
        self.other.pem()
    }

    /// From now on its license server is another one, under the authority of another gateway.
    pub(crate) fn join(&mut self, other: &Self, license_server: &str) {
        self.company = other.company.beside(license_server);
    }

    /// From now on authority and license server are new.
    pub(crate) fn begin_anew(&mut self) {
        self.company = Company::begun(0);
    }

    /// How often something was asked.
    pub(crate) fn asked(&self, what: &str) -> usize {
        self.log.iter().filter(|entry| *entry == what).count()
    }

    pub(super) fn answer(&mut self, request: &Request) -> Response {
        let asked = request.path().rsplit('/').next().unwrap_or_default().to_owned();
        self.log.push(asked.clone());
        if let Some((_, slug)) = self.refused.filter(|(what, _)| *what == asked) {
            return problem(slug, 409, None);
        }
        match asked.as_str() {
            "gateway" => json(200, &self.info()),
            // Nobody reads more of it than that it is good.
            "license" => json(200, &license_info()),
            "license-requests" => {
                let _: LicenseRequest = serde_json::from_slice(&request.body).expect("a request");
                let ends_at = now().plus(Span::seconds(60));
                let (challenge, token) = (CHALLENGE.to_vec(), TOKEN.to_vec());
                json(200, &ChallengeAnswer { challenge, token, ends_at })
            }
            "challenge-responses" => self.respond(&document(request)),
            "upgrades" => self.upgrade(&document(request)),
            _ => problem(Slug::NotFound, 404, None),
        }
    }

    /// Revokes the license that was issued last.
    pub(crate) fn revoke_last(&mut self) {
        let (_, _, certificate) = self.issued.as_ref().expect("one was issued");
        self.revoked_certificates.push(certificate.clone());
    }

    /// What the license that was issued last would be now, had it been issued an hour ago until just now: in PEM, with
    /// what it is issued under.
    pub(super) fn ended(&self) -> String {
        let (license, client, _) = self.issued.as_ref().expect("one was issued");
        let mut license = license.clone();
        license.ends_at = Some(license.issued_at.minus(Span::seconds(1)));
        license.issued_at = license.issued_at.minus(Span::seconds(3600));
        let issuer = &self.company.issuer;
        let certificate = issuer.issue(&license, client.spki()).expect("issued");
        issuer.chain().with_leaf(certificate).expect("a chain").to_pem()
    }

    /// Why a license that is presented is refused, if it is.
    pub(super) fn refusal_of(&self, certificate: &[u8]) -> Option<Slug> {
        let mut revoked = self.revoked_certificates.iter();
        let is_revoked = self.revoked || revoked.any(|revoked| revoked == certificate);
        is_revoked.then_some(self.refusal)
    }

    fn info(&self) -> GatewayInfo {
        let own = self.company.issuer.id().clone();
        GatewayInfo {
            license_server: self.named.map_or(own, |named| named.parse().expect("an id")),
            product_id: PRODUCT.parse().expect("a product"),
            version: self.version.parse().expect("a version"),
            features: self.features.clone(),
            authority: self.shown.clone().unwrap_or_else(|| self.company.pem()),
        }
    }

    fn respond(&mut self, document: &str) -> Response {
        let (client, response) =
            open_from_client::<ChallengeResponse>(document).expect("signed by the client");
        assert_eq!(response.token, TOKEN);
        assert_eq!(response.response, image_response());
        let answer = self.license(&client, &response.encryption_key);
        self.responses.push((*response).clone());
        answer
    }

    fn upgrade(&mut self, document: &str) -> Response {
        let (client, request) =
            open_from_client::<UpgradeRequest>(document).expect("signed by the client");
        self.upgrades.push((*request).clone());
        self.license(&client, &request.encryption_key)
    }

    fn license(&mut self, client: &ClientKey, encryption_key: &[u8]) -> Response {
        if let Some(number) = self.replayed {
            return json(200, &self.answers[number]);
        }
        let another = EcdsaKey::generate().expect("a key");
        let spki = if self.for_another { another.spki() } else { client.spki() };
        let client = ClientKey::from_spki(spki).expect("a client");
        let is_temporary =
            matches!(self.outcome, LicenseOutcome::Temporary | LicenseOutcome::TemporaryAgain);
        let pack = PackId::new();
        let mut license = SeatLicense {
            format: 1,
            license_id: match is_temporary {
                true => SeatLicenseId::temporary(),
                false => SeatLicenseId::of_pack(pack, 1001, 0),
            },
            client_id: client.client_id(),
            issued_at: now(),
            ends_at: is_temporary.then(|| now().plus(Span::seconds(60 * DAY))),
            license_server: self.company.issuer.id().clone(),
            kind: match is_temporary {
                true => SeatLicenseKind::Temporary,
                false => SeatLicenseKind::Permanent,
            },
            pack_id: (!is_temporary).then_some(pack),
            product_id: PRODUCT.parse().expect("a product"),
            version: self.version.parse().expect("a version"),
            features: Vec::new(),
            platform_type: PlatformType::NonWindows,
        };
        (self.change)(&mut license);
        let issuer = if self.forged { &self.other.issuer } else { &self.company.issuer };
        let certificate = issuer.issue(&license, spki).expect("issued");
        let der = certificate.der().to_vec();
        let chain = issuer.chain().with_leaf(certificate).expect("a chain");
        let recipient = EncryptionKey::from_spki(encryption_key).expect("a key");
        self.issued = Some((license, client, der));
        let mut license = sealed_license::seal(&chain, &recipient).expect("sealed");
        if self.damaged {
            let middle = license.len() / 2;
            license[middle] ^= 1;
        }
        let answer = LicenseAnswer { outcome: self.outcome, license };
        self.answers.push(answer.clone());
        json(200, &answer)
    }
}

pub(super) fn now() -> Instant {
    trybuy::clock::now()
}

fn license_info() -> LicenseInfo {
    LicenseInfo {
        license_id: SeatLicenseId::temporary(),
        kind: SeatLicenseKind::Temporary,
        product_id: PRODUCT.parse().expect("a product"),
        version: "5.0.0".parse().expect("a version"),
        features: Vec::new(),
        ends_at: None,
    }
}

fn document(request: &Request) -> String {
    let SignedRequest { document } = serde_json::from_slice(&request.body).expect("a document");
    document
}

/// What the Builder has to answer to the challenge.
fn image_response() -> Digest {
    let image = std::fs::read(env!("CARGO_BIN_EXE_trybuy")).expect("the Builder");
    let mut response = ImageResponse::to(&CHALLENGE);
    response.update(&image);
    response.finish()
}
