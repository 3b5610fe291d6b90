//! The same trial for the same licensee on another Builder.

use reqwest::Method;
use trybuy_formats::api::{OfferAnswer, TrialAnswer};
use trybuy_formats::instant::Span;
use trybuy_formats::policy::{Limits, TrialPolicy};
use trybuy_formats::slug::Slug;

use crate::support::{
    APPLICATION, Answer, DAY, TestBuilder, TestServer, TestVendor, accept, policy,
};

/// Two Builders of one licensee.
async fn two_builders(server: &TestServer) -> (TestBuilder, TestBuilder) {
    let mut first = TestBuilder::register(server, 0).await;
    let mut second = TestBuilder::register(server, 1).await;
    server
        .execute("UPDATE builders SET licensee_id = (SELECT MIN(licensee_id) FROM builders)")
        .await;
    first.renew(server).await;
    second.renew(server).await;
    assert_eq!(first.license.licensee_ids, second.license.licensee_ids);
    (first, second)
}

async fn ask(server: &TestServer, builder: &TestBuilder) -> Answer {
    let proof = accept(&server.application().await["terms_digest"]);
    builder.ask(server, Some(proof)).await
}

async fn used(server: &TestServer, builder: &TestBuilder) -> u32 {
    let path = format!("/api/v1/applications/{APPLICATION}/offer");
    let offer: OfferAnswer = builder.send_empty(server, Method::POST, &path).await.json(200);
    offer.trials_used
}

#[tokio::test]
async fn it_ends_when_the_first_one_does_and_counts_once() {
    let server = TestServer::publishing(TrialPolicy { trials: 2, ..policy() }).await;
    let (first, second) = two_builders(&server).await;
    let one = first.try_it(&server).await;
    server.pass(4 * DAY);
    // What was changed for trials to come is not for this one, which has begun.
    let vendor = TestVendor::of(&server).await;
    vendor
        .set_policy(
            "application",
            TrialPolicy { trials: 2, duration: Span::seconds(99), ..policy() },
        )
        .await;
    let two: TrialAnswer = ask(&server, &second).await.json(201);
    assert_ne!(two.trial.id, one.trial.id);
    assert_eq!(
        (two.trial.started_at, two.trial.ends_at),
        (one.trial.started_at, one.trial.ends_at)
    );
    for builder in [&first, &second] {
        assert_eq!(used(&server, builder).await, 1);
    }
    let file = Answer::of(server.client.get(&two.download_url)).await.body;
    assert_eq!(second.control(file).ends_at, one.trial.ends_at);
    // Terms are accepted on each; and it is one trial after its end too.
    server.pass(6 * DAY);
    let next: TrialAnswer = ask(&server, &second).await.json(201);
    assert!(next.trial.ends_at > one.trial.ends_at);
    assert_eq!(used(&server, &first).await, 2);
    server.pass(DAY);
    ask(&server, &first).await.refused(403, Slug::TrialLimitReached, None);
}

#[tokio::test]
async fn its_terms_are_accepted_there_too() {
    let server = TestServer::with_sketch().await;
    let (first, second) = two_builders(&server).await;
    first.try_it(&server).await;
    let without = second.ask(&server, None).await;
    assert_eq!(without.problem().slug, Slug::TermsNotAccepted);
}

#[tokio::test]
async fn its_limits_count_as_used_up() {
    let limits = Limits { launches: Some(5), ..Limits::default() };
    // Limits or none, whether the first one was downloaded, whether the second one begins anew.
    for (limits, downloaded, delivered) in [
        (limits, false, true),
        (limits, true, true),
        (Limits::default(), false, false),
        (Limits::default(), true, true),
    ] {
        let server = TestServer::publishing(TrialPolicy { limits, ..policy() }).await;
        let (first, second) = two_builders(&server).await;
        let one = first.try_it(&server).await;
        assert!(!one.delivered);
        if downloaded {
            Answer::of(server.client.get(&one.download_url)).await;
        }
        let two: TrialAnswer = ask(&server, &second).await.json(201);
        assert_eq!(two.delivered, delivered, "{limits:?} {downloaded}");
    }
}

#[tokio::test]
async fn an_end_set_by_hand_is_kept_when_the_policy_changes() {
    let server = TestServer::with_sketch().await;
    let (first, second) = two_builders(&server).await;
    let one = first.try_it(&server).await;
    server
        .execute("UPDATE trials SET ends_at = ends_at + 86400, extended_to = ends_at + 86400")
        .await;
    let two: TrialAnswer = ask(&server, &second).await.json(201);
    let end = one.trial.ends_at.map(|end| end.plus(Span::seconds(DAY)));
    assert_eq!(two.trial.ends_at, end);
    let vendor = TestVendor::of(&server).await;
    let limits = Limits { launches: Some(5), ..Limits::default() };
    let change = vendor.set_policy("application", TrialPolicy { limits, ..policy() }).await;
    assert_eq!(vendor.follow(change).await, 2);
    for (builder, trial) in [(&first, &one), (&second, &two)] {
        let path = format!("/api/v1/trials/{}", trial.trial.id);
        let now: TrialAnswer = builder.send_empty(&server, Method::GET, &path).await.json(200);
        assert_eq!((now.trial.ends_at, now.trial.head_number), (end, 2));
    }
}
