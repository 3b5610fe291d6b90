//! What the cases about licenses put into the store.

use std::error::Error;
use std::sync::Arc;

use trybuy_formats::api::LicenseOutcome;
use trybuy_formats::certificates::Serial;
use trybuy_formats::ids::{
    ChallengeId, ClientId, OrderId, PackId, PlatformType, ProductId, SeatLicenseId, Version,
};
use trybuy_formats::instant::{Instant, Span};
use trybuy_formats::keys::LicenseServerSecret;
use trybuy_formats::licensing::pack::{HumanDescription, LicensePack};
use trybuy_formats::licensing::product::{LicenseType, Product};
use trybuy_formats::licensing::seat_license::{SeatLicense, SeatLicenseKind};
use trybuy_server::license_server::issuing::{Granting, LicenseSigner};
use trybuy_server::store::{
    Assignment, DecisionReason, GrantingModule, IssuedLicense, LicenseCase, LicenseGrant,
    LicenseOrder, LicenseQuery, LicenseRecord, LicenseTerms, PackInstallation, PresentedLicense,
    RecordQuery, Store, UsedChallenge, WantedLicense, Way,
};

use crate::samples::{at, parsed, random_digest};

/// How long temporary licenses last here.
pub(crate) const TEMPORARY: u64 = 1_000;

/// Signs nothing: its certificates are their own serial numbers, and the ends of the licenses.
struct NoSignature;

impl NoSignature {
    fn certificate(serial: &Serial, ends_at: Option<Instant>) -> Vec<u8> {
        let end = ends_at.unwrap_or_else(Instant::last).unix();
        [serial.as_bytes(), &end.to_be_bytes()].concat()
    }
}

impl LicenseSigner for NoSignature {
    fn sign(
        &self,
        wanted: &WantedLicense,
        terms: &LicenseTerms<'_>,
    ) -> Result<IssuedLicense, Box<dyn Error + Send + Sync>> {
        if wanted.client_key == b"fails" {
            return Err("no signature".into());
        }
        let certificate_serial = Serial::random();
        let certificate = Self::certificate(&certificate_serial, terms.ends_at);
        Ok(IssuedLicense { certificate_serial, certificate })
    }

    /// Whether the license lasts longer by now.
    fn is_outdated(&self, certificate: &[u8], ends_at: Option<Instant>, _: Instant) -> bool {
        let end = certificate.last_chunk().map(|end| i64::from_be_bytes(*end));
        end.is_some_and(|end| end < ends_at.unwrap_or_else(Instant::last).unix())
    }
}

/// A license server's store with its granting module.
#[derive(Clone)]
pub(crate) struct LicenseWorld {
    pub(crate) store: Store,
    pub(crate) granting: Arc<dyn GrantingModule>,
}

impl LicenseWorld {
    pub(crate) fn new(store: Store) -> Self {
        let secret = LicenseServerSecret::from_bytes([7; 32]);
        Self { store, granting: Arc::new(Granting::new(NoSignature, secret)) }
    }

    pub(crate) fn secret(&self) -> &LicenseServerSecret {
        self.granting.secret()
    }

    /// Installs a pack that is new.
    pub(crate) async fn install(&self, pack: &LicensePack) -> PackId {
        let installed = self.store.install_pack(self.secret(), pack, at(0)).await;
        assert_eq!(installed.expect("answered"), PackInstallation::Installed);
        pack.pack_id
    }

    /// Places an order of licenses of a version.
    pub(crate) async fn order(&self, version: &str) -> LicenseOrder {
        let order = LicenseOrder {
            order_id: OrderId::new(),
            document: String::new(),
            product: pack(version, 1).product,
            quantity: 1,
            ordered_at: at(0),
            said: None,
            pack_id: None,
        };
        self.store.keep_license_order(&order).await.expect("kept");
        order
    }

    pub(crate) async fn ask(&self, case: LicenseCase) -> LicenseGrant {
        self.store.grant_license(&self.granting, case).await.expect("answered")
    }

    /// What is answered to a client that asks for a version.
    pub(crate) async fn outcome(&self, client: ClientId, version: &str, now: u64) -> Outcome {
        Outcome::of(&self.ask(case(client, version, now)).await)
    }

