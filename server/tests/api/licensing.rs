//! Who gets a trial: the access conditions and the other restrictions (steps 302-314, 408-418).

use reqwest::Method;
use trybuy_formats::api::{
    AcceptanceCode, AcceptanceProof, AccessCondition, RequestTrial, TrialAnswer, TrialsAnswer,
};
use trybuy_formats::ids::Digest;
use trybuy_formats::instant::Span;
use trybuy_formats::policy::{AcceptanceKind, Expiration, GraceFrom, TrialPolicy};
use trybuy_formats::slug::Slug;

use crate::support::{
    APPLICATION, Answer, DAY, PLATFORM, ReleaseMaker, TestBuilder, TestServer, accept, policy,
};

const CODES: &str = "/api/v1/applications/com.example.sketch/acceptance-codes";

async fn acceptance(server: &TestServer) -> AcceptanceProof {
    accept(&server.application().await["terms_digest"])
}

async fn server_asking_for(acceptance: AcceptanceKind) -> TestServer {
    TestServer::publishing(TrialPolicy { acceptance, ..policy() }).await
}

#[tokio::test]
async fn a_trial_is_granted_once_and_answered_again() {
    let server = TestServer::with_sketch().await;
    let builder = TestBuilder::register(&server, 0).await;
    let first = builder.try_it(&server).await;
    assert_eq!(first.trial.ends_at, Some(server.now().plus(Span::seconds(10 * DAY))));
    server.pass(DAY);
    let again: TrialAnswer = builder.ask(&server, None).await.json(200);
    assert_eq!(
        (&again.trial, &again.etag, &again.download_url),
        (&first.trial, &first.etag, &first.download_url)
    );
    assert_eq!((again.length, again.head_length), (first.length, first.head_length));

    let path = format!("/api/v1/trials/{}", first.trial.id);
    let shown: TrialAnswer = builder.send_empty(&server, Method::GET, &path).await.json(200);
    assert_eq!(shown.trial, first.trial);
    let listed: TrialsAnswer =
        builder.send_empty(&server, Method::GET, "/api/v1/trials").await.json(200);
    assert_eq!(listed.trials, [first.trial]);
}

#[tokio::test]
async fn condition_a_is_a_builder_license_that_has_not_ended() {
    let server = TestServer::with_sketch().await;
    let builder = TestBuilder::register(&server, 0).await;
    let proof = acceptance(&server).await;
    server.pass(90 * DAY);
    let answer = builder.ask(&server, Some(proof)).await;
    let problem = answer.refused(403, Slug::BuilderLicenseExpired, Some(AccessCondition::A));
    assert!(problem.help.expect("a way out").contains("renew"));
    let codes = builder.send_empty(&server, Method::POST, CODES).await;
    codes.refused(403, Slug::BuilderLicenseExpired, Some(AccessCondition::A));
}

#[tokio::test]
async fn condition_c_asks_for_the_terms_in_force() {
    let server = TestServer::with_sketch().await;
    let builder = TestBuilder::register(&server, 0).await;
    let condition = Some(AccessCondition::C);
    builder.ask(&server, None).await.refused(403, Slug::TermsNotAccepted, condition);
    let before = acceptance(&server).await;
    let release = ReleaseMaker {
        version: "1.1.0".to_owned(),
        terms: "Other terms.".to_owned(),
        ..ReleaseMaker::new(&server)
    };
    let token = server.token("Vendor").await;
    server.publish(&token, &release, None).await;
    let problem =
        builder.ask(&server, Some(before)).await.refused(403, Slug::TermsNotAccepted, condition);
    assert!(problem.title.contains("terms changed"), "{}", problem.title);
    let now = acceptance(&server).await;
    let answer: TrialAnswer = builder.ask(&server, Some(now)).await.json(201);
    assert_eq!(answer.trial.version.to_string(), "1.1.0");
}

