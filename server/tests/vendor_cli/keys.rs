//! `key list` towards a server.

use serde_json::{Value, json};

use crate::fixture::{run, vendor_at};
use crate::small_server::{Reply, SmallServer};

const LICENSEE: &str = "019c2f5e-0000-7000-8000-000000000001";

fn key(id: &str, bought: bool, revoked: bool, more: &Value) -> Value {
    let at = |there: bool| there.then_some("2026-12-22T10:00:00Z");
    let mut key = json!({
        "id": id, "key": "ABCDE-FGHJK", "batch": "b", "label": "web shop", "license_duration": null,
        "builders": 3, "created_at": "2026-12-22T10:00:00Z", "ends_at": null,
        "licensee_id": bought.then_some(LICENSEE), "redeemed_at": at(bought), "revoked_at": at(revoked),
    });
    key.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    key
}

#[test]
fn keys_are_listed_with_what_they_are_for_and_what_became_of_them() {
    let year = json!({ "license_duration": 31_536_000, "builders": 1, "label": "" });
    let keys = [
        key("one", false, false, &json!({})),
        key("two", true, false, &year),
        key("three", true, true, &json!({})),
        key("four", false, true, &json!({ "label": "a\u{1b}[2J" })),
    ];
    let answer = json!({ "keys": keys, "next": null });
    let server = SmallServer::start(move |_| Reply::json(200, &answer));
    let arguments = ["key", "list", "com.example.sketch"];
    let outcome = run(&mut vendor_at(&server.url(), &arguments));
    let bought = format!("bought 2026-12-22T10:00:00Z by {LICENSEE}");
    let expected = format!(
        "one  ABCDE-FGHJK\n  for ever on 3 Builders  web shop\n  free\n\
         two  ABCDE-FGHJK\n  365 days on 1 Builder\n  {bought}\n\
         three  ABCDE-FGHJK\n  for ever on 3 Builders  web shop\n  {bought}, revoked \
         2026-12-22T10:00:00Z\n\
         four  ABCDE-FGHJK\n  for ever on 3 Builders  a\u{fffd}[2J\n  revoked 2026-12-22T10:00:00Z\n"
    );
    assert_eq!(outcome.stdout, expected);
}
