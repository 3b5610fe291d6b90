//! `profile` towards a server.

use serde_json::{Value, json};
use trybuy_formats::policy::TrialPolicy;

use crate::fixture::{App, Outcome, manifest_argument, policy, run, vendor_at};
use crate::small_server::{Reply, SmallServer};

const PROFILES: &str = "/api/v1/vendor/profiles";

fn profile(policy: &Value) -> Value {
    json!({ "name": "generous", "policy": policy, "changed_at": "2026-12-22T10:00:00Z" })
}

/// A server with one profile without limits, which takes that of [`policy`] whatever is sent.
fn server() -> SmallServer {
    let there = json!(TrialPolicy { limits: Default::default(), ..policy() });
    SmallServer::start(move |request| match request.method.as_str() {
        "GET" => Reply::json(200, &json!({ "profiles": [profile(&there)] })),
        "PUT" => Reply::json(200, &profile(&json!(policy()))),
        _ => Reply::nothing(),
    })
}

fn vendor(server: &SmallServer, arguments: &[&str]) -> Outcome {
    run(&mut vendor_at(&server.url(), arguments))
}

fn sent(server: &SmallServer) -> TrialPolicy {
    let request = server.requests().pop().unwrap();
    assert_eq!(request.line(), format!("PUT {PROFILES}/generous"));
    let body: Value = serde_json::from_slice(&request.body).unwrap();
    serde_json::from_value(body["policy"].clone()).unwrap()
}

#[test]
fn profiles_are_listed_in_words() {
    let server = server();
    let outcome = vendor(&server, &["profile", "list"]);
    assert_eq!(outcome.stdout, "generous  30 days, then 7 days of grace from the first warning\n");
    let outcome = vendor(&server, &["profile", "list", "--json"]);
    let printed: Value = serde_json::from_str(&outcome.stdout).unwrap();
    assert_eq!(printed[0]["name"], "generous");
    let none = SmallServer::start(|_| Reply::json(200, &json!({ "profiles": [] })));
    assert_eq!(vendor(&none, &["profile", "list"]).stdout, "There are no profiles yet.\n");
}

#[test]
fn a_profile_is_made_from_a_manifest_and_changed_by_name() {
    let server = server();
    let app = App::new();
    let manifest = app.path("trybuy.toml");
    let arguments = ["profile", "set", "generous", "--from", manifest_argument(&manifest)];
    let outcome = vendor(&server, &arguments);
    assert!(outcome.stdout.starts_with("generous: 30 days, then 7 days of grace"), "{outcome:?}");
    assert_eq!(sent(&server), policy());
    vendor(&server, &["profile", "set", "generous", "--trials", "9"]);
    assert_eq!(sent(&server), TrialPolicy { trials: 9, limits: Default::default(), ..policy() });
}

#[test]
fn a_profile_is_changed_from_what_somebody_else_set_meanwhile() {
    let theirs = TrialPolicy { limits: Default::default(), ..policy() };
    let mut puts = 0;
    let server = SmallServer::start(move |request| {
        let policy = if puts == 0 { policy() } else { theirs };
        if request.method == "GET" {
            return Reply::json(200, &json!({ "profiles": [profile(&json!(policy))] }));
        }
        puts += 1;
        match puts {
            1 => Reply::problem(409, "policy-changed", "it was changed meanwhile"),
            _ => Reply::json(200, &profile(&json!(theirs))),
        }
    });
    let outcome = vendor(&server, &["profile", "set", "generous", "--trials", "9"]);
    assert_eq!(outcome.code, Some(0), "{outcome:?}");
    assert_eq!(sent(&server), TrialPolicy { trials: 9, ..theirs });
}

#[test]
fn a_new_profile_needs_a_manifest() {
    let server = server();
    let outcome = vendor(&server, &["profile", "set", "short", "--trials", "1"]);
    assert_eq!(
        outcome.stderr,
        "error[not-found]: there is no profile `short`\nhelp: `trybuy-vendor profile list` shows all, and `profile set NAME --from MANIFEST` makes one\n"
    );
    assert_eq!(server.lines(), [format!("GET {PROFILES}")]);
}

#[test]
fn a_profile_is_removed() {
    let server = server();
    let outcome = vendor(&server, &["profile", "remove", "generous"]);
    assert_eq!(outcome.stdout, "profile `generous` is removed\n");
    assert_eq!(server.lines(), [format!("DELETE {PROFILES}/generous")]);
}
