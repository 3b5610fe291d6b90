//! A clearinghouse that is killed has either both a whole fee and its pack, or neither.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;
use trybuy_formats::api::PlaceOrder;
use trybuy_formats::ids::OrderId;
use trybuy_formats::primitives::hmac_sha256;
use trybuy_server::clock::{Clock as _, SystemClock};

use crate::support::{Answer, Commands, Orderer};

const SECRET: &[u8] = b"0123456789abcdef0123456789abcdef";
const ORDERS: u64 = 24;
/// The whole fee of an order of three licenses.
const FEE: u64 = 3600;

/// The confirmation of the whole fee of an order.
fn confirmation(client: &reqwest::Client, url: &str, order: OrderId) -> reqwest::RequestBuilder {
    let body = json!({
        "type": "payment.confirmed",
        "data": { "order_id": order, "amount": FEE, "currency": "EUR", "reference": "pay" },
    })
    .to_string();
    let timestamp = SystemClock.now().unix();
    let tag = hmac_sha256(SECRET, format!("msg.{timestamp}.{body}").as_bytes());
    client
        .post(format!("{url}/payments"))
        .header("webhook-id", "msg")
        .header("webhook-timestamp", timestamp)
        .header("webhook-signature", format!("v1,{}", STANDARD.encode(tag)))
        .body(body)
}

/// A clearinghouse that takes the provider's messages, and as many orders as there are.
fn clearinghouse() -> Commands {
    let commands = Commands::with_clearinghouse();
    let name = "data/clearinghouse/clearinghouse.toml";
    let secret = format!("[payments]\nsecret = \"whsec_{}\"", STANDARD.encode(SECRET));
    let text = commands.text(name).replace("[payments]", &secret);
    commands.write(name, text.replace("#: orders_per_minute = 30", "orders_per_minute = 1000"));
    commands
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fee_and_its_pack_are_there_together() {
    let commands = clearinghouse();
    let orderer = Orderer::new(&commands);
    let orders: Vec<(OrderId, String)> = (0..ORDERS).map(|_| orderer.order(&commands)).collect();
    let client = reqwest::Client::new();
    let mut process = commands.serve();
    for (_, order) in &orders {
        let place = PlaceOrder { order: order.clone() };
        let answer = Answer::of(client.post(format!("{}/orders", process.url)).json(&place)).await;
        assert_eq!(answer.status, 201);
    }
    // Killed after so many confirmations were answered, with the others on their way.
    for answered in [1, 4, 9] {
        let requests =
            orders.iter().map(|(order, _)| confirmation(&client, &process.url, *order)).collect();
        await_some(requests, answered, || process.kill()).await;
        check(&commands);
        process = commands.serve();
    }
    for (order, _) in &orders {
        let answer = Answer::of(confirmation(&client, &process.url, *order)).await;
        assert_eq!(answer.status, 204);
    }
    check(&commands);
    let packs = commands.json(&["clearinghouse", "pack", "list"]);
    let packs = packs.as_array().expect("a list");
    let mut serials: Vec<u64> =
        packs.iter().filter_map(|pack| pack["begin_serial"].as_u64()).collect();
    serials.sort_unstable();
    assert_eq!(serials, (0..ORDERS).map(|pack| 1 + 3 * pack).collect::<Vec<_>>());
}

/// Sends all requests at once, and does something when so many were answered.
async fn await_some(requests: Vec<reqwest::RequestBuilder>, answered: usize, then: impl FnOnce()) {
    let (sender, mut receiver) = tokio::sync::mpsc::unbounded_channel();
    for request in requests {
        let sender = sender.clone();
        tokio::spawn(async move {
            let answer = request.send().await;
            // Nobody listens once the test has failed.
            let _ = sender.send(answer.is_ok_and(|answer| answer.status() == 204));
        });
    }
    drop(sender);
    for _ in 0..answered {
        assert_eq!(receiver.recv().await, Some(true));
    }
    then();
    while receiver.recv().await.is_some() {}
}

/// Every order is paid once and has its pack, or neither.
fn check(commands: &Commands) {
    let orders = commands.json(&["clearinghouse", "order", "list"]);
    for order in orders.as_array().expect("a list") {
        let expected = if order["pack_id"].is_null() { 0 } else { FEE };
        assert_eq!(order["paid"], expected, "{order}");
    }
}
