//! Licensees whom vendors block.

use serde_json::{Value, json};
use trybuy_formats::api::{Block, BlocksAnswer, TrialAnswer};
use trybuy_formats::instant::Span;
use trybuy_formats::policy::TrialPolicy;
use trybuy_formats::slug::Slug;

use crate::support::{Answer, ReleaseMaker, TestBuilder, TestServer, accept, policy};

const BLOCKS: &str = "/api/v1/vendor/blocks";

async fn put(server: &TestServer, token: &str, subject: &str, body: Value) -> Answer {
    let url = format!("{}{BLOCKS}/{}", server.url, subject.replace('@', "%40"));
    Answer::of(server.client.put(url).bearer_auth(token).json(&body)).await
}

async fn delete(server: &TestServer, token: &str, subject: &str) -> Answer {
    let url = format!("{}{BLOCKS}/{}", server.url, subject.replace('@', "%40"));
    Answer::of(server.client.delete(url).bearer_auth(token)).await
}

async fn list(server: &TestServer, token: &str, query: &str) -> Answer {
    Answer::of(server.get(&format!("{BLOCKS}{query}")).bearer_auth(token)).await
}

#[tokio::test]
async fn a_blocked_licensee_gets_no_new_trial() {
    let server = TestServer::with_sketch().await;
    let token = server.token("Vendor").await;
    let builder = TestBuilder::register_as(&server, 0, "ada@cs.example.edu").await;
    let licensee = builder.license.licensee_ids[0].to_string();
    for subject in [licensee.as_str(), "ada@cs.example.edu", "@cs.example.edu", "@example.edu"] {
        let reason = json!({ "reason": "Copies." });
        put(&server, &token, subject, reason).await.json::<Block>(200);
        let answer = builder.ask_accepting(&server).await;
        answer.refused(403, Slug::LicenseeBlocked, None);
        assert!(!answer.text().contains("Copies"), "the reason is the vendor's");
        assert_eq!(delete(&server, &token, subject).await.status, 204);
    }
    builder.try_it(&server).await;
}

#[tokio::test]
async fn a_blocked_licensee_is_told_so_before_the_time_or_number_of_trials() {
    let between = Some(Span::seconds(90 * 86_400));
    for policy in [TrialPolicy { trials: 2, between, ..policy() }, policy()] {
        let server = TestServer::publishing(policy).await;
        let builder = TestBuilder::register(&server, 0).await;
        builder.try_it(&server).await;
        server.pass(11 * 86_400);
        builder.ask_accepting(&server).await.refused(403, Slug::TrialLimitReached, None);
        let token = server.token("Vendor").await;
        put(&server, &token, "ada@example.com", json!({})).await.json::<Block>(200);
        builder.ask_accepting(&server).await.refused(403, Slug::LicenseeBlocked, None);
    }
}

#[tokio::test]
async fn a_trial_that_has_begun_runs_on() {
    let server = TestServer::with_sketch().await;
    let token = server.token("Vendor").await;
    let builder = TestBuilder::register(&server, 0).await;
    let trial = builder.try_it(&server).await;
    put(&server, &token, "ada@example.com", json!({})).await.json::<Block>(200);
    let again: TrialAnswer = builder.ask(&server, None).await.json(200);
    assert_eq!(again.trial, trial.trial);
    let file = Answer::of(server.client.get(&trial.download_url)).await;
    assert_eq!(file.status, 200);
}

#[tokio::test]
async fn a_block_is_for_the_applications_of_its_vendor() {
    let server = TestServer::with_sketch().await;
    let (token, other) = (server.token("Vendor").await, server.token("Other").await);
    let theirs =
        ReleaseMaker { application: "com.example.theirs".to_owned(), ..ReleaseMaker::new(&server) };
    server.publish(&other, &theirs, Some(policy())).await;
    put(&server, &other, "ada@example.com", json!({})).await.json::<Block>(200);
    let builder = TestBuilder::register(&server, 0).await;
    builder.try_it(&server).await;
    let terms = server.application().await["terms_digest"].clone();
    let request = trybuy_formats::api::RequestTrial {
        platform: "x86_64-linux".parse().expect("a platform"),
        version: None,
        renews: None,
        used_up: None,
        acceptance: Some(accept(&terms)),
    };
    let answer = builder.ask_for(&server, "com.example.theirs", &request).await;
    answer.refused(403, Slug::LicenseeBlocked, None);

    // Nobody sees or removes those of others.
    let listed: BlocksAnswer = list(&server, &token, "").await.json(200);
    assert_eq!(listed.blocks, []);
    delete(&server, &token, "ada@example.com").await.refused(404, Slug::NotFound, None);
    let listed: BlocksAnswer = list(&server, &other, "").await.json(200);
    assert_eq!(listed.blocks.len(), 1);
    list(&server, "wrong", "").await.refused(401, Slug::Unauthorized, None);
}

#[tokio::test]
async fn blocks_are_listed_by_pages_in_one_spelling() {
    let server = TestServer::with_sketch().await;
    let token = server.token("Vendor").await;
    for subject in ["@Example.com", "Ada+x@Example.com", "bob@example.com"] {
        put(&server, &token, subject, json!({ "reason": null })).await.json::<Block>(200);
    }
    let first: BlocksAnswer = list(&server, &token, "?limit=2").await.json(200);
    let subjects: Vec<String> = first.blocks.iter().map(|b| b.subject.to_string()).collect();
    assert_eq!(subjects, ["@example.com", "ada@example.com"]);
    let next = format!("?limit=2&after={}", first.next.expect("more"));
    let second: BlocksAnswer = list(&server, &token, &next).await.json(200);
    assert_eq!((second.blocks.len(), second.next), (1, None));
}

#[tokio::test]
async fn what_names_nobody_is_refused() {
    let server = TestServer::with_sketch().await;
    let token = server.token("Vendor").await;
    for subject in ["ada", "@example", "a..b"] {
        put(&server, &token, subject, json!({})).await.refused(404, Slug::NotFound, None);
    }
    for body in [
        json!({ "reason": "" }),
        json!({ "reason": "two\nlines" }),
        json!({ "reason": "n".repeat(201) }),
        json!({ "why": "x" }),
        json!("Copies."),
    ] {
        let answer = put(&server, &token, "ada@example.com", body).await;
        answer.refused(400, Slug::BadRequest, None);
    }
}
