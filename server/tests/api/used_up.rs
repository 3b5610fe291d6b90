//! Trials whose limits are used up before their end.

use reqwest::Method;
use serde_json::json;
use trybuy_formats::api::{AcceptanceCode, AcceptanceProof, RequestTrial, TrialAnswer};
use trybuy_formats::ids::TrialId;
use trybuy_formats::instant::{Instant, Span};
use trybuy_formats::policy::{AcceptanceKind, Limits, TrialPolicy};
use trybuy_formats::slug::Slug;

use crate::support::{
    APPLICATION, Answer, DAY, PLATFORM, TestBuilder, TestServer, TestVendor, accept, policy,
};

/// A server that allows so many trials of one launch.
async fn server(trials: u8, between: Option<Span>) -> TestServer {
    let limits = Limits { launches: Some(1), ..Limits::default() };
    TestServer::publishing(TrialPolicy { trials, between, limits, ..policy() }).await
}

async fn accepted(server: &TestServer) -> AcceptanceProof {
    accept(&server.application().await["terms_digest"])
}

/// Asks for the next trial, as `used_up` cannot be run any more.
async fn ask(
    server: &TestServer,
    builder: &TestBuilder,
    used_up: TrialId,
    acceptance: Option<AcceptanceProof>,
) -> Answer {
    let request = RequestTrial {
        platform: PLATFORM.parse().expect("a platform"),
        version: None,
        renews: None,
        used_up: Some(used_up),
        acceptance,
    };
    builder.ask_for(server, APPLICATION, &request).await
}

async fn end(server: &TestServer, builder: &TestBuilder, trial: TrialId) -> Option<Instant> {
    let path = format!("/api/v1/trials/{trial}");
    builder.send_empty(server, Method::GET, &path).await.json::<TrialAnswer>(200).trial.ends_at
}

#[tokio::test]
async fn the_next_trial_begins_where_one_is_left() {
    let server = server(2, None).await;
    let ada = TestBuilder::register(&server, 0).await;
    let first = ada.try_it(&server).await.trial;
    server.pass(DAY);
    // Nothing ends before the terms are accepted.
    let refused = ask(&server, &ada, first.id, None).await;
    assert_eq!(refused.problem().slug, Slug::TermsNotAccepted);
    assert_eq!(end(&server, &ada, first.id).await, first.ends_at);
    let proof = accepted(&server).await;
    let second: TrialAnswer = ask(&server, &ada, first.id, Some(proof.clone())).await.json(201);
    assert_eq!(second.trial.started_at, server.now());
    assert_eq!(end(&server, &ada, first.id).await, Some(server.now()));
    // The same request again, as where its answer was lost.
    let again: TrialAnswer = ask(&server, &ada, first.id, Some(proof.clone())).await.json(200);
    assert_eq!(again.trial.id, second.trial.id);
    let last = second.trial;
    ask(&server, &ada, last.id, Some(proof)).await.refused(403, Slug::TrialLimitReached, None);
    assert_eq!(end(&server, &ada, last.id).await, last.ends_at, "it runs on");
    // What ended so is over whatever becomes of the policy.
    let vendor = TestVendor::of(&server).await;
    let longer = TrialPolicy { duration: Span::seconds(90 * DAY), trials: 2, ..policy() };
    let change = vendor.set_policy("application", longer).await;
    assert_eq!(vendor.follow(change).await, 1);
}

#[tokio::test]
async fn a_trial_that_a_vendor_gives_begins_too() {
    let server = server(1, None).await;
    let ada = TestBuilder::register(&server, 0).await;
    let first = ada.try_it(&server).await.trial;
    let proof = accepted(&server).await;
    let refused = ask(&server, &ada, first.id, Some(proof.clone())).await;
    refused.refused(403, Slug::TrialLimitReached, None);
    let vendor = TestVendor::of(&server).await;
    vendor.give("ada@example.com", json!({ "kind": "trials", "number": 1 })).await;
    ask(&server, &ada, first.id, Some(proof)).await.json::<TrialAnswer>(201);
}

