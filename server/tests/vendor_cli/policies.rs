//! `policy show` and `policy set` towards a server.

use serde_json::json;
use trybuy_formats::api::{FollowAnswer, FollowPolicies, InPlaceOf, PolicyAnswer, SetPolicy};
use trybuy_formats::ids::{PolicyChangeId, TrialId};
use trybuy_formats::policy::{AcceptanceKind, Layout, TrialPolicy};

use crate::fixture::{
    App, Outcome, manifest_argument, policies_answer, policy, policy_answer, run, vendor_at,
};
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
        "com.example.sketch for everybody\n  \
         trial       14 days, then refused at once\n  \
         trials      1 per licensee → 3 per licensee\n  \
         acceptance  passive (accepted unless the user declines)\n  \
         layout      leading (control information in front)\n\
         Trials to come follow it; those that have begun keep theirs.\n"
    );
    assert_eq!(sent(&server), wanted);
}

#[test]
fn a_change_is_made_from_what_somebody_else_set_meanwhile() {
    let theirs = TrialPolicy { acceptance: AcceptanceKind::Explicit, ..hard() };
    let mut puts = 0;
    let server = SmallServer::start(move |request| {
        if request.method == "GET" {
            return Reply::json(200, &policy_answer(if puts == 0 { hard() } else { theirs }));
        }
        puts += 1;
        match puts {
            1 => Reply::problem(409, "policy-changed", "the policy was changed meanwhile"),
            _ => Reply::json(200, &policy_answer(TrialPolicy { trials: 3, ..theirs })),
        }
    });
    let outcome = vendor(&server, &["policy", "set", APP, "--trials", "3"]);
    assert!(outcome.stdout.contains("  acceptance  explicit (the user types a name)\n"));
    assert_eq!(server.lines(), [GET, PUT, GET, PUT]);
    assert_eq!(sent(&server), TrialPolicy { trials: 3, ..theirs });
}

