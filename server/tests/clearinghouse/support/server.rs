//! A clearinghouse in this process.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use reqwest::{Client, RequestBuilder};
use serde_json::json;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use trybuy_formats::api::PlaceOrder;
use trybuy_formats::certificates::Role;
use trybuy_formats::ids::OrderId;
use trybuy_formats::instant::{DAY, Instant, Span};
use trybuy_formats::licensing::pack::HumanDescription;
use trybuy_server::clearinghouse::identity::{Identity, SigningKey};
use trybuy_server::clearinghouse::{
    Clearinghouse, ClearinghouseConfig, ClearinghouseState, ROLE, api::router,
};
use trybuy_server::clock::Clock;
use trybuy_server::config::RoleOverrides;
use trybuy_server::data_dir::DataDir;
use trybuy_server::serving;
use trybuy_server::store::{NewPayment, OfferAdded, OfferRecord, PaymentSource, Store};

use super::{Answer, Authority, LicenseServer, begin, parsed, product};

/// A clock that is moved by hand.
struct TestClock(AtomicI64);

impl Clock for TestClock {
    fn now(&self) -> Instant {
        Instant::from_unix(self.0.load(Ordering::SeqCst)).expect("in range")
    }
}

/// Ready when the test is over; there is no hurry then.
async fn ended(stopped: oneshot::Receiver<()>) -> std::future::Pending<()> {
    drop(stopped.await);
    std::future::pending()
}

/// A clearinghouse in this process, on a port of its own.
pub(crate) struct TestServer {
    pub(crate) url: String,
    pub(crate) authority: Authority,
    pub(crate) state: ClearinghouseState,
    client: Client,
    clock: Arc<TestClock>,
    _directory: TempDir,
    /// The server stops when this is dropped.
    _stop: oneshot::Sender<()>,
}

impl TestServer {
    /// One that offers what most tests order.
    pub(crate) async fn start() -> Self {
        Self::with("").await
    }

    /// The same with more in its configuration file.
    pub(crate) async fn with(configuration: &str) -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let data_dir = DataDir::new(directory.path());
        let role = data_dir.role(ROLE);
        role.create().expect("made");
        let text = format!("[clearinghouse]\nid = \"main\"\n{configuration}");
        std::fs::write(role.config(), text).expect("written");
        let config = ClearinghouseConfig::load(&data_dir, RoleOverrides::default());
        let config = config.expect("a configuration");
        let authority = Authority::new(begin());
        let key = SigningKey::create_missing(&role).expect("a key");
        let request = key.request("Main", &config.id).expect("a request");
        let chain = authority.issue(&request, Role::Clearinghouse);
        let identity = Identity::new(config.id.clone(), key, chain, authority.trusted(), begin());
        let store = Store::connect(&config.database.url).await.expect("a database");
        store.migrate().await.expect("migrated");
        assert_eq!(store.add_offer(&offer()).await.expect("answered"), OfferAdded::Done);
        let clock = Arc::new(TestClock(AtomicI64::new(begin().unix())));
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let http = config.http.clone();
        let identity = identity.expect("an identity");
        let state =
            ClearinghouseState::from(Clearinghouse::new(config, identity, store, clock.clone()));
        let router = router(&state);
        let (stop, stopped) = oneshot::channel();
        tokio::spawn(async move {
            serving::serve(listener, router, &http, ended(stopped)).await;
        });
        let client = Client::new();
        Self { url, authority, state, client, clock, _directory: directory, _stop: stop }
    }

    pub(crate) fn now(&self) -> Instant {
        self.clock.now()
    }

    /// Lets days pass.
    pub(crate) fn pass_days(&self, days: i64) {
        self.clock.0.fetch_add(days * 86_400, Ordering::SeqCst);
    }

    /// A license server under the clearinghouse's authority.
    pub(crate) fn license_server(&self) -> LicenseServer {
        LicenseServer::new("acme", &self.authority)
    }

    pub(crate) fn get(&self, path: &str) -> RequestBuilder {
        self.client.get(format!("{}/api/v1{path}", self.url))
    }

    pub(crate) fn post(&self, path: &str) -> RequestBuilder {
        self.client.post(format!("{}/api/v1{path}", self.url))
    }

    pub(crate) async fn place(&self, order: String) -> Answer {
        Answer::of(self.post("/orders").json(&PlaceOrder { order })).await
    }

    /// An order that was placed.
    pub(crate) async fn placed(&self, license_server: &LicenseServer) -> OrderId {
        let order = license_server.order();
        let answer = self.place(license_server.sign(&order)).await;
        let _: serde_json::Value = answer.json(201);
        order.order_id
    }

    /// Records a payment as an operator does.
    pub(crate) async fn pay(&self, order_id: OrderId, amount: u64) {
        let payment = NewPayment {
            order_id,
            amount,
            currency: parsed("EUR"),
            reference: parsed("by hand"),
            source: PaymentSource::Operator,
            recorded_at: self.now(),
        };
        let recorded = self.state.store.record_payment(&payment, &self.state.identity).await;
        recorded.expect("answered").expect("made");
    }

    pub(crate) async fn pack(&self, order_id: OrderId) -> Answer {
        Answer::of(self.get(&format!("/orders/{order_id}/pack"))).await
    }

    pub(crate) async fn state_of(&self, order_id: OrderId) -> serde_json::Value {
        let answer = Answer::of(self.get(&format!("/orders/{order_id}"))).await;
        answer.json::<serde_json::Value>(200)["state"].take()
    }
}

/// What most tests order: with one feature more.
pub(crate) fn offer() -> OfferRecord {
    let mut product = product();
    product.features = vec![parsed("edit"), parsed("print")];
    let descriptions =
        json!([{ "locale": "de", "text": "Ein Büro" }, { "locale": "en", "text": "An office" }]);
    let descriptions: Vec<HumanDescription> =
        serde_json::from_value(descriptions).expect("descriptions");
    OfferRecord {
        product,
        family: parsed("office"),
        manufacturer: parsed("Example Inc"),
        descriptions,
        fee: 1200,
        currency: parsed("EUR"),
        valid_for: Some(Span::seconds(365 * DAY.as_seconds())),
        added_at: begin(),
        withdrawn_at: None,
    }
}
