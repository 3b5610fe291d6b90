//! Buying with keys: refusals, several at once, and one key after the other.

use reqwest::Method;
use serde_json::json;
use trybuy_formats::api::{
    AcceptanceCode, AccessCondition, BuyApplication, KeyInfo, KeysAnswer, TrialAnswer,
};
use trybuy_formats::ids::TrialId;
use trybuy_formats::instant::Span;
use trybuy_formats::policy::{AcceptanceKind, TrialPolicy};
use trybuy_formats::slug::Slug;

use crate::support::{
    APPLICATION, Answer, DAY, PLATFORM, ReleaseMaker, TestBuilder, TestServer, TestVendor, accept,
    policy,
};

/// Makes keys for licenses of 30 days, on so many Builders each.
async fn keys(vendor: &TestVendor<'_>, number: u32, builders: u32) -> Vec<String> {
    let path = format!("applications/{APPLICATION}/keys");
    let wanted = json!({ "count": number, "license_duration": 30 * DAY, "builders": builders });
    let made: KeysAnswer = vendor.send(Method::POST, &path, Some(&wanted)).await.json(201);
    made.keys.into_iter().map(|key| key.key).collect()
}

/// The keys as their vendor sees them.
async fn listed(vendor: &TestVendor<'_>) -> Vec<KeyInfo> {
    let path = format!("applications/{APPLICATION}/keys");
    let answer: KeysAnswer = vendor.send_empty(Method::GET, &path).await.json(200);
    answer.keys
}

/// What a Builder sends that accepts the terms of the application that most tests publish.
async fn purchase(server: &TestServer, key: &str) -> BuyApplication {
    BuyApplication {
        key: key.to_owned().into(),
        platform: PLATFORM.parse().expect("a platform"),
        trial: None,
        relicensing_digest: None,
        acceptance: Some(accept(&server.application().await["terms_digest"])),
    }
}

async fn send(
    server: &TestServer,
    builder: &TestBuilder,
    application: &str,
    request: &BuyApplication,
) -> Answer {
    let path = format!("/api/v1/applications/{application}/purchases");
    builder.send(server, Method::POST, &path, request).await
}

async fn buy(server: &TestServer, builder: &TestBuilder, key: &str) -> Answer {
    send(server, builder, APPLICATION, &purchase(server, key).await).await
}

/// The id and the end of what was bought.
fn bought(answer: &Answer) -> (TrialId, u64) {
    assert!(matches!(answer.status, 200 | 201), "{}", answer.text());
    let answer: TrialAnswer = answer.json(answer.status);
    let length = answer.trial.ends_at.expect("an end").since(answer.trial.started_at);
    (answer.trial.id, length.as_seconds())
}

#[tokio::test]
async fn a_key_that_buys_nothing_is_refused() {
    let server = TestServer::with_sketch().await;
    let vendor = TestVendor::of(&server).await;
    let other =
        ReleaseMaker { application: "com.example.chart".to_owned(), ..ReleaseMaker::new(&server) };
    server.publish(&server.token("Vendor").await, &other, Some(policy())).await;
    let keys = keys(&vendor, 3, 1).await;
    let [unused, used, revoked] = &keys[..] else { unreachable!() };
    let ada = TestBuilder::register(&server, 0).await;
    let bob = TestBuilder::register(&server, 1).await;
    let second = TestBuilder::register_as(&server, 2, "Ada+second@example.com").await;
    bought(&buy(&server, &ada, used).await);
    let id = &listed(&vendor).await[2].id;
    assert_eq!(vendor.send_empty(Method::DELETE, &format!("keys/{id}")).await.status, 204);
    for (builder, application, key, reason) in [
        (&bob, APPLICATION, "ABCDE-FGHJK", "no purchase key of this application"),
        (&bob, "com.example.chart", unused, "no purchase key of this application"),
        (&bob, APPLICATION, revoked, "was revoked"),
        (&bob, APPLICATION, used, "used by somebody else"),
        (&second, APPLICATION, used, "in use on 1 Builder, and is for no more"),
    ] {
        let refused = send(&server, builder, application, &purchase(&server, key).await).await;
        refused.refused(403, Slug::KeyRefused, None);
        assert!(refused.text().contains(reason), "{}", refused.text());
    }
    let is_used: Vec<_> =
        listed(&vendor).await.iter().map(|key| key.redeemed_at.is_some()).collect();
    assert_eq!(is_used, [false, true, false]);
}

