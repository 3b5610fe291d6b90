//! A server whose clock was wrong, and was corrected.

use reqwest::Method;
use serde_json::json;
use trybuy_formats::api::{TrialAnswer, TrialsAnswer};
use trybuy_formats::instant::Span;

use crate::support::{Answer, DAY, TestBuilder, TestServer, TestVendor, policy};

async fn shown(server: &TestServer, builder: &TestBuilder, trial: &TrialAnswer) -> TrialAnswer {
    let path = format!("/api/v1/trials/{}", trial.trial.id);
    builder.send_empty(server, Method::GET, &path).await.json(200)
}

async fn listed(server: &TestServer, builder: &TestBuilder) -> u64 {
    let answer = builder.send_empty(server, Method::GET, "/api/v1/trials").await;
    let [trial] = answer.json::<TrialsAnswer>(200).trials.try_into().expect("one");
    trial.head_number
}

#[tokio::test]
async fn a_trial_that_was_dated_ahead_begins_when_the_clock_is_right() {
    for asks_for_the_list in [true, false] {
        let server = TestServer::with_sketch().await;
        server.pass(400 * DAY);
        let builder = TestBuilder::register(&server, 0).await;
        let trial = builder.try_it(&server).await;
        server.set_back(400 * DAY);
        if asks_for_the_list {
            assert_eq!(listed(&server, &builder).await, 2, "there is another head");
        }
        let mended = shown(&server, &builder, &trial).await;
        let began = server.now();
        let end = began.plus(policy().duration);
        assert_eq!((mended.trial.started_at, mended.trial.ends_at), (began, Some(end)));
        let file = Answer::of(server.client.get(&mended.download_url)).await.body;
        let control = builder.control(file);
        assert_eq!((control.issued_at, control.ends_at), (began, Some(end)));
        // Once.
        server.pass(DAY);
        assert_eq!(shown(&server, &builder, &trial).await.trial, mended.trial);
        assert_eq!(listed(&server, &builder).await, 2);
    }
}

#[tokio::test]
async fn a_head_that_was_made_ahead_is_made_anew_and_nothing_else_changes() {
    let server = TestServer::with_sketch().await;
    let builder = TestBuilder::register(&server, 0).await;
    let trial = builder.try_it(&server).await;
    server.pass(3 * DAY);
    let vendor = TestVendor::of(&server).await;
    vendor.give("ada@example.com", json!({ "kind": "extension", "by": DAY })).await;
    let given = shown(&server, &builder, &trial).await;
    server.set_back(2 * DAY);
    let again = shown(&server, &builder, &trial).await;
    assert_eq!(again.trial.head_number, given.trial.head_number + 1);
    assert_eq!(again.trial.ends_at, given.trial.ends_at);
    assert_eq!(again.trial.started_at, trial.trial.started_at);
}

#[tokio::test]
async fn a_clock_that_was_hardly_ahead_changes_nothing() {
    let server = TestServer::with_sketch().await;
    let builder = TestBuilder::register(&server, 0).await;
    let trial = builder.try_it(&server).await;
    server.set_back(DAY);
    assert_eq!(shown(&server, &builder, &trial).await.trial, trial.trial);
    let later = trial.trial.started_at.minus(Span::seconds(DAY));
    assert_eq!(server.now(), later);
}
