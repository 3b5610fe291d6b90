//! A company: its authority, its license server, and a gateway that asks for licenses.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use tempfile::TempDir;
use trybuy_formats::certificates::{
    Authorities, CertificateChain, CertificateRequest, DevelopmentAuthority, LicenseIssuer,
    RevocationReason, Revoked, Role, private_key_pem,
};
use trybuy_formats::ids::{ClientId, Label, PlatformType, SeatLicenseId};
use trybuy_formats::instant::{Instant, Span};
use trybuy_formats::keys::key_id;
use trybuy_formats::licensing::seat_license::{SeatLicense, SeatLicenseKind};
use trybuy_formats::primitives::{DecryptionKey, EcdsaKey, RequestSignatureKey};
use trybuy_server::clock::Clock;
use trybuy_server::data_dir::{DataDir, RoleDir};
use trybuy_server::gateway::access::{
    DirectUsers, GatewayParts, GatewayState, ISSUER, LicenseAccess, LicenseServer as Way, OwnKeys,
    REVOKED, Rates, Requirement, Revocations, StaleList, Worker,
};
use trybuy_server::gateway::{DirectSocket, Limits};
use trybuy_server::store::Store;

use super::license_server::LicenseServer;
use super::{Pair, Service, TestGateway};

/// The license server's id.
pub(crate) const SERVER: &str = "acme";
const PRODUCT: &str = "com.example.suite";
const YEAR: Span = Span::seconds(365 * 86_400);

/// A clock that tests move.
pub(crate) struct TestClock(Mutex<Instant>);

impl Clock for TestClock {
    fn now(&self) -> Instant {
        *self.0.lock().expect("no test failed")
    }
}

impl TestClock {
    pub(crate) fn forward(&self, seconds: u64) {
        let mut now = self.0.lock().expect("no test failed");
        *now = now.plus(Span::seconds(seconds));
    }
}

/// A company with a service behind a gateway.
pub(crate) struct Company {
    pub(crate) authority: DevelopmentAuthority,
    pub(crate) license_server: LicenseServer,
    pub(crate) gateway: TestGateway,
    pub(crate) clock: Arc<TestClock>,
    pub(crate) store: Store,
    pub(crate) folder: TempDir,
    pub(crate) service: Service,
    settings: Settings,
    worker: Option<Worker>,
}

/// How a gateway is set.
#[derive(Clone)]
pub(crate) struct Settings {
    pub(crate) rates: Rates,
    pub(crate) stale_list: StaleList,
    pub(crate) direct_users: DirectUsers,
    /// The pause between two looks at the license server.
    pub(crate) round: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            rates: Rates::default(),
            stale_list: StaleList::default(),
            direct_users: DirectUsers::own(),
            round: Duration::from_millis(10),
        }
    }
}

/// When everything begins.
pub(crate) fn beginning() -> Instant {
    Instant::from_unix(1_800_000_000).expect("an instant")
}

impl Company {
    pub(crate) async fn start() -> Self {
        Self::with(Settings::default()).await
    }

    pub(crate) async fn with(settings: Settings) -> Self {
        let authority = authority();
        let issuer = issuer(&authority, SERVER, EcdsaKey::generate().expect("a key"));
        let chain = issuer.chain().clone();
        let none = list(&issuer, Vec::new(), 1, beginning());
        let license_server = LicenseServer::start(issuer, none).await;
        let folder = tempfile::tempdir().expect("a directory");
        let store = store(&folder).await;
        let directory = role(&folder);
        directory.create().expect("made");
        std::fs::write(directory.file(ISSUER), chain.to_pem()).expect("written");
        let clock = Arc::new(TestClock(Mutex::new(beginning())));
        let service = Service::start().await;
        // It is never asked: the real one is started at once in its place.
        let nobody = TestGateway::start(service.address).await;
        let company = Self {
            authority,
            license_server,
            gateway: nobody,
            clock,
            store,
            folder,
            settings,
            service,
            worker: None,
        };
        company.restart().await
    }

    /// Starts the gateway from what it has kept in its files.
    pub(crate) async fn restart(mut self) -> Self {
        if let Some(worker) = self.worker.take() {
            worker.stop().await;
        }
        self.gateway.stop();
        self.gateway.ended().await;
        let directory = role(&self.folder);
        let state = Arc::new(GatewayState::new(self.parts(&directory)));
        let access = LicenseAccess::new(Arc::clone(&state));
        let socket = DirectSocket::bind(&self.socket()).expect("a socket");
        let limits = Limits::default();
        self.gateway = TestGateway::of(self.service.address, access, limits, Some(socket)).await;
        self.worker = Some(Worker::start(state, self.settings.round));
        self
    }

    fn parts(&self, directory: &RoleDir) -> GatewayParts {
        let text = |name| std::fs::read_to_string(directory.file(name)).ok();
        let issuer = CertificateChain::from_pem(&text(ISSUER).expect("kept")).expect("a chain");
        let revocations = text(REVOKED)
            .map(|text| Revocations::from_text(&text).expect("as it was kept"))
            .unwrap_or_default();
        let url = format!("http://{}", self.license_server.address).parse().expect("an address");
        GatewayParts {
            requirement: Requirement {
                product_id: PRODUCT.parse().expect("an id"),
                version: "4.2.0".parse().expect("a version"),
                features: vec!["drawing".parse().expect("a feature")],
            },
            authorities: Authorities::from_pem(&self.authority.certificate().to_pem())
                .expect("an authority"),
            license_server_id: SERVER.parse().expect("an id"),
            issuer,
            revocations,
            stale_list: self.settings.stale_list,
            directory: directory.clone(),
            direct_users: self.settings.direct_users.clone(),
            license_server: Way::new(url, own_keys()).expect("a way"),
            identity_key: EcdsaKey::generate().expect("a key"),
            store: self.store.clone(),
            rates: self.settings.rates.clone(),
            clock: self.clock.clone(),
        }
    }

