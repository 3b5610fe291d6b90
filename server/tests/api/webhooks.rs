//! Webhooks, with receivers on this machine and rounds that each test makes.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::Method;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::Notify;
use trybuy_formats::api::{DeliveriesAnswer, Delivery, EventKind, NewWebhookAnswer, Ping, Webhook};
use trybuy_formats::ids::{DeliveryId, WebhookId};
use trybuy_formats::policy::TrialPolicy;
use trybuy_formats::primitives::hmac_sha256;
use trybuy_formats::slug::Slug;
use trybuy_server::webhooks::Dispatcher;

use crate::support::{Answer, DAY, ReleaseMaker, TestBuilder, TestServer, policy};

/// A server whose webhooks may reach this machine, and its vendor.
pub(crate) struct World {
    pub(crate) server: TestServer,
    token: String,
}

/// What a receiver got.
#[derive(Clone)]
pub(crate) struct Received {
    headers: HeaderMap,
    body: Vec<u8>,
}

/// A receiver that answers what it is told, then 204.
#[derive(Clone, Default)]
pub(crate) struct Receiver {
    answers: Arc<Mutex<VecDeque<u16>>>,
    received: Arc<Mutex<Vec<Received>>>,
    /// Lets what is [`HELD`] be answered.
    pub(crate) release: Arc<Notify>,
}

/// Never answered.
pub(crate) const HANGS: u16 = 0;
/// Answered with 204 once it is released.
pub(crate) const HELD: u16 = 1;

impl Receiver {
    pub(crate) async fn start(answers: &[u16]) -> (Self, String) {
        let receiver = Self::default();
        receiver.answers.lock().expect("not poisoned").extend(answers);
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}/hook", listener.local_addr().expect("an address"));
        let router = Router::new().fallback(receive).with_state(receiver.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        (receiver, url)
    }

    pub(crate) fn received(&self) -> Vec<Received> {
        self.received.lock().expect("not poisoned").clone()
    }
}

async fn receive(State(receiver): State<Receiver>, headers: HeaderMap, body: Bytes) -> Response {
    receiver.received.lock().expect("not poisoned").push(Received { headers, body: body.to_vec() });
    let answer = receiver.answers.lock().expect("not poisoned").pop_front();
    match answer.unwrap_or(204) {
        HANGS => std::future::pending().await,
        HELD => {
            receiver.release.notified().await;
            StatusCode::NO_CONTENT.into_response()
        }
        302 => (StatusCode::FOUND, [("location", "/elsewhere")]).into_response(),
        status => StatusCode::from_u16(status).expect("a status").into_response(),
    }
}

impl Received {
    fn event(&self) -> Value {
        serde_json::from_slice(&self.body).expect("JSON")
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers[name].to_str().expect("readable")
    }

    /// Verifies the signature as the receiver of a vendor does.
    fn verify(&self, secret: &str) {
        let key =
            STANDARD.decode(secret.strip_prefix("whsec_").expect("a secret")).expect("base64");
        assert!(key.len() >= 24);
        let head = format!("{}.{}.", self.header("webhook-id"), self.header("webhook-timestamp"));
        let tag = hmac_sha256(&key, &[head.as_bytes(), &self.body].concat());
        let expected = format!("v1,{}", STANDARD.encode(tag));
        assert_eq!(self.header("webhook-signature"), expected);
    }
}

/// An answer that fits its schema.
fn checked<T: DeserializeOwned>(answer: &Answer, status: u16, schema: &str) -> T {
    crate::document::check(&answer.json(status), schema);
    answer.json(status)
}

impl World {
    pub(crate) async fn start(policy: TrialPolicy) -> Self {
        let server = TestServer::with("[webhooks]\nallow_private = true\n").await;
        let token = server.token("Vendor").await;
        server.publish(&token, &ReleaseMaker::new(&server), Some(policy)).await;
        Self { server, token }
    }

    async fn send(&self, token: &str, method: Method, path: &str, body: Option<Value>) -> Answer {
        let url = format!("{}/api/v1/vendor/webhooks{path}", self.server.url);
        let request = self.server.client.request(method, url).bearer_auth(token);
        Answer::of(body.iter().fold(request, |request, body| request.json(body))).await
    }