#[tokio::test]
async fn another_key_begins_where_the_license_ends() {
    let server = TestServer::with_sketch().await;
    let vendor = TestVendor::of(&server).await;
    let keys = keys(&vendor, 3, 1).await;
    let ada = TestBuilder::register(&server, 0).await;
    let (license, length) = bought(&buy(&server, &ada, &keys[0]).await);
    assert_eq!(length, 30 * DAY);
    server.pass(10 * DAY);
    assert_eq!(bought(&buy(&server, &ada, &keys[1]).await), (license, 60 * DAY));
    // The first one again takes nothing away.
    assert_eq!(bought(&buy(&server, &ada, &keys[0]).await), (license, 60 * DAY));
    // Nothing of the time without a license is paid for.
    server.pass(70 * DAY);
    assert_eq!(bought(&buy(&server, &ada, &keys[2]).await), (license, 110 * DAY));
    let ends: Vec<_> = listed(&vendor).await.iter().map(|key| key.ends_at).collect();
    let began = server.now().minus(Span::seconds(80 * DAY));
    let after = |days| Some(began.plus(Span::seconds(days * DAY)));
    assert_eq!(ends, [after(30), after(60), after(110)]);
}

#[tokio::test]
async fn keys_that_are_typed_at_once_are_added_up() {
    let server = TestServer::with_sketch().await;
    let vendor = TestVendor::of(&server).await;
    for (key, tries) in [(0, true), (1, false)] {
        let keys = keys(&vendor, 2, 1).await;
        let ada = TestBuilder::register(&server, key).await;
        if tries {
            ada.try_it(&server).await;
        }
        // Each of them twice, as where an answer was lost.
        let buy = async |key: usize| bought(&buy(&server, &ada, &keys[key]).await).0;
        let (first, second, third, fourth) = tokio::join!(buy(0), buy(1), buy(0), buy(1));
        assert_eq!([second, third, fourth], [first; 3], "one license");
        assert_eq!(buy(0).await, first);
        let path = format!("/api/v1/trials/{first}");
        let license = ada.send_empty(&server, Method::GET, &path).await;
        assert_eq!(bought(&license), (first, 60 * DAY));
    }
}

#[tokio::test]
async fn the_newest_trial_is_bought_where_a_stranger_is_named() {
    let server = TestServer::with_sketch().await;
    let vendor = TestVendor::of(&server).await;
    let key = keys(&vendor, 1, 1).await.remove(0);
    let ada = TestBuilder::register(&server, 0).await;
    let trial = ada.try_it(&server).await.trial.id;
    // As of a file that was installed before the Builder was set up again.
    let request = BuyApplication { trial: Some(TrialId::new()), ..purchase(&server, &key).await };
    let answer = send(&server, &ada, APPLICATION, &request).await;
    assert_eq!(bought(&answer), (trial, 30 * DAY));
}

#[tokio::test]
async fn a_license_that_was_bought_goes_before_a_trial_that_runs() {
    let server = TestServer::publishing(TrialPolicy { trials: 2, ..policy() }).await;
    let vendor = TestVendor::of(&server).await;
    let key = keys(&vendor, 1, 1).await.remove(0);
    let ada = TestBuilder::register(&server, 0).await;
    let installed = ada.try_it(&server).await.trial.id;
    server.pass(10 * DAY);
    // Its answer was lost, so that the Builder still has the first one.
    ada.try_it(&server).await;
    let request = BuyApplication { trial: Some(installed), ..purchase(&server, &key).await };
    let license = bought(&send(&server, &ada, APPLICATION, &request).await);
    assert_eq!(license, (installed, 40 * DAY));
    assert_eq!(bought(&ada.ask(&server, None).await).0, installed);
}