    /// The socket of direct-connect clients.
    pub(crate) fn socket(&self) -> PathBuf {
        self.folder.path().join("direct.sock")
    }

    /// A client with a license, which is changed before it is issued.
    pub(crate) fn licensed(&self, change: impl FnOnce(&mut SeatLicense)) -> Pair {
        client(&self.license_server.state.inner().issuer, change)
    }

    /// The license server revokes these.
    pub(crate) fn revoke(&self, clients: &[&Pair], number: u64) {
        self.revoke_at(self.clock.now(), clients, number);
    }

    /// The same at another time, by the license server's clock.
    pub(crate) fn revoke_at(&self, now: Instant, clients: &[&Pair], number: u64) {
        self.list(now, clients, None, number);
    }

    /// The license server puts these on its list, for a reason.
    pub(crate) fn revoke_for(&self, reason: RevocationReason, clients: &[&Pair], number: u64) {
        self.list(self.clock.now(), clients, Some(reason), number);
    }

    fn list(&self, now: Instant, clients: &[&Pair], reason: Option<RevocationReason>, number: u64) {
        let revoked = clients.iter().map(|client| {
            let chain = CertificateChain::from_pem(&client.certificate).expect("a chain");
            Revoked { serial: chain.leaf().serial().expect("a serial"), at: now, reason }
        });
        let mut inner = self.license_server.state.inner();
        inner.revocations = list(&inner.issuer, revoked.collect(), number, now);
    }
}

async fn store(folder: &TempDir) -> Store {
    let path = folder.path().join("test.sqlite3");
    let url = format!("sqlite:{}", path.display()).parse().expect("an address");
    let store = Store::connect(&url).await.expect("a database");
    store.migrate().await.expect("migrated");
    store
}

fn role(folder: &TempDir) -> RoleDir {
    DataDir::new(folder.path()).role("gateway")
}

/// The keys of one gateway; they take long to make.
fn own_keys() -> OwnKeys {
    static KEY: OnceLock<Vec<u8>> = OnceLock::new();
    let pkcs8 = KEY.get_or_init(|| {
        DecryptionKey::generate().expect("a key").to_pkcs8().expect("written").to_vec()
    });
    OwnKeys {
        request: RequestSignatureKey::generate().expect("a key"),
        decryption: DecryptionKey::from_pkcs8(pkcs8).expect("a key"),
    }
}

/// An authority.
pub(crate) fn authority() -> DevelopmentAuthority {
    let made = DevelopmentAuthority::generate(
        "Authority",
        beginning().minus(YEAR),
        Span::seconds(3 * YEAR.as_seconds()),
    );
    made.expect("an authority")
}

/// A license server's key and certificate.
pub(crate) fn issuer(authority: &DevelopmentAuthority, id: &str, key: EcdsaKey) -> LicenseIssuer {
    issuer_from(authority, id, key, beginning().minus(Span::seconds(86_400)))
}

/// One whose certificate begins then.
pub(crate) fn issuer_from(
    authority: &DevelopmentAuthority,
    id: &str,
    key: EcdsaKey,
    from: Instant,
) -> LicenseIssuer {
    let request = CertificateRequest::to_sign_with(&key, "Acme", id).expect("a request");
    let request = CertificateRequest::from_pem(&request).expect("a request");
    let issued = authority.issue(&request, Role::LicenseIssuer, from, YEAR);
    let chain = CertificateChain::new(vec![issued.expect("a certificate")]).expect("a chain");
    LicenseIssuer::new(key, chain).expect("an issuer")
}

/// A revocation list.
pub(crate) fn list(
    issuer: &LicenseIssuer,
    revoked: Vec<Revoked>,
    number: u64,
    now: Instant,
) -> Vec<u8> {
    issuer.revocation_list(revoked, number, now, now.plus(YEAR)).expect("a list")
}

/// The license that a client needs.
pub(crate) fn seat(spki: &[u8]) -> SeatLicense {
    let features: Vec<Label> = vec!["drawing".parse().expect("a feature")];
    SeatLicense {
        format: 1,
        license_id: SeatLicenseId::temporary(),
        client_id: ClientId::from_bytes(*key_id(spki).as_bytes()),
        issued_at: beginning(),
        ends_at: None,
        license_server: SERVER.parse().expect("an id"),
        kind: SeatLicenseKind::Temporary,
        pack_id: None,
        product_id: PRODUCT.parse().expect("an id"),
        version: "4.2.0".parse().expect("a version"),
        features,
        platform_type: PlatformType::NonWindows,
    }
}

/// A license with the certificates it is issued under.
pub(crate) fn issued(
    issuer: &LicenseIssuer,
    license: &SeatLicense,
    spki: &[u8],
) -> CertificateChain {
    let certificate = issuer.issue(license, spki).expect("a license");
    issuer.chain().with_leaf(certificate).expect("a chain")
}

/// A client with a license.
pub(crate) fn client(issuer: &LicenseIssuer, change: impl FnOnce(&mut SeatLicense)) -> Pair {
    let key = EcdsaKey::generate().expect("a key");
    let mut license = seat(key.spki());
    license.license_server = issuer.id().clone();
    change(&mut license);
    let chain = issued(issuer, &license, key.spki());
    let key = private_key_pem(&key.to_pkcs8().expect("written"));
    Pair { certificate: chain.to_pem(), key: key.to_string() }
}