    pub(crate) async fn add(&self, url: &str) -> NewWebhookAnswer {
        let body = json!({ "url": url });
        checked(
            &self.send(&self.token, Method::POST, "", Some(body)).await,
            201,
            "NewWebhookAnswer",
        )
    }

    pub(crate) async fn ping(&self, webhook: WebhookId) -> DeliveryId {
        let path = format!("/{webhook}/test");
        let answer = self.send(&self.token, Method::POST, &path, None).await;
        checked::<Ping>(&answer, 201, "Ping").delivery_id
    }

    pub(crate) async fn log(&self, query: &str) -> Vec<Delivery> {
        let path = format!("/deliveries{query}");
        let answer = self.send(&self.token, Method::GET, &path, None).await;
        checked::<DeliveriesAnswer>(&answer, 200, "DeliveriesAnswer").deliveries
    }

    pub(crate) fn dispatcher(&self) -> Dispatcher {
        Dispatcher::new(self.server.app.clone()).expect("a dispatcher")
    }

    /// One round, with all that it sends.
    async fn round(&self) {
        let mut dispatcher = self.dispatcher();
        dispatcher.round().await.expect("a round");
        dispatcher.finish().await;
    }
}

#[tokio::test]
async fn a_vendor_is_told_what_happens_with_a_signature() {
    let world = World::start(TrialPolicy { trials: 1, ..policy() }).await;
    let (receiver, url) = Receiver::start(&[]).await;
    let added = world.add(&url).await;
    let builder = TestBuilder::register(&world.server, 0).await;
    let trial = builder.try_it(&world.server).await.trial;
    world.round().await;
    world.round().await;
    world.server.pass(10 * DAY);
    builder.ask(&world.server, None).await.refused(403, Slug::TrialLimitReached, None);
    world.round().await;
    let received = receiver.received();
    let events: Vec<Value> = received.iter().map(Received::event).collect();
    let kinds: Vec<&str> = events.iter().filter_map(|event| event["type"].as_str()).collect();
    assert_eq!(kinds, ["trial.requested", "trial.expired", "trial.limit-reached"]);
    for one in &received {
        one.verify(added.secret.0.as_str());
        assert_eq!(one.header("content-type"), "application/json");
        assert_eq!(one.event()["id"], one.header("webhook-id"));
        assert_eq!(one.event()["email"], "ada@example.com");
        crate::document::check(&one.event(), "WebhookEvent");
    }
    assert_eq!(events[0]["trial_id"], trial.id.to_string());
    assert_eq!(events[0]["version"], "1.0.0");
    assert_eq!(events[1]["created_at"], events[0]["ends_at"]);
    assert_eq!(events[2]["times"], 1);
    let log = world.log("").await;
    assert_eq!(log.len(), 3);
    assert!(log.iter().all(|one| one.attempts == 1 && one.delivered_at.is_some()));
}

#[tokio::test]
async fn what_fails_is_sent_again_later_with_the_same_id() {
    let world = World::start(policy()).await;
    let (receiver, url) = Receiver::start(&[500, 302]).await;
    let added = world.add(&url).await;
    let ping = world.ping(added.webhook.id).await;
    world.round().await;
    let failed = world.log("?failed=true").await;
    assert_eq!((failed[0].id, failed[0].last_status, failed[0].attempts), (ping, Some(500), 1));
    world.server.pass(9);
    world.round().await;
    assert_eq!(receiver.received().len(), 1, "it is not due yet");
    world.server.pass(4);
    world.round().await;
    assert_eq!(world.log("").await[0].last_status, Some(302), "no redirection is followed");
    world.server.pass(40);
    world.round().await;
    let received = receiver.received();
    assert_eq!(received.len(), 3);
    for one in &received {
        assert_eq!(one.header("webhook-id"), ping.to_string());
        one.verify(added.secret.0.as_str());
    }
    let log = world.log("").await;
    assert_eq!((log.len(), log[0].attempts, log[0].last_status), (1, 3, Some(204)));
    assert_eq!(world.log("?failed=true").await, []);
    let path = format!("/deliveries/{ping}/redeliver");
    assert_eq!(world.send(&world.token, Method::POST, &path, None).await.status, 204);
    world.round().await;
    assert_eq!(receiver.received().len(), 4);
}