#[tokio::test]
async fn explicit_acceptance_needs_a_name() {
    let server = server_asking_for(AcceptanceKind::Explicit).await;
    let builder = TestBuilder::register(&server, 0).await;
    let proof = acceptance(&server).await;
    let answer = builder.ask(&server, Some(proof.clone())).await;
    let problem = answer.refused(403, Slug::TermsNotAccepted, Some(AccessCondition::C));
    assert!(problem.help.expect("a way out").contains("--name"));
    let named = AcceptanceProof { name: Some("Ada".parse().expect("a name")), ..proof };
    builder.ask(&server, Some(named)).await.json::<TrialAnswer>(201);
}

#[tokio::test]
async fn a_retyped_code_is_accepted_once_in_any_case() {
    let server = TestServer::publishing(TrialPolicy {
        acceptance: AcceptanceKind::RetypeCode,
        trials: 2,
        ..policy()
    })
    .await;
    let builder = TestBuilder::register(&server, 0).await;
    let other = TestBuilder::register(&server, 1).await;
    let proof = acceptance(&server).await;
    let with = |code: &str| Some(AcceptanceProof { code: Some(code.to_owned()), ..proof.clone() });
    let condition = Some(AccessCondition::C);
    let refused = |answer: Answer| answer.refused(403, Slug::TermsNotAccepted, condition);
    refused(builder.ask(&server, Some(proof.clone())).await);
    refused(builder.ask(&server, with("AAAAAAAA")).await);

    let shown: AcceptanceCode = builder.send_empty(&server, Method::POST, CODES).await.json(200);
    assert_eq!(shown.expires_at, server.now().plus(Span::seconds(900)));
    refused(other.ask(&server, with(&shown.code)).await);
    builder.ask(&server, with(&shown.code.to_lowercase())).await.json::<TrialAnswer>(201);

    // A second trial, after the first one: the same code is used up, a new one gets too old.
    server.pass(10 * DAY);
    refused(builder.ask(&server, with(&shown.code)).await);
    let late: AcceptanceCode = builder.send_empty(&server, Method::POST, CODES).await.json(200);
    server.pass(900);
    refused(builder.ask(&server, with(&late.code)).await);
    let fresh: AcceptanceCode = builder.send_empty(&server, Method::POST, CODES).await.json(200);
    server.pass(899);
    builder.ask(&server, with(&fresh.code)).await.json::<TrialAnswer>(201);
}

#[tokio::test]
async fn codes_of_one_builder_are_limited() {
    let server = TestServer::with("[rate_limits]\nacceptance_codes_per_minute = 1").await;
    let builder = TestBuilder::register(&server, 0).await;
    let other = TestBuilder::register(&server, 1).await;
    let ask = async |builder: &TestBuilder| builder.send_empty(&server, Method::POST, CODES).await;
    ask(&builder).await.refused(404, Slug::NotFound, None);
    ask(&builder).await.refused(429, Slug::RateLimited, None);
    ask(&other).await.refused(404, Slug::NotFound, None);
}

#[tokio::test]
async fn applications_and_platforms_that_are_not_offered_are_refused() {
    let server = TestServer::with_sketch().await;
    let builder = TestBuilder::register(&server, 0).await;
    let acceptance = Some(acceptance(&server).await);
    let ask = |platform: &str, version: Option<&str>| RequestTrial {
        platform: platform.parse().expect("a platform"),
        version: version.map(|version| version.parse().expect("a version")),
        renews: None,
        used_up: None,
        acceptance: acceptance.clone(),
    };
    for (application, request, status, slug) in [
        ("com.example.none", ask(PLATFORM, None), 404, Slug::NotFound),
        (APPLICATION, ask("aarch64-macos", None), 409, Slug::PlatformUnsupported),
        (APPLICATION, ask(PLATFORM, Some("9.9.9")), 404, Slug::NotFound),
    ] {
        builder.ask_for(&server, application, &request).await.refused(status, slug, None);
    }
    let path = format!("/api/v1/applications/{APPLICATION}/trials");
    for body in
        ["{}", "[]", "{\"platform\":\"x\"}", "{\"platform\":\"x86_64-linux\",\"more\":1}", ""]
    {
        let answer = builder
            .send_changed(&server, Method::POST, &path, body.as_bytes(), server.now(), None)
            .await;
        answer.refused(400, Slug::BadRequest, None);
    }
}

