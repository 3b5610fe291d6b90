//! The license requestor 132: gets the license that the service behind a gateway needs (SL Fig. 5, 6 and
//! 8), and puts it into the cache.
//!
//! Killed anywhere, it can be repeated: a license that was granted and not stored is issued again, which
//! costs nothing.

mod obtained;
mod received;

use trybuy_formats::api::{GatewayInfo, LicenseAnswer, LicenseOutcome, LicenseRequest};
use trybuy_formats::certificates::Authorities;
use trybuy_formats::expiry::has_ended;
use trybuy_formats::ids::Label;
use trybuy_formats::licensing::challenge::ChallengeResponse;
use trybuy_formats::licensing::product::in_order;
use trybuy_formats::licensing::signing::{ClientKey, sign_as_client};
use trybuy_formats::licensing::upgrade::UpgradeRequest;
use trybuy_formats::primitives::{DecryptionKey, EcdsaKey};
use trybuy_formats::signed::{Document, FORMAT};
use trybuy_formats::slug::Slug;

use super::cache::{Cache, Objection};
use super::challenge;
use super::gateway::Gateway;
use super::gateway_client::GatewayClient;
use super::seat_license::ClientLicense;
use crate::client::address::ServerAddress;
use crate::data_dir::{DataDir, Lock};
use crate::error::Error;
use crate::{clock, keys, messages};
pub use obtained::{Obtained, Refused, Source};

/// Whom a user trusts, as the command line names it.
#[derive(Clone, Default)]
pub struct Trust {
    /// Certificates in PEM that the gateway's own may be issued under, beside the system's.
    pub ca: Option<String>,
    /// The authority that licenses are issued under.
    pub authority: Option<Authorities>,
}

/// When a license is asked for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Occasion {
    /// When there is none that serves, or a temporary one: "each time the client presents the temporary
    /// license, a new license request is generated".
    Need,
    /// Also when there is one: it is issued again.
    Renewal,
}

/// A client in contact with a gateway, holding the lock of the cache.
pub struct Requestor<'a> {
    data: &'a DataDir,
    gateway: Gateway,
    first_contact: bool,
    client: GatewayClient,
    info: GatewayInfo,
    seat_key: EcdsaKey,
    decryption_key: DecryptionKey,
    refused: Vec<Refused>,
    _lock: Lock,
}

/// What is to be done for a license.
enum Step {
    Use(ClientLicense),
    Upgrade(ClientLicense),
    Request,
}

impl<'a> Requestor<'a> {
    /// Contacts a gateway, and pins its authority at the first time. Makes the client's keys, if there are
    /// none.
    ///
    /// # Errors
    /// `server-unreachable`, `server-key-changed`, `server-error` when it is no gateway, `local-file`.
    pub fn contact(data: &'a DataDir, address: ServerAddress, trust: Trust) -> Result<Self, Error> {
        let lock = Lock::licenses(data)?;
        let known = Gateway::load(data, &address)?;
        let first_contact = known.is_none();
        let remembered = known.as_ref().and_then(|known| known.ca().map(str::to_owned));
        let ca = trust.ca.or(remembered);
        let client = GatewayClient::new(address.clone(), ca.as_deref())?;
        let info = client.info()?;
        let shown = Authorities::from_pem(&info.authority).map_err(|error| {
            messages::strange_gateway(&address.to_string(), "its authority is none")
                .caused_by(error)
        })?;
        let trusted = trust.authority.or_else(|| known.map(|known| known.authorities().clone()));
        let gateway = Gateway::pin(address, ca, trusted, shown)?;
        gateway.store(data)?;
        keys::ensure_for_licenses(data)?;
        let seat_key = keys::load_seat_key(data)?;
        let decryption_key = keys::load_decryption_key(data)?;
        Cache::open(data).remove_leftovers();
        Ok(Self {
            data,
            gateway,
            first_contact,
            client,
            info,
            seat_key,
            decryption_key,
            refused: Vec::new(),
            _lock: lock,
        })
    }

    /// The gateway.
    pub fn gateway(&self) -> &Gateway {
        &self.gateway
    }

    /// Whether its authority was pinned just now.
    pub fn is_first_contact(&self) -> bool {
        self.first_contact
    }

    /// The license of the cache that serves now, be it temporary or not, and is not known to be refused.
    pub fn serving(&self) -> Option<ClientLicense> {
        self.candidates().into_iter().find(|license| self.is_admitted(license))
    }

    /// Gets a license for the service, and stores it.
    ///
    /// # Errors
    /// What gateway and license server refuse, and why a license that came was refused here.
    pub fn obtain(&mut self, occasion: Occasion) -> Result<Obtained, Error> {
        self.obtain_with(self.candidates(), occasion)
    }