#[tokio::test]
async fn a_delivery_is_given_up_after_about_a_day() {
    let world = World::start(policy()).await;
    let nobody = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}", nobody.local_addr().expect("an address"));
    drop(nobody);
    let added = world.add(&url).await;
    world.ping(added.webhook.id).await;
    for attempt in 1..=9 {
        world.round().await;
        let log = world.log("").await;
        assert_eq!(log[0].attempts, attempt);
        assert!(log[0].last_error.as_deref().is_some_and(|why| why.contains("refused")));
        assert_eq!(log[0].next_attempt_at.is_none(), attempt == 9);
        if let Some(next) = log[0].next_attempt_at {
            world.server.pass(next.since(world.server.now()).as_seconds());
        }
    }
    world.server.pass(2 * DAY);
    world.round().await;
    assert_eq!(world.log("?failed=true").await[0].attempts, 9);
}

#[tokio::test]
async fn a_receiver_that_hangs_is_cut_off_and_delays_no_other() {
    let world = World::start(policy()).await;
    let (_hanging, url) = Receiver::start(&[HANGS]).await;
    let hanging = world.add(&url).await.webhook.id;
    let (receiver, url) = Receiver::start(&[]).await;
    let other = world.add(&url).await.webhook.id;
    world.ping(hanging).await;
    let mut dispatcher = world.dispatcher();
    dispatcher.round().await.expect("a round");
    world.ping(other).await;
    dispatcher.round().await.expect("a round");
    while receiver.received().is_empty() {
        tokio::task::yield_now().await;
    }
    let of_hanging = format!("?webhook={hanging}");
    assert_eq!(world.log(&of_hanging).await[0].last_error, None, "it is still waited for");
    dispatcher.finish().await;
    let log = world.log(&of_hanging).await;
    assert_eq!(log[0].last_error.as_deref(), Some("there was no answer in time"));
    assert!(log[0].next_attempt_at.is_some());
}

#[tokio::test]
async fn a_server_that_stops_leaves_its_backlog_to_the_next_one() {
    let world = World::start(policy()).await;
    let (receiver, url) = Receiver::start(&[]).await;
    world.add(&url).await;
    for number in 0..3 {
        TestBuilder::register(&world.server, number).await.try_it(&world.server).await;
    }
    const BACKLOG: usize = 3;
    let mut dispatcher = world.dispatcher();
    dispatcher.round().await.expect("a round");
    dispatcher.stop().await;
    let sent = receiver.received().len();
    assert!(sent < BACKLOG, "all {sent} were sent first");
    world.round().await;
    assert_eq!(receiver.received().len(), BACKLOG);
}

#[tokio::test]
async fn a_receiver_that_is_gone_disables_its_webhook() {
    let world = World::start(policy()).await;
    let (receiver, url) = Receiver::start(&[410]).await;
    let webhook = world.add(&url).await.webhook.id;
    world.ping(webhook).await;
    world.round().await;
    let refused = world.send(&world.token, Method::POST, &format!("/{webhook}/test"), None).await;
    refused.refused(400, Slug::BadRequest, None);
    TestBuilder::register(&world.server, 0).await.try_it(&world.server).await;
    world.round().await;
    assert_eq!(receiver.received().len(), 1);
    let path = format!("/{webhook}/enable");
    let enabled: Webhook = world.send(&world.token, Method::POST, &path, None).await.json(200);
    assert_eq!(enabled.disabled_at, None);
    world.ping(webhook).await;
    world.round().await;
    assert!(receiver.received().len() >= 2);
}