#[tokio::test]
async fn a_key_whose_license_is_over_buys_nothing_more() {
    let server = TestServer::with_sketch().await;
    let vendor = TestVendor::of(&server).await;
    let key = keys(&vendor, 1, 2).await.remove(0);
    let ada = TestBuilder::register(&server, 0).await;
    bought(&buy(&server, &ada, &key).await);
    server.pass(31 * DAY);
    let second = TestBuilder::register_as(&server, 1, "ada+second@example.com").await;
    let refused = buy(&server, &second, &key).await;
    refused.refused(403, Slug::KeyRefused, None);
    assert!(refused.text().contains("ended on"), "{}", refused.text());
    second.try_it(&server).await;
    buy(&server, &second, &key).await.refused(403, Slug::KeyRefused, None);
}

#[tokio::test]
async fn time_that_is_given_counts_from_the_end_on_each_builder() {
    let server = TestServer::with_sketch().await;
    let vendor = TestVendor::of(&server).await;
    let key = keys(&vendor, 1, 1).await.remove(0);
    let first = TestBuilder::register(&server, 0).await;
    let second = TestBuilder::register_as(&server, 1, "ada+second@example.com").await;
    let mut ids = Vec::new();
    for builder in [&first, &second] {
        ids.push(builder.try_it(&server).await.trial.id);
    }
    let began = server.now();
    server.pass(5 * DAY);
    bought(&buy(&server, &first, &key).await);
    server.pass(7 * DAY);
    vendor.give("ada@example.com", json!({ "kind": "extension", "by": 14 * DAY })).await;
    for (builder, trial, days) in [(&first, ids[0], 5 + 30 + 14), (&second, ids[1], 12 + 14)] {
        let path = format!("/api/v1/trials/{trial}");
        let now: TrialAnswer = builder.send_empty(&server, Method::GET, &path).await.json(200);
        assert_eq!(now.trial.ends_at, Some(began.plus(Span::seconds(days * DAY))));
    }
}

#[tokio::test]
async fn a_code_that_is_typed_back_for_a_purchase_is_one_that_was_shown() {
    let acceptance = AcceptanceKind::RetypeCode;
    let server = TestServer::publishing(TrialPolicy { acceptance, ..policy() }).await;
    let vendor = TestVendor::of(&server).await;
    let keys = keys(&vendor, 1, 2).await;
    let ada = TestBuilder::register(&server, 0).await;
    let second = TestBuilder::register_as(&server, 1, "ada@example.com").await;
    let buy = async |builder: &TestBuilder, code: &str| {
        let mut request = purchase(&server, &keys[0]).await;
        request.acceptance.as_mut().expect("a proof").code = Some(code.to_owned());
        send(&server, builder, APPLICATION, &request).await
    };
    let refused = |answer: &Answer| {
        answer.refused(403, Slug::TermsNotAccepted, Some(AccessCondition::C));
    };
    refused(&buy(&ada, "ABCD-2345").await);
    assert_eq!(listed(&vendor).await[0].redeemed_at, None, "the key is as good as before");
    let path = format!("/api/v1/applications/{APPLICATION}/acceptance-codes");
    let shown: AcceptanceCode = ada.send_empty(&server, Method::POST, &path).await.json(200);
    refused(&buy(&second, &shown.code).await);
    bought(&buy(&ada, &shown.code).await);
    assert!(listed(&vendor).await[0].redeemed_at.is_some());
}

#[tokio::test]
async fn a_vendor_is_told_how_another_builder_gets_an_endless_license() {
    let server = TestServer::with_sketch().await;
    let vendor = TestVendor::of(&server).await;
    TestBuilder::register(&server, 0).await.try_it(&server).await;
    let path = format!("applications/{APPLICATION}/grants");
    let license = json!({ "licensee": "ada@example.com", "gift": { "kind": "license" } });
    assert_eq!(vendor.send(Method::POST, &path, Some(&license)).await.status, 200);
    let refused = vendor.send(Method::POST, &path, Some(&license)).await;
    let help = refused.refused(400, Slug::BadRequest, None).help.expect("a way out");
    assert!(help.contains("trybuy-vendor key create"), "{help}");
}