    fn obtain_with(
        &mut self,
        candidates: Vec<ClientLicense>,
        occasion: Occasion,
    ) -> Result<Obtained, Error> {
        let held = self.first_admitted(candidates);
        let obtained = self.obtain_beside(held, occasion);
        obtained.map_err(|error| self.without_another(error))
    }

    /// Gets a license again, and stores it: with its own version and features where it has not ended and is enough for the
    /// service, else with what the service needs by now, which may be what the license was before an upgrade.
    ///
    /// # Errors
    /// As [`Self::obtain`].
    pub fn renew(&mut self, license: &ClientLicense) -> Result<Obtained, Error> {
        let fields = license.fields();
        let is_of_server = fields.license_server == self.info.license_server;
        let has_ended = has_ended(fields.ends_at, clock::now());
        let needed = (&self.info.product_id, &self.info.version);
        if is_of_server
            && !has_ended
            && fields.covers(needed.0, needed.1)
            && fields.enables(&self.info.features)
        {
            self.info.version = fields.version.clone();
            self.info.features = fields.features.clone();
        }
        let mut candidates = self.candidates();
        let is_other = |other: &ClientLicense| {
            !self.serves(license) || other.certificate().der() != license.certificate().der()
        };
        // Where it is good enough, it comes before those that are better.
        candidates.sort_by_key(is_other);
        self.obtain_with(candidates, Occasion::Renewal)
    }

    /// The first license that the gateway does not refuse. Those that it does are remembered.
    fn first_admitted(&mut self, licenses: Vec<ClientLicense>) -> Option<ClientLicense> {
        for license in licenses {
            match self.refusal(&license) {
                Some(slug) => self.refused.push(Refused { license, slug }),
                None => return Some(license),
            }
        }
        None
    }

    /// The same failure with what it means for the license that is here: it stays, whatever gateways say of it, and
    /// whatever they say that the license server says.
    fn without_another(&self, error: Error) -> Error {
        match (self.serving(), self.refused.first()) {
            (None, Some(refused)) => messages::no_license_but(refused, &error),
            (Some(license), _) if error.slug() == Slug::LicenseRevoked => {
                messages::no_license_but(&Refused { license, slug: error.slug() }, &error)
            }
            _ => error,
        }
    }

    /// Gets a license where there is this one in the cache.
    fn obtain_beside(
        &self,
        held: Option<ClientLicense>,
        occasion: Occasion,
    ) -> Result<Obtained, Error> {
        let answer = match self.step(held.clone(), occasion) {
            Step::Use(license) => {
                let ended_upgrade = Cache::open(self.data).take_ended_upgrade(&license)?;
                let obtained = self.obtained(license, Source::Cache);
                return Ok(Obtained { ended_upgrade, ..obtained });
            }
            Step::Upgrade(old) => self.upgrade(&old)?,
            Step::Request => self.request(held.as_ref())?,
        };
        let license = self.open(&answer)?;
        // "Temporary licenses are replaced only by a valid permanent license", and permanent ones by no
        // temporary one.
        if let Some(held) = held.filter(|held| self.serves(held) && !license.is_permanent()) {
            return Ok(self.obtained(held, Source::Kept));
        }
        self.store(license, answer.outcome)
    }

    /// Puts a license into the cache, where it takes the place of no better one.
    fn store(&self, license: ClientLicense, outcome: LicenseOutcome) -> Result<Obtained, Error> {
        let cache = Cache::open(self.data);
        match cache.objection(&license) {
            None => {
                let ended_upgrade = match outcome {
                    LicenseOutcome::Reissued => cache.take_ended_upgrade(&license)?,
                    _ => None,
                };
                cache.put(&license, outcome)?;
                let obtained = self.obtained(license, Source::Server(outcome));
                Ok(Obtained { ended_upgrade, ..obtained })
            }
            Some((later, Objection::IssuedBefore)) if self.is_admitted(&later) => {
                Ok(self.obtained(later, Source::Later))
            }
            Some((old, objection)) => {
                Err(messages::license_not_stored(&old, objection, &self.gateway))
            }
        }
    }

    /// The certificates to connect with, and the key.
    ///
    /// # Errors
    /// As [`super::tls::presenting`].
    pub fn presenting(&self, license: &ClientLicense) -> Result<rustls::ClientConfig, Error> {
        super::tls::presenting(self.gateway.ca(), license.chain(), &self.seat_key)
    }

