//! Webhooks on the command line.

use serde_json::{Value, json};

use crate::fixture::{Outcome, run, vendor_at};
use crate::small_server::{Reply, SmallServer};

const WEBHOOK: &str = "019c2f5e-0000-7000-8000-000000000001";
const DELIVERY: &str = "019c2f5e-0000-7000-8000-00000000000";

fn webhook() -> Value {
    json!({
        "id": WEBHOOK, "url": "https://example.com/hook", "events": ["trial.requested"],
        "created_at": "2026-12-22T10:00:00Z", "disabled_at": null,
    })
}

fn delivery(number: u8, status: Option<u16>, delivered: bool, next: bool) -> Value {
    let at = |there: bool| there.then_some("2026-12-22T10:00:09Z");
    json!({
        "id": format!("{DELIVERY}{number}"), "webhook_id": WEBHOOK, "event": "trial.requested",
        "application": "com.example.sketch",
        "occurred_at": "2026-12-22T10:00:00Z", "attempts": 1, "last_status": status,
        "last_error": null, "delivered_at": at(delivered), "next_attempt_at": at(next),
    })
}

fn vendor(server: &SmallServer, arguments: &[&str]) -> Outcome {
    run(&mut vendor_at(&server.url(), &[&["webhook"], arguments].concat()))
}

#[test]
fn a_webhook_is_added_with_the_events_that_were_named() {
    let server = SmallServer::start(|_| {
        Reply::json(201, &json!({ "webhook": webhook(), "secret": "whsec_AAAA" }))
    });
    let outcome = vendor(
        &server,
        &["add", "https://example.com/hook", "--events", "trial.requested,trial.expired"],
    );
    assert_eq!(
        outcome.stdout,
        format!(
            "webhook    {WEBHOOK}\nsecret     whsec_AAAA\nKeep the secret: it is shown only now.\n"
        )
    );
    let sent: Value = serde_json::from_slice(&server.requests()[0].body).unwrap();
    let events = json!(["trial.requested", "trial.expired"]);
    assert_eq!(sent, json!({ "url": "https://example.com/hook", "events": events }));
    let outcome = vendor(&server, &["add", "https://example.com", "--events", "trial.begun"]);
    assert_eq!(outcome.code, Some(2));
    assert!(outcome.stderr.contains("not an event: there are trial.requested"), "{outcome:?}");
}

#[test]
fn the_log_shows_what_became_of_each_delivery() {
    let server = SmallServer::start(|request| match request.target.contains("after=") {
        false => Reply::json(
            200,
            &json!({
                "deliveries": [delivery(3, None, false, true), delivery(2, Some(204), true, false)],
                "next": "two",
            }),
        ),
        true => Reply::json(
            200,
            &json!({
                "deliveries": [delivery(1, Some(500), false, true), delivery(0, Some(410), false, false)],
                "next": null,
            }),
        ),
    });
    let outcome = vendor(&server, &["deliveries", WEBHOOK, "--failed"]);
    let results: Vec<&str> =
        outcome.stdout.lines().filter_map(|line| line.get(117..)).map(str::trim).collect();
    assert_eq!(
        results,
        [
            "RESULT",
            "next attempt 2026-12-22T10:00:09Z",
            "delivered 2026-12-22T10:00:09Z",
            "answered 500; next attempt 2026-12-22T10:00:09Z",
            "answered 410; given up",
        ],
        "{}",
        outcome.stdout
    );
    let path = "GET /api/v1/vendor/webhooks/deliveries?limit=100&failed=true";
    assert_eq!(server.lines()[0], format!("{path}&webhook={WEBHOOK}"));
    // Those to all webhooks say to which one.
    let outcome = vendor(&server, &["deliveries"]);
    let mut words = outcome.stdout.lines().map(|line| line.split_whitespace().take(4));
    let head = ["DELIVERY", "WEBHOOK", "EVENT", "APPLICATION"];
    assert!(words.next().unwrap().eq(head), "{}", outcome.stdout);
    let last = words.next_back().unwrap().skip(1);
    assert!(last.eq([WEBHOOK, "trial.requested", "com.example.sketch"]), "{}", outcome.stdout);
    let outcome = vendor(&server, &["deliveries", "--json"]);
    let all: Vec<Value> = serde_json::from_str(&outcome.stdout).unwrap();
    assert_eq!(all.len(), 4);
}

#[test]
fn an_empty_list_is_said_to_be_one() {
    let server = SmallServer::start(|_| {
        Reply::json(200, &json!({ "webhooks": [], "deliveries": [], "next": null }))
    });
    assert_eq!(vendor(&server, &["list"]).stdout, "There are no webhooks yet.\n");
    assert_eq!(vendor(&server, &["list", "--json"]).stdout, "[]\n");
    assert_eq!(vendor(&server, &["deliveries"]).stdout, "Nothing was sent.\n");
    assert_eq!(vendor(&server, &["deliveries", "--json"]).stdout, "[]\n");
}

#[test]
fn a_disabled_webhook_is_said_to_be_one() {
    let server = SmallServer::start(|_| {
        let mut disabled = webhook();
        disabled["disabled_at"] = json!("2026-12-23T10:00:00Z");
        Reply::json(200, &json!({ "webhooks": [disabled] }))
    });
    assert_eq!(
        vendor(&server, &["list"]).stdout,
        format!(
            "{WEBHOOK}  https://example.com/hook  disabled since 2026-12-23T10:00:00Z\n  \
             trial.requested\n"
        )
    );
}
