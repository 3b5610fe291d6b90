//! A license server in this process.

use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use reqwest::Client;
use serde::Serialize;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use trybuy_formats::certificates::{LicenseIssuer, Role};
use trybuy_formats::ids::{OrderId, PackId, PlatformType};
use trybuy_formats::instant::{Instant, Span};
use trybuy_formats::keys::LicenseServerSecret;
use trybuy_formats::licensing::pack::{HumanDescription, LicensePack};
use trybuy_formats::licensing::product::{LicenseType, Product};
use trybuy_formats::primitives::DecryptionKey;
use trybuy_server::clock::Clock;
use trybuy_server::config::RoleOverrides;
use trybuy_server::data_dir::DataDir;
use trybuy_server::license_server::config::LicenseServerConfig;
use trybuy_server::license_server::keys::{LicenseServerCertificates, LicenseServerFiles};
use trybuy_server::license_server::{
    LicenseServer, LicenseServerParts, LicenseServerState, router,
};
use trybuy_server::serving;
use trybuy_server::store::{
    DecisionOutcome, DecisionReason, LicenseOrder, PackInstallation, RecordQuery, Store,
};

use super::{Answer, Authority, IMAGE, SERVER};

/// When every test begins.
const BEGIN: i64 = 1_800_000_000;

/// A clock that is moved by hand.
pub(crate) struct TestClock(AtomicI64);

impl Clock for TestClock {
    fn now(&self) -> Instant {
        Instant::from_unix(self.0.load(Ordering::SeqCst)).expect("in range")
    }
}

/// A license server in this process, on a port of its own, in a directory of its own.
pub(crate) struct TestServer {
    pub(crate) directory: TempDir,
    pub(crate) authority: Authority,
    pub(crate) server: LicenseServerState,
    pub(crate) client: Client,
    url: String,
    clock: Arc<TestClock>,
    _stop: oneshot::Sender<()>,
}

/// Ready when the test is over; there is no hurry then.
async fn ended(stopped: oneshot::Receiver<()>) -> std::future::Pending<()> {
    drop(stopped.await);
    std::future::pending()
}

async fn serve(parts: LicenseServerParts) -> (LicenseServerState, String, oneshot::Sender<()>) {
    let http = parts.config.http.clone();
    let server = LicenseServerState::from(LicenseServer::from(parts));
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}/api/v1", listener.local_addr().expect("an address"));
    let (routes, (stop, stopped)) = (router(&server), oneshot::channel());
    tokio::spawn(async move { serving::serve(listener, routes, &http, ended(stopped)).await });
    (server, url, stop)
}

impl TestServer {
    /// A license server that knows one client image.
    pub(crate) async fn start() -> Self {
        let begin = Instant::from_unix(BEGIN).expect("in range");
        let directory = tempfile::tempdir().expect("a directory");
        let data_dir = DataDir::new(directory.path());
        let files = LicenseServerFiles::of(&data_dir);
        files.directory().create().expect("made");
        std::fs::write(files.directory().config(), format!("id = \"{SERVER}\"")).expect("written");
        let config = LicenseServerConfig::load(&data_dir, RoleOverrides::default());
        let config = config.expect("a configuration");
        let store = Store::connect(&config.database.url).await.expect("a database");
        store.migrate().await.expect("migrated");
        let authority = Authority::new(begin);
        let packs = DecryptionKey::generate().expect("a key");
        let certificates = LicenseServerCertificates {
            packs: authority.license_server(&packs, SERVER),
            issuer: authority.issuer(SERVER),
            authorities: authority.authorities(),
        };
        let clock = Arc::new(TestClock(AtomicI64::new(BEGIN)));
        let secret = LicenseServerSecret::from_bytes([7; 32]);
        let own = Arc::clone(&clock) as Arc<dyn Clock>;
        let parts = LicenseServerParts { config, files, secret, certificates, store, clock: own };
        let (server, url, stop) = serve(parts).await;
        let client = Client::new();
        let server = Self { directory, authority, server, client, url, clock, _stop: stop };
        server.add_image("0200000100000001", IMAGE).await;
        server
    }