    fn obtained(&self, license: ClientLicense, source: Source) -> Obtained {
        Obtained { license, source, refused: self.refused.clone(), ended_upgrade: None }
    }

    fn serves(&self, license: &ClientLicense) -> bool {
        license.serves(&self.info)
    }

    /// Whether it serves, and is not known to be refused.
    fn is_admitted(&self, license: &ClientLicense) -> bool {
        let certificate = license.certificate().der();
        let is_it = |refused: &Refused| refused.license.certificate().der() == certificate;
        self.serves(license) && !self.refused.iter().any(is_it)
    }

    /// Why the gateway refuses a license that serves. Whatever else comes of asking it is no word about the license.
    fn refusal(&self, license: &ClientLicense) -> Option<Slug> {
        let present = || {
            let tls = self.presenting(license)?;
            GatewayClient::present(self.gateway.address(), tls)
        };
        let refused = if self.serves(license) { present().err()?.slug() } else { return None };
        is_refusal(refused).then_some(refused)
    }

    fn candidates(&self) -> Vec<ClientLicense> {
        Cache::open(self.data).candidates(&self.gateway, &self.info)
    }

    /// Fig. 5, steps 176 to 188, and Fig. 8, step 242. Where features are amiss, there may be another license beside.
    fn step(&self, held: Option<ClientLicense>, occasion: Occasion) -> Step {
        let is_good = |held: &ClientLicense| held.standing().is_ok() && held.is_permanent();
        let Some(held) = held.filter(is_good) else { return Step::Request };
        if !held.fields().covers(&self.info.product_id, &self.info.version) {
            return Step::Upgrade(held);
        }
        match occasion {
            Occasion::Need if self.serves(&held) => Step::Use(held),
            Occasion::Need | Occasion::Renewal => Step::Request,
        }
    }

    /// Asks for a license, and answers the platform challenge (Fig. 6 and 7).
    fn request(&self, held: Option<&ClientLicense>) -> Result<LicenseAnswer, Error> {
        let software_id = challenge::software_id();
        let challenge = self.client.ask(&LicenseRequest {
            client_id: self.client_key()?.client_id(),
            software_id,
            product_id: self.info.product_id.clone(),
            version: self.info.version.clone(),
            features: self.features(),
        })?;
        let response = ChallengeResponse {
            format: FORMAT,
            response: challenge::respond(&challenge.challenge)?,
            token: challenge.token,
            software_id,
            product_id: self.info.product_id.clone(),
            version: self.info.version.clone(),
            features: self.features(),
            encryption_key: self.encryption_key(),
            held_license: held.map(|license| license.certificate().der().to_vec()),
        };
        self.client.respond(self.sign(&response)?)
    }

    /// Presents a license of an older version (Fig. 8). Where there is no upgrade for it, another license
    /// may be free.
    fn upgrade(&self, old: &ClientLicense) -> Result<LicenseAnswer, Error> {
        let request = UpgradeRequest {
            format: FORMAT,
            license: old.certificate().der().to_vec(),
            version: self.info.version.clone(),
            features: self.features(),
            encryption_key: self.encryption_key(),
        };
        match self.client.upgrade(self.sign(&request)?) {
            Err(error) if is_about_the_license(error.slug()) => self.request(Some(old)),
            answer => answer,
        }
    }

    /// What the service wants, in the order in which it is asked for.
    fn features(&self) -> Vec<Label> {
        in_order(self.info.features.clone())
    }

    fn client_key(&self) -> Result<ClientKey, Error> {
        ClientKey::from_spki(self.seat_key.spki())
            .map_err(|error| messages::key_generation().caused_by(error))
    }

    fn encryption_key(&self) -> Vec<u8> {
        self.decryption_key.encryption_key().spki().to_vec()
    }

    fn sign<T: Document>(&self, document: &T) -> Result<String, Error> {
        sign_as_client(&self.seat_key, document)
            .map_err(|error| messages::key_generation().caused_by(error))
    }
}

/// What a gateway says of a license that it refuses.
pub(super) fn is_refusal(slug: Slug) -> bool {
    matches!(
        slug,
        Slug::LicenseInvalid
            | Slug::LicenseForeign
            | Slug::LicenseExpired
            | Slug::LicenseNotActive
            | Slug::LicenseRevoked
            | Slug::LicenseSuperseded
            | Slug::LicenseTooOld
    )
}

/// What speaks against an upgrade of this license, and not against another license.
fn is_about_the_license(slug: Slug) -> bool {
    is_refusal(slug) || matches!(slug, Slug::LicenseRequired | Slug::NoFreeLicense | Slug::NotFound)
}