#[tokio::test]
async fn trials_are_counted() {
    let server = TestServer::publishing(TrialPolicy { trials: 2, ..policy() }).await;
    let builder = TestBuilder::register(&server, 0).await;
    let first = builder.try_it(&server).await;
    server.pass(10 * DAY - 1);
    assert_eq!(builder.ask(&server, None).await.status, 200);
    server.pass(1);
    let second = builder.try_it(&server).await;
    assert_ne!(first.trial.id, second.trial.id);
    server.pass(10 * DAY);
    let proof = acceptance(&server).await;
    builder.ask(&server, Some(proof)).await.refused(403, Slug::TrialLimitReached, None);
}

#[tokio::test]
async fn the_next_trial_may_have_to_wait() {
    let between = Some(Span::seconds(5 * DAY));
    let expiration = Expiration::Soft { from: GraceFrom::Expiration, grace: Span::seconds(DAY) };
    let policy = TrialPolicy { trials: 2, between, expiration, ..policy() };
    let server = TestServer::publishing(policy).await;
    let builder = TestBuilder::register(&server, 0).await;
    let first = builder.try_it(&server).await;
    let proof = acceptance(&server).await;
    let ask = async || builder.ask(&server, Some(proof.clone())).await;
    server.pass(11 * DAY - 1);
    let again: TrialAnswer = ask().await.json(200);
    assert_eq!(again.trial.id, first.trial.id, "in its grace it is answered again");
    server.pass(1);
    let refused = ask().await;
    refused.refused(403, Slug::TrialLimitReached, None);
    let may_begin = first.trial.ends_at.expect("an end").plus(Span::seconds(5 * DAY));
    assert!(refused.text().contains(&may_begin.to_string()), "{}", refused.text());
    server.pass(4 * DAY - 1);
    ask().await.refused(403, Slug::TrialLimitReached, None);
    server.pass(1);
    ask().await.json::<TrialAnswer>(201);
}

#[tokio::test]
async fn a_trial_in_its_grace_is_delivered_again() {
    for (from, after_grace) in [(GraceFrom::Expiration, 403), (GraceFrom::FirstWarning, 200)] {
        let expiration = Expiration::Soft { from, grace: Span::seconds(7 * DAY) };
        let server = TestServer::publishing(TrialPolicy { expiration, ..policy() }).await;
        let builder = TestBuilder::register(&server, 0).await;
        let trial = builder.try_it(&server).await;
        server.pass(17 * DAY - 1);
        let again: TrialAnswer = builder.ask(&server, None).await.json(200);
        assert_eq!(again.trial.id, trial.trial.id);
        server.pass(1);
        assert_eq!(builder.ask(&server, None).await.status, after_grace, "{from:?}");
    }
}

#[tokio::test]
async fn requests_at_the_same_time_get_one_trial() {
    let server = TestServer::with_sketch().await;
    let builder = TestBuilder::register(&server, 0).await;
    let proof = acceptance(&server).await;
    let ask = || builder.ask(&server, Some(proof.clone()));
    let answers = tokio::join!(ask(), ask(), ask(), ask());
    let answers: [Answer; 4] = answers.into();
    let mut statuses = answers.each_ref().map(|answer| answer.status);
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 200, 200, 201]);
    let ids = answers.each_ref().map(|answer| answer.json::<TrialAnswer>(answer.status).trial.id);
    assert!(ids.iter().all(|id| *id == ids[0]), "{ids:?}");
}

#[tokio::test]
async fn a_foreign_trial_is_not_shown() {
    let server = TestServer::with_sketch().await;
    let builder = TestBuilder::register(&server, 0).await;
    let other = TestBuilder::register(&server, 1).await;
    let trial = builder.try_it(&server).await;
    let path = format!("/api/v1/trials/{}", trial.trial.id);
    other.send_empty(&server, Method::GET, &path).await.refused(404, Slug::NotFound, None);
    let wrong =
        AcceptanceProof { terms_digest: Digest::from_bytes([0; 32]), name: None, code: None };
    other.ask(&server, Some(wrong)).await.refused(
        403,
        Slug::TermsNotAccepted,
        Some(AccessCondition::C),
    );
}