    /// The licenses of a pack, or of a client.
    pub(crate) async fn licenses(&self, of: LicenseQuery) -> Vec<Assignment> {
        self.store.licenses(of, None).await.expect("answered")
    }

    pub(crate) async fn assigned(&self, pack: PackId) -> u32 {
        self.store.license_pack(pack).await.expect("answered").expect("installed").assigned
    }

    pub(crate) async fn records(&self) -> Vec<LicenseRecord> {
        self.store.license_records(&RecordQuery::default()).await.expect("answered")
    }
}

/// A grant without its certificate.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Outcome {
    Issued(LicenseOutcome),
    Refused(DecisionReason),
}

impl Outcome {
    pub(crate) const GRANTED: Self = Self::Issued(LicenseOutcome::Granted);
    pub(crate) const REISSUED: Self = Self::Issued(LicenseOutcome::Reissued);
    pub(crate) const UPGRADED: Self = Self::Issued(LicenseOutcome::Upgraded);
    pub(crate) const TEMPORARY: Self = Self::Issued(LicenseOutcome::Temporary);
    pub(crate) const TEMPORARY_AGAIN: Self = Self::Issued(LicenseOutcome::TemporaryAgain);

    pub(crate) fn of(grant: &LicenseGrant) -> Self {
        match grant {
            LicenseGrant::Issued { outcome, .. } => Self::Issued(*outcome),
            LicenseGrant::Refused(reason) => Self::Refused(*reason),
        }
    }
}

pub(crate) fn product_id() -> ProductId {
    parsed("com.example.desk")
}

pub(crate) fn client() -> ClientId {
    ClientId::from_bytes(*random_digest().as_bytes())
}

pub(crate) fn pack(version: &str, quantity: u32) -> LicensePack {
    LicensePack {
        format: 1,
        pack_id: PackId::new(),
        clearinghouse: parsed("house"),
        order_id: OrderId::new(),
        license_server: parsed("server"),
        issued_at: at(0),
        first_active_at: at(0),
        ends_at: None,
        begin_serial: 1000,
        quantity,
        descriptions: vec![HumanDescription { locale: parsed("en"), text: parsed("Licenses") }],
        manufacturer: parsed("Example"),
        family: parsed("desk"),
        product: Product {
            product_id: product_id(),
            version: parsed(version),
            license_type: LicenseType::Full,
            platform_type: PlatformType::NonWindows,
            features: vec![parsed("basic")],
        },
    }
}

pub(crate) fn upgrade_pack(from: &str, to: &str, quantity: u32) -> LicensePack {
    let mut pack = pack(to, quantity);
    pack.product.license_type = LicenseType::Upgrade { from: parsed(from) };
    pack
}

/// A client that answered a challenge rightly.
pub(crate) fn case(client: ClientId, version: &str, now: u64) -> LicenseCase {
    let challenge = UsedChallenge { id: ChallengeId::new(), period: 0 };
    LicenseCase {
        wanted: WantedLicense {
            client_id: client,
            client_key: Vec::new(),
            product_id: product_id(),
            version: parsed(version),
            features: Vec::new(),
            platform_type: PlatformType::NonWindows,
            now: at(now),
        },
        way: Way::Challenge { software_id: parsed("0200000100000001"), challenge: Some(challenge) },
        presented: None,
        refused: None,
        temporary: Span::seconds(TEMPORARY),
    }
}

/// A license that the license server signed, as a client presents it.
pub(crate) fn presented(
    license_id: SeatLicenseId,
    client: ClientId,
    version: &str,
    pack: Option<PackId>,
) -> PresentedLicense {
    let certificate_serial = Serial::random();
    let ends_at: Option<Instant> = pack.is_none().then(|| at(TEMPORARY));
    PresentedLicense {
        license: SeatLicense {
            format: 1,
            license_id,
            client_id: client,
            issued_at: at(0),
            ends_at,
            license_server: parsed("server"),
            kind: if pack.is_some() {
                SeatLicenseKind::Permanent
            } else {
                SeatLicenseKind::Temporary
            },
            pack_id: pack,
            product_id: product_id(),
            version: parsed::<Version>(version),
            features: Vec::new(),
            platform_type: PlatformType::NonWindows,
        },
        certificate: NoSignature::certificate(&certificate_serial, ends_at),
        certificate_serial,
    }
}