    /// The same with another certificate to issue licenses under.
    pub(crate) async fn restarted_with(self, issuer: LicenseIssuer) -> Self {
        let parts = LicenseServerParts {
            config: self.server.config.clone(),
            files: LicenseServerFiles::of(&DataDir::new(self.directory.path())),
            secret: LicenseServerSecret::from_bytes([7; 32]),
            certificates: LicenseServerCertificates {
                packs: self.server.issuer().chain().clone(),
                issuer,
                authorities: self.authority.authorities(),
            },
            store: self.server.store.clone(),
            clock: Arc::clone(&self.clock) as Arc<dyn Clock>,
        };
        let (server, url, stop) = serve(parts).await;
        Self { server, url, _stop: stop, ..self }
    }

    pub(crate) fn now(&self) -> Instant {
        self.clock.now()
    }

    /// Lets time pass.
    pub(crate) fn pass(&self, seconds: i64) {
        self.clock.0.fetch_add(seconds, Ordering::SeqCst);
    }

    pub(crate) fn address(&self, path: &str) -> String {
        format!("{}/{path}", self.url)
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        Answer::of(self.client.get(self.address(path))).await
    }

    pub(crate) async fn post(&self, path: &str, body: &impl Serialize) -> Answer {
        Answer::of(self.client.post(self.address(path)).json(body)).await
    }

    /// Installs an image of the vendor 1.
    pub(crate) async fn add_image(&self, software_id: &str, image: &[u8]) {
        let vendor = self.authority.certified(Role::ImageVendor, "1");
        let statement = vendor.statement(software_id, image, self.now());
        let path = self.directory.path().join("image");
        std::fs::write(&path, image).expect("written");
        let LicenseServer { images, store, authorities, .. } = &*self.server;
        images.install(store, authorities, &statement, &path, self.now()).await.expect("installed");
    }

    /// Installs a pack.
    pub(crate) async fn install(&self, pack: &LicensePack) {
        let (store, secret) = (&self.server.store, self.server.secret());
        let installed = store.install_pack(secret, pack, self.now()).await;
        assert_eq!(installed.expect("answered"), PackInstallation::Installed);
    }

    /// Places an order of licenses as in a pack.
    pub(crate) async fn order(&self, pack: &LicensePack) {
        let order = LicenseOrder {
            order_id: pack.order_id,
            document: String::new(),
            product: pack.product.clone(),
            quantity: pack.quantity,
            ordered_at: self.now(),
            said: None,
            pack_id: None,
        };
        self.server.store.keep_license_order(&order).await.expect("kept");
    }

    /// The last record: what was decided, and why.
    pub(crate) async fn last_record(&self) -> (DecisionOutcome, Option<DecisionReason>) {
        let records = self.server.store.license_records(&RecordQuery::default()).await;
        let last = records.expect("answered").pop().expect("a record").decision;
        (last.outcome, last.reason)
    }

    /// What a command prints that is run on its data directory.
    pub(crate) fn printed(&self, arguments: &[&str]) -> String {
        let mut command = Command::new(env!("CARGO_BIN_EXE_trybuy-server"));
        command.arg("--data-dir").arg(self.directory.path()).args(arguments);
        let output = command.env_remove("TRYBUY_DATABASE_URL").output().expect("run");
        assert!(output.status.success(), "{arguments:?}: {output:?}");
        String::from_utf8(output.stdout).expect("UTF-8")
    }

    /// How many licenses of a pack are assigned.
    pub(crate) async fn assigned(&self, pack: &LicensePack) -> u32 {
        let installed = self.server.store.license_pack(pack.pack_id).await.expect("answered");
        installed.expect("installed").assigned
    }
}

/// A pack that is active from the beginning of the tests on.
pub(crate) fn pack(version: &str, quantity: u32) -> LicensePack {
    let begin = Instant::from_unix(BEGIN).expect("in range");
    LicensePack {
        format: 1,
        pack_id: PackId::new(),
        clearinghouse: "house".parse().expect("an id"),
        order_id: OrderId::new(),
        license_server: SERVER.parse().expect("an id"),
        issued_at: begin,
        first_active_at: begin,
        ends_at: Some(begin.plus(Span::seconds(100 * 86_400))),
        begin_serial: 1,
        quantity,
        descriptions: vec![HumanDescription {
            locale: "en".parse().expect("a locale"),
            text: "Licenses".parse().expect("a description"),
        }],
        manufacturer: "Example".parse().expect("a name"),
        family: "desk".parse().expect("a label"),
        product: Product {
            product_id: "com.example.desk".parse().expect("a product"),
            version: version.parse().expect("a version"),
            license_type: LicenseType::Full,
            platform_type: PlatformType::NonWindows,
            features: vec!["basic".parse().expect("a label")],
        },
    }
}