#[tokio::test]
async fn a_receiver_without_a_valid_certificate_gets_nothing() {
    let world = World::start(policy()).await;
    let (receiver, url) = Receiver::start(&[]).await;
    let webhook = world.add(&url.replace("http://", "https://")).await.webhook.id;
    world.ping(webhook).await;
    world.round().await;
    let log = world.log("").await;
    assert!(log[0].last_error.is_some() && log[0].delivered_at.is_none(), "{log:?}");
    assert!(receiver.received().is_empty());
}

#[tokio::test]
async fn servers_that_share_a_database_deliver_once() {
    let world = World::start(policy()).await;
    let (receiver, url) = Receiver::start(&[]).await;
    world.add(&url).await;
    for key in 0..3 {
        TestBuilder::register(&world.server, key).await.try_it(&world.server).await;
    }
    tokio::join!(world.round(), world.round(), world.round());
    world.round().await;
    assert_eq!(world.log("").await.len(), 3);
    assert_eq!(receiver.received().len(), 3);
}

#[tokio::test]
async fn a_webhook_is_its_vendors_alone() {
    let world = World::start(policy()).await;
    let (_receiver, url) = Receiver::start(&[]).await;
    let webhook = world.add(&url).await.webhook.id;
    let ping = world.ping(webhook).await;
    let foreign = world.server.token("Other").await;
    for (method, path) in [
        (Method::DELETE, format!("/{webhook}")),
        (Method::POST, format!("/{webhook}/enable")),
        (Method::POST, format!("/{webhook}/test")),
        (Method::GET, format!("/deliveries?webhook={webhook}")),
        (Method::POST, format!("/deliveries/{ping}/redeliver")),
    ] {
        let refused = world.send(&foreign, method.clone(), &path, None).await;
        refused.refused(404, Slug::NotFound, None);
        let unknown = world.send("tbv_x", method, &path, None).await;
        unknown.refused(401, Slug::Unauthorized, None);
    }
    for path in ["", "/deliveries"] {
        let seen: Value = world.send(&foreign, Method::GET, path, None).await.json(200);
        assert!(!seen.to_string().contains(&webhook.to_string()), "{seen}");
    }
    let own: Value = world.send(&world.token, Method::GET, "", None).await.json(200);
    assert!(own.to_string().contains(&webhook.to_string()));
    assert!(!own.to_string().contains("whsec_"), "the secret is answered once");
    let removed = world.send(&world.token, Method::DELETE, &format!("/{webhook}"), None).await;
    assert_eq!(removed.status, 204);
    assert_eq!(world.log("").await, []);
}

#[tokio::test]
async fn a_webhook_that_cannot_be_is_refused() {
    let world = World::start(policy()).await;
    let add = async |body: Value| world.send(&world.token, Method::POST, "", Some(body)).await;
    let long = format!("https://example.com/{}", "a".repeat(2048));
    for url in ["", "example.com", "ftp://example.com", "https://ada:x@example.com", &long] {
        add(json!({ "url": url })).await.refused(400, Slug::BadRequest, None);
    }
    for events in [json!([]), json!(["ping"]), json!(["nothing"])] {
        let body = json!({ "url": "https://example.com", "events": events });
        add(body).await.refused(400, Slug::BadRequest, None);
    }
    let body = json!({ "url": "https://example.com", "events": ["trial.expired"] });
    let added: NewWebhookAnswer = add(body).await.json(201);
    assert_eq!(added.webhook.events, [EventKind::TrialExpired]);
    for _ in 1..10 {
        assert_eq!(add(json!({ "url": "https://example.com" })).await.status, 201);
    }
    add(json!({ "url": "https://example.com" })).await.refused(400, Slug::BadRequest, None);
}

#[tokio::test]
async fn private_addresses_are_refused_unless_they_are_allowed() {
    let server = TestServer::with_sketch().await;
    let world = World { token: server.token("Vendor").await, server };
    for host in ["127.0.0.1", "localhost", "[::1]", "[::ffff:10.0.0.1]", "169.254.169.254"] {
        let body = json!({ "url": format!("http://{host}/hook") });
        let refused = world.send(&world.token, Method::POST, "", Some(body)).await;
        let problem = refused.refused(400, Slug::BadRequest, None);
        assert!(problem.title.contains("not public"), "{problem:?}");
    }
}
