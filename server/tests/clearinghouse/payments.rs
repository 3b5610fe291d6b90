//! Payments that a provider confirms, signed as Standard Webhooks.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use trybuy_formats::ids::OrderId;
use trybuy_formats::limits;
use trybuy_formats::primitives::hmac_sha256;
use trybuy_formats::slug::Slug;

use crate::support::{Answer, TestServer};

const SECRET: &[u8] = b"0123456789abcdef0123456789abcdef";

/// A clearinghouse whose payments a provider confirms.
async fn start(more: &str) -> TestServer {
    let secret = STANDARD.encode(SECRET);
    TestServer::with(&format!("[payments]\nsecret = \"whsec_{secret}\"\n{more}")).await
}

/// A message as the provider sends it.
#[derive(Clone)]
struct Message {
    timestamp: i64,
    body: String,
    secret: &'static [u8],
}

impl Message {
    fn new(server: &TestServer, body: &Value) -> Self {
        Self { timestamp: server.now().unix(), body: body.to_string(), secret: SECRET }
    }

    async fn send(&self, server: &TestServer) -> Answer {
        let message = format!("msg_1.{}.{}", self.timestamp, self.body);
        let tag = STANDARD.encode(hmac_sha256(self.secret, message.as_bytes()));
        let request = server
            .post("/payments")
            .header("webhook-id", "msg_1")
            .header("webhook-timestamp", self.timestamp)
            .header("webhook-signature", format!("v1,{tag}"));
        Answer::of(request.body(self.body.clone())).await
    }
}

fn confirmed(order: OrderId, amount: u64, reference: &str) -> Value {
    json!({
        "type": "payment.confirmed",
        "provider": "has members of its own",
        "data": {
            "order_id": order, "amount": amount, "currency": "EUR", "reference": reference,
            "customer": "cus_1",
        },
    })
}

#[tokio::test]
async fn a_confirmed_payment_issues_the_pack_once() {
    let server = start("").await;
    let order = server.placed(&server.license_server()).await;
    let message = Message::new(&server, &confirmed(order, 12_000, "pay_1"));
    assert_eq!(message.send(&server).await.status, 204);
    let pack = server.pack(order).await;
    assert_eq!(pack.status, 200);
    // A replay, and the same payment in another message.
    assert_eq!(message.send(&server).await.status, 204);
    server.pass_days(1);
    let again = Message::new(&server, &confirmed(order, 12_000, "pay_1"));
    assert_eq!(again.send(&server).await.status, 204);
    assert_eq!(server.pack(order).await.body, pack.body);
    let record = server.state.store.order(order).await.expect("answered").expect("an order");
    assert_eq!(record.paid, 12_000);
}

#[tokio::test]
async fn parts_of_a_fee_add_up() {
    let server = start("").await;
    let order = server.placed(&server.license_server()).await;
    for (part, state) in [("a", "fee-due"), ("b", "fee-due"), ("c", "issued"), ("d", "issued")] {
        let message = Message::new(&server, &confirmed(order, 4_000, part));
        assert_eq!(message.send(&server).await.status, 204);
        assert_eq!(server.state_of(order).await, state, "{part}");
    }
}

#[tokio::test]
async fn two_payments_at_once_issue_one_pack() {
    let server = start("").await;
    let order = server.placed(&server.license_server()).await;
    let one = Message::new(&server, &confirmed(order, 12_000, "pay_1"));
    let two = Message::new(&server, &confirmed(order, 12_000, "pay_2"));
    let answers = tokio::join!(one.send(&server), two.send(&server), one.send(&server));
    assert_eq!((answers.0.status, answers.1.status, answers.2.status), (204, 204, 204));
    let packs = server.state.store.packs(None, None).await.expect("answered");
    assert_eq!(packs.entries.len(), 1);
    let record = server.state.store.order(order).await.expect("answered").expect("an order");
    assert_eq!(record.paid, 24_000);
}

