//! A server in this process.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use reqwest::{Client, RequestBuilder};
use serde_json::Value;
use sqlx::Connection as _;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use trybuy_formats::api::ServerInfo;
use trybuy_formats::instant::Instant;
use trybuy_formats::keys::MasterSecret;
use trybuy_formats::policy::TrialPolicy;
use trybuy_server::app::{App, AppState};
use trybuy_server::auth::VendorToken;
use trybuy_server::blobs::Blobs;
use trybuy_server::clock::Clock;
use trybuy_server::config::{BUILDER_TERMS, Config, Overrides};
use trybuy_server::data_dir::DataDir;
use trybuy_server::keys::ServerKeys;
use trybuy_server::store::{NewVendorToken, Store};
use trybuy_server::{router, serving};

use super::{APPLICATION, Answer, ReleaseMaker, keys, policy};

/// When every test begins.
const BEGIN: i64 = 1_790_000_000;

/// A clock that is moved by hand.
pub(crate) struct TestClock(AtomicI64);

impl Clock for TestClock {
    fn now(&self) -> Instant {
        Instant::from_unix(self.0.load(Ordering::SeqCst)).expect("in range")
    }
}

/// A server in this process, on a port of its own, in a directory of its own.
pub(crate) struct TestServer {
    directory: TempDir,
    pub(crate) url: String,
    pub(crate) app: AppState,
    pub(crate) client: Client,
    clock: Arc<TestClock>,
    /// The server stops when this is dropped.
    _stop: oneshot::Sender<()>,
}

/// A server with the default configuration.
pub(crate) async fn start() -> TestServer {
    TestServer::with("").await
}

/// Ready when the test is over; there is no hurry then.
async fn ended(stopped: oneshot::Receiver<()>) -> std::future::Pending<()> {
    drop(stopped.await);
    std::future::pending()
}

impl TestServer {
    /// A server with this configuration file.
    pub(crate) async fn with(configuration: &str) -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let data_dir = DataDir::new(directory.path());
        std::fs::write(data_dir.builder_terms(), BUILDER_TERMS).expect("written");
        let overrides = Overrides::default();
        let config =
            Config::from_text(configuration, &data_dir, overrides).expect("a configuration");
        let store = Store::connect(&config.database.url).await.expect("a database");
        store.migrate().await.expect("migrated");
        let blobs = Blobs::open(&config.blobs).expect("blobs");
        let keys = ServerKeys::new(MasterSecret::from_bytes([7; 32]), keys::signature());
        let clock = Arc::new(TestClock(AtomicI64::new(BEGIN)));
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let http = config.http.clone();
        let app = AppState::from(App::new(config, keys, store, blobs, clock.clone(), &url));
        let router = router::router(&app);
        let (stop, stopped) = oneshot::channel();
        tokio::spawn(async move {
            serving::serve(listener, router, &http, ended(stopped)).await;
        });
        Self { directory, url, app, client: Client::new(), clock, _stop: stop }
    }

    /// A server where `com.example.sketch` 1.0.0 has been published under a policy.
    pub(crate) async fn publishing(policy: TrialPolicy) -> Self {
        Self::publishing_with("", policy).await
    }

    /// The same with this configuration file.
    pub(crate) async fn publishing_with(configuration: &str, policy: TrialPolicy) -> Self {
        let server = Self::with(configuration).await;
        let token = server.token("Vendor").await;
        server.publish(&token, &ReleaseMaker::new(&server), Some(policy)).await;
        server
    }

    pub(crate) fn path(&self) -> &Path {
        self.directory.path()
    }

    pub(crate) fn now(&self) -> Instant {
        self.clock.now()
    }

    /// Lets time pass.
    pub(crate) fn pass(&self, seconds: u64) {
        self.clock.0.fetch_add(i64::try_from(seconds).expect("not ages"), Ordering::SeqCst);
    }

    /// Sets the clock back.
    pub(crate) fn set_back(&self, seconds: u64) {
        self.clock.0.fetch_sub(i64::try_from(seconds).expect("not ages"), Ordering::SeqCst);
    }

    pub(crate) fn get(&self, path: &str) -> RequestBuilder {
        self.client.get(format!("{}{path}", self.url))
    }

    pub(crate) async fn info(&self) -> ServerInfo {
        Answer::of(self.get("/api/v1/server")).await.json(200)
    }

    /// The application that most tests publish, as the catalog shows it.
    pub(crate) async fn application(&self) -> Value {
        Answer::of(self.get(&format!("/api/v1/applications/{APPLICATION}"))).await.json(200)
    }

    /// A vendor's token.
    pub(crate) async fn token(&self, name: &str) -> String {
        let token = VendorToken::generate();
        let new = NewVendorToken {
            vendor: name.parse().expect("a name"),
            label: String::new(),
            hash: token.hash(),
            created_at: self.now(),
        };
        self.app.store.create_vendor_token(&new).await.expect("stored");
        token.reveal().to_owned()
    }

    /// Sends a release.
    pub(crate) async fn upload(
        &self,
        token: &str,
        release: &ReleaseMaker,
        policy: Option<TrialPolicy>,
    ) -> Answer {
        let url = format!("{}{}", self.url, release.path());
        let request = self.client.put(url).bearer_auth(token).body(release.server_format());
        let policy = policy.map(|policy| serde_json::to_string(&policy).expect("JSON"));
        Answer::of(
            policy
                .into_iter()
                .fold(request, |request, policy| request.header("Trial-Policy", policy)),
        )
        .await
    }

    /// Publishes a release that is new.
    pub(crate) async fn publish(
        &self,
        token: &str,
        release: &ReleaseMaker,
        policy: Option<TrialPolicy>,
    ) {
        let answer = self.upload(token, release, policy).await;
        assert_eq!(answer.status, 201, "{}", answer.text());
    }

    /// Publishes what most tests need.
    pub(crate) async fn with_sketch() -> Self {
        Self::publishing(policy()).await
    }

    /// Changes what is stored as nothing of the API does.
    pub(crate) async fn execute(&self, statement: &'static str) {
        let url = format!("sqlite:{}", self.path().join("trybuy.sqlite3").display());
        let mut connection = sqlx::AnyConnection::connect(&url).await.expect("the database");
        sqlx::query(statement).execute(&mut connection).await.expect("executed");
    }

    /// The files below a directory of the data directory.
    pub(crate) fn files(&self, directory: &str) -> Vec<String> {
        let entries = std::fs::read_dir(self.path().join(directory)).expect("a directory");
        let names = entries.map(|entry| entry.expect("an entry").file_name());
        names.map(|name| name.to_string_lossy().into_owned()).collect()
    }
}
