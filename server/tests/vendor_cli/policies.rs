//! `policy show` and `policy set` towards a server.

use trybuy_formats::api::SetPolicy;
use trybuy_formats::policy::TrialPolicy;

use crate::fixture::{App, Outcome, manifest_argument, policy, policy_answer, run, vendor_at};
use crate::small_server::{Reply, SmallServer};

const APP: &str = "com.example.sketch";
const GET: &str = "GET /api/v1/vendor/applications/com.example.sketch/policies";
const PUT: &str = "PUT /api/v1/vendor/applications/com.example.sketch/policies/application";

fn hard() -> TrialPolicy {
    let json = r#"{"duration":1209600,"expiration":{"kind":"hard"},"trials":1,
        "acceptance":"passive","layout":"leading"}"#;
    serde_json::from_str(json).unwrap()
}

/// A server with one application, which takes `after` as its policy whatever is asked.
fn server(before: TrialPolicy, after: TrialPolicy) -> SmallServer {
    SmallServer::start(move |request| {
        let is_put = request.method == "PUT";
        Reply::json(200, &policy_answer(if is_put { after } else { before }))
    })
}

fn vendor(server: &SmallServer, arguments: &[&str]) -> Outcome {
    run(&mut vendor_at(&server.url(), arguments))
}

/// The policy that was sent.
fn sent(server: &SmallServer) -> TrialPolicy {
    let request = server.requests().pop().unwrap();
    assert_eq!(request.line(), PUT);
    assert_eq!(request.header("content-type"), Some("application/json"));
    serde_json::from_slice::<SetPolicy>(&request.body).unwrap().policy
}

#[test]
fn a_policy_is_shown_in_words() {
    let server = server(hard(), hard());
    let outcome = vendor(&server, &["policy", "show", APP]);
    assert_eq!(
        outcome.stdout,
        "com.example.sketch\n  \
         trial       14 days, then refused at once\n  \
         trials      1 per licensee\n  \
         acceptance  passive (accepted unless the user declines)\n  \
         layout      leading (control information in front)\n  \
         changed     2026-12-22T10:00:00Z\n"
    );
    assert_eq!((outcome.code, outcome.stderr.as_str()), (Some(0), ""));
}

#[test]
fn a_policy_is_shown_as_json() {
    let server = server(hard(), hard());
    let outcome = vendor(&server, &["policy", "show", APP, "--json"]);
    let shown: trybuy_formats::api::PolicyAnswer = serde_json::from_str(&outcome.stdout).unwrap();
    assert_eq!(shown, policy_answer(hard()));
}

#[test]
fn only_what_is_named_is_changed_and_shown() {
    let wanted = TrialPolicy { trials: 3, ..hard() };
    let server = server(hard(), wanted);
    let outcome = vendor(&server, &["policy", "set", APP, "--trials", "3"]);
    assert_eq!(
        outcome.stdout,
        "com.example.sketch for everybody\n  trials      1 per licensee → 3 per licensee\n\
         Trials to come follow it; those that have begun keep theirs.\n"
    );
    assert_eq!(sent(&server), wanted);
}

#[test]
fn every_value_has_its_option() {
    let server = server(hard(), policy());
    let mut arguments = vec!["policy", "set", APP];
    arguments.extend(["--duration", "30d", "--expiration", "soft", "--grace", "7d"]);
    arguments.extend(["--grace-from", "first-warning", "--trials", "2"]);
    arguments.extend(["--acceptance", "explicit", "--layout", "dispersed"]);
    arguments.extend(["--max-launches", "50", "--max-running", "20h", "--max-days", "14"]);
    let outcome = vendor(&server, &arguments);
    assert_eq!(outcome.code, Some(0), "{outcome:?}");
    assert_eq!(sent(&server), policy());
}

#[test]
fn a_policy_is_taken_from_a_manifest() {
    let server = server(hard(), policy());
    let app = App::new();
    let path = app.path("trybuy.toml");
    let outcome = vendor(&server, &["policy", "set", APP, "--from", manifest_argument(&path)]);
    assert_eq!(sent(&server), policy());
    let first = "  trial       14 days, then refused at once → 30 days, then 7 days of grace from \
                 the first warning; at most 50 launches, 20 hours of running and 14 days of use\n";
    assert!(outcome.stdout.contains(first), "{}", outcome.stdout);
}

#[test]
fn a_policy_that_is_there_already_is_not_sent() {
    let server = server(hard(), hard());
    let outcome = vendor(&server, &["policy", "set", APP, "--duration", "14d"]);
    assert_eq!(
        outcome.stdout,
        "com.example.sketch has this policy for everybody already: 14 days, then refused at once\n"
    );
    assert_eq!(server.lines(), [GET]);
}

#[test]
fn a_contradiction_is_a_wrong_command_line() {
    let server = server(hard(), hard());
    let outcome = vendor(&server, &["policy", "set", APP, "--grace", "7d"]);
    assert_eq!(
        outcome.stderr,
        "error[usage]: the expiration is hard and has no grace\nhelp: add `--expiration soft`\n"
    );
    assert_eq!(outcome.code, Some(2));
    assert_eq!(server.lines(), [GET]);
}