#[tokio::test]
async fn forged_and_late_messages_have_no_effect() {
    let server = start("").await;
    let order = server.placed(&server.license_server()).await;
    let good = Message::new(&server, &confirmed(order, 12_000, "pay_1"));
    let forged = Message { secret: b"another secret of 24 bytes", ..good.clone() };
    forged.send(&server).await.refused(401, Slug::Unauthorized);
    for seconds in [-301, 301, i64::MIN / 2] {
        let late = Message { timestamp: good.timestamp.saturating_add(seconds), ..good.clone() };
        late.send(&server).await.refused(401, Slug::ClockSkew);
    }
    let unsigned = server.post("/payments").body(good.body.clone());
    Answer::of(unsigned).await.refused(401, Slug::Unauthorized);
    let captured = server
        .post("/payments")
        .header("webhook-id", "msg_1")
        .header("webhook-timestamp", good.timestamp)
        .header("webhook-signature", "v1,")
        .body(good.body.clone());
    Answer::of(captured).await.refused(401, Slug::Unauthorized);
    assert_eq!(server.state_of(order).await, "fee-due");
    for seconds in [-300, 300] {
        let body = confirmed(order, 1, &format!("{seconds}")).to_string();
        let message = Message { timestamp: good.timestamp + seconds, body, ..good.clone() };
        assert_eq!(message.send(&server).await.status, 204, "{seconds}");
    }
}

#[tokio::test]
async fn what_does_not_fit_an_order_is_refused() {
    let server = start("").await;
    let order = server.placed(&server.license_server()).await;
    let mut dollars = confirmed(order, 12_000, "a");
    dollars["data"]["currency"] = json!("USD");
    let mut text = confirmed(order, 1, "a");
    text["data"]["amount"] = json!("12000");
    for (body, status, slug) in [
        (confirmed(OrderId::new(), 12_000, "a"), 404, Slug::NotFound),
        (confirmed(order, 0, "a"), 400, Slug::BadRequest),
        (confirmed(order, limits::INTEGER + 1, "a"), 400, Slug::BadRequest),
        (dollars, 422, Slug::OrderRefused),
        (text, 400, Slug::BadRequest),
        (json!({ "type": "payment.confirmed" }), 400, Slug::BadRequest),
        (json!("payment.confirmed"), 400, Slug::BadRequest),
    ] {
        Message::new(&server, &body).send(&server).await.refused(status, slug);
    }
    let other = json!({ "type": "payment.refused", "data": { "reference": 7 } });
    assert_eq!(Message::new(&server, &other).send(&server).await.status, 204);
    let large = json!({ "type": "x".repeat(limits::API_BODY), "data": {} });
    assert_eq!(Message::new(&server, &large).send(&server).await.status, 413);
    assert_eq!(server.state_of(order).await, "fee-due");
}

#[tokio::test]
async fn an_address_fails_so_often_a_minute() {
    let server = start("[rate_limits]\nfailures_per_minute = 2").await;
    let order = server.placed(&server.license_server()).await;
    let good = Message::new(&server, &confirmed(order, 12_000, "pay_1"));
    let forged = Message { secret: b"another secret of 24 bytes", ..good.clone() };
    for _ in 0..2 {
        forged.send(&server).await.refused(401, Slug::Unauthorized);
    }
    forged.send(&server).await.refused(429, Slug::RateLimited);
    assert_eq!(good.send(&server).await.status, 204, "what is signed is never too much");
}

#[tokio::test]
async fn a_clearinghouse_whose_certificate_has_ended_takes_no_fees() {
    let server = start("").await;
    let order = server.placed(&server.license_server()).await;
    server.pass_days(731);
    let message = Message::new(&server, &confirmed(order, 12_000, "pay_1"));
    message.send(&server).await.refused(500, Slug::ServerError);
    let record = server.state.store.order(order).await.expect("answered").expect("an order");
    assert_eq!((record.paid, record.pack_id), (0, None));
}

#[tokio::test]
async fn without_a_secret_nobody_confirms_payments() {
    let server = TestServer::start().await;
    let order = server.placed(&server.license_server()).await;
    let message = Message::new(&server, &confirmed(order, 12_000, "pay_1"));
    message.send(&server).await.refused(404, Slug::NotFound);
}