#[tokio::test]
async fn the_time_between_two_trials_is_counted_from_the_end_and_nothing_ends_meanwhile() {
    let server = server(2, Some(Span::seconds(3 * DAY))).await;
    let ada = TestBuilder::register(&server, 0).await;
    let again = TestBuilder::register_as(&server, 1, "ada+again@example.com").await;
    let first = ada.try_it(&server).await.trial;
    let on_second = again.try_it(&server).await.trial;
    server.pass(DAY);
    let proof = accepted(&server).await;
    for (builder, trial) in [(&ada, &first), (&again, &on_second), (&again, &on_second)] {
        let refused = ask(&server, builder, trial.id, Some(proof.clone())).await;
        refused.refused(403, Slug::TrialLimitReached, None);
        assert_eq!(end(&server, builder, trial.id).await, first.ends_at);
    }
    // Whom the vendor gives a trial waits for none.
    let vendor = TestVendor::of(&server).await;
    vendor.give("ada@example.com", json!({ "kind": "trials", "number": 1 })).await;
    ask(&server, &again, on_second.id, Some(proof)).await.json::<TrialAnswer>(201);
}

#[tokio::test]
async fn another_builder_gets_a_trial_of_its_own_where_its_limits_are_used_up() {
    let server = server(2, None).await;
    let first = TestBuilder::register(&server, 0).await;
    let second = TestBuilder::register_as(&server, 1, "ada+second@example.com").await;
    let on_first = first.try_it(&server).await.trial;
    let on_second = second.try_it(&server).await.trial;
    server.pass(DAY);
    let proof = accepted(&server).await;
    let next: TrialAnswer = ask(&server, &second, on_second.id, Some(proof)).await.json(201);
    assert_eq!((next.trial.started_at, next.delivered), (server.now(), false));
    assert_eq!(end(&server, &first, on_first.id).await, on_first.ends_at, "it goes on there");
}

#[tokio::test]
async fn nobody_ends_the_trial_of_another_builder() {
    let server = server(3, None).await;
    let ada = TestBuilder::register(&server, 0).await;
    let bob = TestBuilder::register(&server, 1).await;
    let (hers, his) = (ada.try_it(&server).await.trial, bob.try_it(&server).await.trial);
    let proof = accepted(&server).await;
    let answer: TrialAnswer = ask(&server, &bob, hers.id, Some(proof)).await.json(200);
    assert_eq!(answer.trial.id, his.id);
    assert_eq!(end(&server, &ada, hers.id).await, hers.ends_at);
}

#[tokio::test]
async fn a_code_that_was_mistyped_ends_nothing() {
    let limits = Limits { launches: Some(1), ..Limits::default() };
    let acceptance = AcceptanceKind::RetypeCode;
    let server =
        TestServer::publishing(TrialPolicy { trials: 2, limits, acceptance, ..policy() }).await;
    let ada = TestBuilder::register(&server, 0).await;
    let path = format!("/api/v1/applications/{APPLICATION}/acceptance-codes");
    let with_code = async |typed: Option<&str>| {
        let shown: AcceptanceCode = ada.send_empty(&server, Method::POST, &path).await.json(200);
        let code = Some(typed.map_or(shown.code, str::to_owned));
        Some(AcceptanceProof { code, ..accepted(&server).await })
    };
    let first: TrialAnswer = ada.ask(&server, with_code(None).await).await.json(201);
    let first = first.trial;
    let refused = ask(&server, &ada, first.id, with_code(Some("ABCD2345")).await).await;
    assert_eq!(refused.problem().slug, Slug::TermsNotAccepted);
    assert_eq!(end(&server, &ada, first.id).await, first.ends_at);
    ask(&server, &ada, first.id, with_code(None).await).await.json::<TrialAnswer>(201);
    assert_eq!(end(&server, &ada, first.id).await, Some(server.now()));
}