#[test]
fn a_policy_that_others_always_change_is_given_up() {
    let server = SmallServer::start(|request| match request.method.as_str() {
        "GET" => Reply::json(200, &policy_answer(hard())),
        _ => Reply::problem(409, "policy-changed", "the policy was changed meanwhile"),
    });
    let outcome = vendor(&server, &["policy", "set", APP, "--trials", "3"]);
    assert_eq!(outcome.stderr, "error[policy-changed]: the policy was changed meanwhile\n");
    assert_eq!((outcome.code, server.lines().len()), (Some(1), 20));
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

/// A server that answers with these policies whatever is asked, and with this change.
fn server_of(answer: PolicyAnswer) -> SmallServer {
    let change = PolicyChangeId::new();
    SmallServer::start(move |request| match request.method.as_str() {
        "GET" => Reply::json(200, &answer),
        _ => Reply::json(200, &PolicyAnswer { change: Some(change), ..answer.clone() }),
    })
}

const EDUCATION: &str = "class:education";

#[test]
fn what_a_licensee_gets_is_explained() {
    let member = Some("@example.edu");
    let server = server_of(policies_answer([
        (EDUCATION, member, TrialPolicy { limits: hard().limits, ..policy() }),
        ("application", None, hard()),
    ]));
    let outcome = vendor(&server, &["policy", "show", APP, "--licensee", "Ada@Example.edu"]);
    assert_eq!(
        outcome.stdout,
        "com.example.sketch for ada@example.edu\n\
         30 days, then 7 days of grace from the first warning: from class `education`, as \
         @example.edu\n  \
         trial       30 days, then 7 days of grace from the first warning\n  \
         trials      2 per licensee\n  \
         acceptance  explicit (the user types a name)\n  \
         layout      dispersed (control information inside the program's parts)\n  \
         changed     2026-12-22T10:00:00Z\n\n\
         after it in the order of precedence, and not in force:\n  \
         14 days, then refused at once: from the application\n"
    );
    assert_eq!(server.lines(), [format!("{GET}?licensee=ada%40example.edu")]);
}

#[test]
fn every_policy_of_an_application_is_shown() {
    let server = server_of(policies_answer([
        ("application", None, hard()),
        (EDUCATION, None, policy()),
        ("ada@example.com", None, hard()),
    ]));
    let outcome = vendor(&server, &["policy", "show", APP]);
    let blocks: Vec<&str> = outcome.stdout.split("\n\n").collect();
    assert_eq!(blocks.len(), 3);
    assert!(blocks[1].starts_with("for class `education`\n  trial       30 days"), "{}", blocks[1]);
    assert!(blocks[2].starts_with("for licensee ada@example.com\n  trial       14 days"));
}

#[test]
fn a_new_policy_says_what_it_begins_with() {
    let own = ("application", None, hard());
    let other = TrialPolicy { trials: 7, ..hard() };
    let education = (EDUCATION, Some("@example.edu"), other);
    let class = ["--class", "education"];
    let licensee = ["--licensee", "Ada+x@example.edu"];
    let cases = [
        // The answer, for whom, and what is printed first and sent.
        (policies_answer([own]), class, "begins      as the policy from the application", hard()),
        (
            policies_answer([own, education]),
            class,
            "trial       14 days, then refused at once → 20 days, then refused at once",
            other,
        ),
        (
            policies_answer([own]),
            licensee,
            "begins      as the policy from the application",
            hard(),
        ),
        (
            policies_answer([education, own]),
            licensee,
            "begins      as the policy from class `education`, as @example.edu",
            other,
        ),
    ];
    for (answer, target, said, before) in cases {
        let server = server_of(answer);
        let mut arguments = vec!["policy", "set", APP, "--duration", "20d"];
        arguments.extend(target);
        let outcome = vendor(&server, &arguments);
        assert_eq!(outcome.stdout.lines().nth(1), Some(format!("  {said}").as_str()));
        let request = server.requests().pop().unwrap();
        let sent: SetPolicy = serde_json::from_slice(&request.body).unwrap();
        // A policy that is new is set where there is none.
        let there = (said.starts_with("trial")).then_some(before);
        assert_eq!(sent.in_place_of, Some(InPlaceOf { policy: there }));
        assert_eq!(sent.policy, TrialPolicy { duration: "20d".parse().unwrap(), ..before });
        let scope = if target == class { "class:education" } else { "ada@example.edu" };
        assert_eq!(request.target.rsplit('/').next(), Some(scope), "{}", request.target);
    }
}

#[test]
fn a_class_may_get_the_same_policy_as_everybody() {
    let server = server_of(policies_answer([("application", None, hard())]));
    let arguments = ["policy", "set", APP, "--class", "education", "--duration", "14d"];
    let outcome = vendor(&server, &arguments);
    assert_eq!(
        outcome.stdout,
        "com.example.sketch for class `education`\n  \
         begins      as the policy from the application\n  \
         trial       14 days, then refused at once\n  \
         trials      1 per licensee\n  \
         acceptance  passive (accepted unless the user declines)\n  \
         layout      leading (control information in front)\n\
         Trials to come follow it; those that have begun keep theirs.\n"
    );
}

#[test]
fn a_whole_policy_is_taken_from_a_profile() {
    let profiles = json!({ "profiles": [
        { "name": "short", "policy": policy(), "changed_at": "2026-12-22T10:00:00Z" },
    ] });
    let server = SmallServer::start(move |request| match request.target.as_str() {
        "/api/v1/vendor/profiles" => Reply::json(200, &profiles),
        _ => Reply::json(200, &policy_answer(hard())),
    });
    let outcome = vendor(&server, &["policy", "set", APP, "--profile", "short"]);
    assert_eq!(outcome.code, Some(0), "{outcome:?}");
    let request = server.requests().pop().unwrap();
    let sent: SetPolicy = serde_json::from_slice(&request.body).unwrap();
    assert_eq!((sent.policy, sent.profile), (policy(), Some("short".parse().unwrap())));
    let outcome = vendor(&server, &["policy", "set", APP, "--profile", "long"]);
    assert_eq!(
        outcome.stderr,
        "error[not-found]: there is no profile `long`\n\
         help: `trybuy-vendor profile list` shows all, and `profile set NAME --from MANIFEST` makes one\n"
    );
}

#[test]
fn a_policy_is_removed() {
    let server = server_of(policies_answer([("application", None, hard())]));
    let outcome = vendor(&server, &["policy", "remove", APP, "--licensee", "ada@example.com"]);
    assert_eq!(
        outcome.stdout,
        "com.example.sketch has no policy for licensee ada@example.com any more\n\
         Trials to come follow it; those that have begun keep theirs.\n"
    );
    assert_eq!(
        server.lines(),
        ["DELETE /api/v1/vendor/applications/com.example.sketch/policies/ada@example.com"]
    );
}

/// A server whose pages of existing trials end as they say, and the places that it is asked for.
fn following(pages: Vec<(u64, Option<TrialId>)>) -> (SmallServer, PolicyChangeId) {
    let change = PolicyChangeId::new();
    let mut pages = pages.into_iter();
    let server = SmallServer::start(move |request| {
        if request.target.ends_with("/existing-trials") {
            let (changed, next) = pages.next().unwrap();
            return Reply::json(200, &FollowAnswer { changed, next });
        }
        Reply::json(200, &PolicyAnswer { change: Some(change), ..policy_answer(hard()) })
    });
    (server, change)
}

#[test]
fn trials_that_have_begun_follow_page_by_page() {
    let (first, second) = (TrialId::new(), TrialId::new());
    let pages = vec![(200, Some(first)), (0, Some(second)), (7, None)];
    let (server, change) = following(pages);
    let arguments = ["policy", "set", APP, "--duration", "20d", "--apply-to-existing"];
    let outcome = vendor(&server, &arguments);
    assert_eq!(
        outcome.stdout.lines().last(),
        Some(
            "Trials to come follow it, and 207 trials that had begun: their users get it when they \
             are next online."
        )
    );
    let asked = server
        .requests()
        .into_iter()
        .skip(2)
        .map(|request| serde_json::from_slice::<FollowPolicies>(&request.body).unwrap());
    let expected = [None, Some(first), Some(second)].map(|after| FollowPolicies { change, after });
    assert_eq!(asked.collect::<Vec<_>>(), expected);
}

#[test]
fn a_server_that_names_the_same_place_again_is_not_asked_for_ever() {
    let place = TrialId::new();
    let (server, _) = following(vec![(1, Some(place)), (0, Some(place))]);
    let arguments = ["policy", "remove", APP, "--class", "education", "--apply-to-existing"];
    let outcome = vendor(&server, &arguments);
    assert_eq!(outcome.code, Some(0), "{outcome:?}");
    assert!(outcome.stdout.contains("and 1 trial that had begun: their users"), "{outcome:?}");
    assert_eq!(server.lines().len(), 3);
}

#[test]
fn an_unchanged_policy_reaches_trials_that_have_begun() {
    let (server, _) = following(vec![(3, None)]);
    let arguments = ["policy", "set", APP, "--duration", "14d", "--apply-to-existing"];
    let outcome = vendor(&server, &arguments);
    assert!(outcome.stdout.contains("\n  trial       14 days, then refused at once\n"));
    assert!(outcome.stdout.contains("and 3 trials that had begun"), "{outcome:?}");
}

#[test]
fn the_history_tells_all_that_changed() {
    let change = |scope: &str, policy: Option<TrialPolicy>, profile: Option<&str>, applied| {
        json!({ "scope": scope, "policy": policy, "profile": profile, "applied_to": applied,
            "changed_at": "2026-12-22T10:00:00Z", "changed_by": "laptop\u{1b}[2J" })
    };
    let history = json!({ "changes": [
        change(EDUCATION, None, None, Some(1)),
        change("application", Some(hard()), None, None),
        change("ada@example.com", Some(hard()), Some("short"), None),
        change("application", Some(hard()), None, Some(12)),
        change("application", Some(TrialPolicy { between: Some("90d".parse().unwrap()), trials: 2,
            layout: Layout::Dispersed, ..hard() }), None, None),
    ] });
    let shown = history.clone();
    let server = SmallServer::start(move |_| Reply::json(200, &shown));
    let outcome = vendor(&server, &["policy", "history", APP]);
    assert_eq!(
        outcome.stdout,
        "2026-12-22T10:00:00Z  class `education`: removed, applied to 1 existing, by \
         laptop\u{fffd}[2J\n\
         2026-12-22T10:00:00Z  everybody: set, by laptop\u{fffd}[2J\n  \
         as before\n\
         2026-12-22T10:00:00Z  licensee ada@example.com: set from profile `short`, by \
         laptop\u{fffd}[2J\n  \
         trial       14 days, then refused at once\n  \
         trials      1 per licensee\n  \
         acceptance  passive (accepted unless the user declines)\n  \
         layout      leading (control information in front)\n\
         2026-12-22T10:00:00Z  everybody: set, applied to 12 existing, by laptop\u{fffd}[2J\n  \
         trials      2 per licensee, 90 days between two → 1 per licensee\n  \
         layout      dispersed (control information inside the program's parts) → leading (control \
         information in front)\n\
         2026-12-22T10:00:00Z  everybody: set, by laptop\u{fffd}[2J\n  \
         trial       14 days, then refused at once\n  \
         trials      2 per licensee, 90 days between two\n  \
         acceptance  passive (accepted unless the user declines)\n  \
         layout      dispersed (control information inside the program's parts)\n"
    );
    let outcome = vendor(&server, &["policy", "history", APP, "--json"]);
    let printed: serde_json::Value = serde_json::from_str(&outcome.stdout).unwrap();
    assert_eq!(printed, history["changes"]);
    let server = SmallServer::start(|_| Reply::json(200, &json!({ "changes": [] })));
    let outcome = vendor(&server, &["policy", "history", APP]);
    let nothing = "The policy of com.example.sketch is the one it was published with.\n";
    assert_eq!(outcome.stdout, nothing);
}
