//! Request files of machines without a network: answered like requests that are signed, and nothing is
//! given twice.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use trybuy_formats::api::{AccessCondition, TrialAnswer};
use trybuy_formats::builder_license::BuilderLicense;
use trybuy_formats::ids::{Digest, TrialId};
use trybuy_formats::instant::{Instant, Span};
use trybuy_formats::offline::{
    OfflineAcceptance, OfflineOutcome, OfflineRequest, OfflineResponse, OfflineStep, Part,
    ResponseFile, SignedRequest,
};
use trybuy_formats::policy::{AcceptanceKind, Layout, TrialPolicy};
use trybuy_formats::primitives::{RequestSignatureKey, sha256};
use trybuy_formats::signed::{self, Verified};
use trybuy_formats::signed_time::TimeQuestion;
use trybuy_formats::slug::Slug;

use crate::support::{
    APPLICATION, Answer, DAY, PLATFORM, TestBuilder, TestServer, accept, keys, policy, server_key,
};

fn in_force() -> Option<OfflineAcceptance> {
    Some(OfflineAcceptance { terms_digest: None, name: None, code: None })
}

fn trial(after: Option<TrialId>, acceptance: Option<OfflineAcceptance>) -> OfflineStep {
    OfflineStep::Trial {
        application: APPLICATION.parse().expect("an id"),
        platform: PLATFORM.parse().expect("a platform"),
        version: None,
        after,
        keeps_file: after.is_some(),
        used_up: false,
        acceptance,
    }
}

pub(crate) fn written(builder: &TestBuilder, at: Instant, step: OfflineStep) -> SignedRequest {
    let request = OfflineRequest::new(at, "http://try.example.com".to_owned(), step);
    SignedRequest::sign(&builder.request_key, &builder.license.license_id.to_string(), &request)
}

pub(crate) async fn bring(server: &TestServer, request: &[u8]) -> Answer {
    let url = format!("{}/api/v1/offline", server.url);
    Answer::of(server.client.post(url).body(request.to_vec())).await
}

/// The answer to a request, verified with the pinned key.
pub(crate) async fn answered(
    server: &TestServer,
    request: &SignedRequest,
) -> (OfflineResponse, Vec<String>) {
    let file: ResponseFile = bring(server, &request.to_bytes()).await.json(200);
    let (response, texts) = file.verify(&server_key()).expect("signed by the server");
    assert!(response.request == request.digest(), "it answers this request");
    (response, texts.to_vec())
}

async fn given(server: &TestServer, request: &SignedRequest) -> (TrialAnswer, Part) {
    let given = match answered(server, request).await.0.outcome {
        OfflineOutcome::Trial { answer, part } => Some((*answer, part)),
        _ => None,
    };
    given.expect("a trial")
}

fn refusal(outcome: OfflineOutcome) -> (Slug, Option<TrialId>) {
    let refused = match outcome {
        OfflineOutcome::Refused { problem, newest, .. } => Some((problem.slug, newest)),
        _ => None,
    };
    refused.expect("a refusal")
}

/// The license of a response, verified with the pinned key.
fn license_of(outcome: &OfflineOutcome) -> Verified<BuilderLicense> {
    let license = match outcome {
        OfflineOutcome::License { license } => Some(license),
        _ => None,
    };
    signed::open(&server_key(), license.expect("a license")).expect("signed by the server")
}

pub(crate) async fn refused(
    server: &TestServer,
    request: &SignedRequest,
) -> (Slug, Option<TrialId>) {
    refusal(answered(server, request).await.0.outcome)
}

async fn with_trials(trials: u8, layout: Layout) -> (TestServer, TestBuilder) {
    let duration = Span::seconds(10 * DAY);
    let server = TestServer::publishing(TrialPolicy { trials, layout, duration, ..policy() }).await;
    let builder = TestBuilder::register(&server, 0).await;
    (server, builder)
}

fn setup(server: &TestServer, key: &RequestSignatureKey, accepts: bool) -> SignedRequest {
    let step = OfflineStep::Setup {
        decryption_key: keys::decryption(1).encryption_key().spki().to_vec(),
        platform: PLATFORM.parse().expect("a platform"),
        version: "0.1.0".parse().expect("a version"),
        name: "Grace".parse().expect("a name"),
        email: "grace@example.com".parse().expect("an address"),
        acceptance: in_force().filter(|_| accepts),
    };
    let request = OfflineRequest::new(server.now(), server.url.clone(), step);
    SignedRequest::sign(key, &URL_SAFE_NO_PAD.encode(key.public_key()), &request)
}

#[tokio::test]
async fn a_setup_by_file_gets_the_license_and_the_terms_it_accepts_unseen() {
    let server = TestServer::with_sketch().await;
    let key = RequestSignatureKey::generate().expect("a key");
    let (response, texts) = answered(&server, &setup(&server, &key, false)).await;
    assert_eq!(refusal(response.outcome).0, Slug::TermsNotAccepted);
    assert_eq!(texts, [server.info().await.builder_terms]);

    let request = setup(&server, &key, true);
    let mut licenses = Vec::new();
    for _ in 0..2 {
        let (response, texts) = answered(&server, &request).await;
        assert_eq!(Digest::from_bytes(sha256(texts[0].as_bytes())), response.texts[0].digest);
        let license = license_of(&response.outcome);
        assert_eq!(license.terms_digest, response.texts[0].digest);
        licenses.push(license.license_id);
    }
    assert_eq!(licenses[0], licenses[1], "the same keys have one license");
}

#[tokio::test]
async fn a_request_file_that_is_sent_again_gets_no_second_trial() {
    let (server, builder) = with_trials(3, Layout::Leading).await;
    let request = written(&builder, server.now(), trial(None, in_force()));
    let (first, part) = given(&server, &request).await;
    assert_eq!(part, Part::File);
    let (again, _) = given(&server, &request).await;
    assert_eq!(again.trial.id, first.trial.id);
    server.pass(11 * DAY);
    // The Builder may not know of the trial, so it is told of it.
    assert_eq!(refused(&server, &request).await, (Slug::TrialExpired, Some(first.trial.id)));
    let trials: trybuy_formats::api::TrialsAnswer =
        builder.send_empty(&server, reqwest::Method::GET, "/api/v1/trials").await.json(200);
    assert_eq!(trials.trials.len(), 1);
}

#[tokio::test]
async fn a_renewal_by_file_is_for_the_trial_it_names_and_for_no_later_one() {
    for (layout, expected) in [(Layout::Leading, Part::Head), (Layout::Dispersed, Part::File)] {
        let (server, builder) = with_trials(3, layout).await;
        let (first, _) =
            given(&server, &written(&builder, server.now(), trial(None, in_force()))).await;
        server.pass(11 * DAY);
        let renewal = written(&builder, server.now(), trial(Some(first.trial.id), in_force()));
        let (second, part) = given(&server, &renewal).await;
        assert_ne!(second.trial.id, first.trial.id);
        assert_eq!(part, expected);
        assert_eq!(given(&server, &renewal).await.0.trial.id, second.trial.id);
        server.pass(11 * DAY);
        assert_eq!(refused(&server, &renewal).await, (Slug::TrialExpired, Some(second.trial.id)));
    }
}

#[tokio::test]
async fn terms_come_with_the_refusal_and_a_code_that_lasts_as_long_as_a_request() {
    let policy = TrialPolicy { acceptance: AcceptanceKind::RetypeCode, ..policy() };
    let server = TestServer::publishing(policy).await;
    let builder = TestBuilder::register(&server, 0).await;
    let request = written(&builder, server.now(), trial(None, in_force()));
    let (response, texts) = answered(&server, &request).await;
    let code = match response.outcome {
        OfflineOutcome::Refused { code, .. } => code,
        _ => None,
    };
    assert_eq!(texts, ["Try it, do not copy it."]);
    server.pass(29 * DAY);
    let acceptance = OfflineAcceptance {
        terms_digest: Some(response.texts[0].digest),
        name: None,
        code: Some(code.expect("a code").code),
    };
    let request = written(&builder, server.now(), trial(None, Some(acceptance)));
    let (response, texts) = answered(&server, &request).await;
    assert!(matches!(response.outcome, OfflineOutcome::Trial { .. }));
    assert!(texts.is_empty(), "they were seen");
}

#[tokio::test]
async fn a_renewed_license_is_not_renewed_by_the_same_request_again() {
    let server = TestServer::with_sketch().await;
    let builder = TestBuilder::register(&server, 0).await;
    let step = OfflineStep::RenewLicense { acceptance: in_force() };
    let request = written(&builder, server.now(), step);
    let mut ends = Vec::new();
    for _ in 0..2 {
        server.pass(DAY);
        ends.push(license_of(&answered(&server, &request).await.0.outcome).ends_at);
    }
    assert_eq!(ends[0], ends[1]);
    assert!(ends[0] > builder.license.ends_at);
}

#[tokio::test]
async fn what_is_wrong_with_a_file_is_told_to_who_carries_it() {
    let (server, builder) = with_trials(1, Layout::Leading).await;
    let now = server.now();
    let good = written(&builder, now, trial(None, in_force()));
    // A changed byte of the signature, then of the length.
    let mut changed = good.to_bytes();
    let at = changed.windows(13).position(|part| part == br#""signature":""#).expect("there") + 20;
    changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
    bring(&server, &changed).await.refused(401, Slug::Unauthorized, None);
    bring(&server, b"{}").await.refused(400, Slug::BadRequest, None);
    bring(&server, br#"{"format":2}"#).await.refused(422, Slug::FormatTooNew, None);
    bring(&server, &vec![b' '; (64 << 10) + 1]).await.refused(413, Slug::TooLarge, None);
    let old = now.minus(Span::seconds(30 * DAY + 1));
    let ahead = now.plus(Span::seconds(DAY + 1));
    for at in [old, ahead] {
        let request = written(&builder, at, trial(None, in_force()));
        let problem = bring(&server, &request.to_bytes()).await.refused(401, Slug::ClockSkew, None);
        assert_eq!(problem.server_time, Some(now));
    }
    // One that was brought to another server than its own.
    let elsewhere = TestServer::with("").await;
    let unknown = bring(&elsewhere, &good.to_bytes()).await;
    let problem = unknown.refused(403, Slug::NoBuilderLicense, Some(AccessCondition::A));
    assert!(problem.help.is_some_and(|help| help.contains("without --server")));
    // Nobody registers in another's name, and no Builder sets up by a request for something else.
    let setup = setup(&server, &builder.request_key, true).unverified().expect("a request");
    let license = builder.license.license_id.to_string();
    let wrong = SignedRequest::sign(&builder.request_key, &license, &setup);
    assert_eq!(refused(&server, &wrong).await.0, Slug::BadRequest);
    assert!(!given(&server, &good).await.0.delivered);
}

#[tokio::test]
async fn a_trial_that_runs_is_the_same_by_file_and_online() {
    let (server, builder) = with_trials(1, Layout::Leading).await;
    let request = written(&builder, server.now(), trial(None, in_force()));
    let (by_file, _) = given(&server, &request).await;
    let terms = server.application().await["terms_digest"].clone();
    let online: TrialAnswer = builder.ask(&server, Some(accept(&terms))).await.json(200);
    assert_eq!(online.trial.id, by_file.trial.id);
}

#[tokio::test]
async fn an_address_that_sends_too_many_files_is_told_to_wait() {
    let server = TestServer::with("[rate_limits]\nregistrations_per_minute = 1\n").await;
    bring(&server, b"{}").await.refused(400, Slug::BadRequest, None);
    bring(&server, b"{}").await.refused(429, Slug::RateLimited, None);
}

#[tokio::test]
async fn the_time_is_signed_for_the_question_in_a_file() {
    let server = TestServer::with("[rate_limits]\nsigned_times_per_minute = 2\n").await;
    let builder = TestBuilder::register(&server, 0).await;
    let question = TimeQuestion::ask();
    let time = |nonce: &[u8]| OfflineStep::Time { nonce: nonce.to_vec() };
    let request = written(&builder, server.now(), time(question.nonce()));
    // It may be carried for long; what is signed is when it arrives.
    server.pass(3 * DAY);
    let signed_time = match answered(&server, &request).await.0.outcome {
        OfflineOutcome::Time { signed_time } => Some(signed_time),
        _ => None,
    };
    let signed_time = signed_time.expect("a time");
    let other = TimeQuestion::ask().answered(&server_key(), &signed_time);
    assert!(other.is_err(), "it answers another question");
    assert_eq!(question.answered(&server_key(), &signed_time), Ok(server.now()));
    let wrong = written(&builder, server.now(), time(&[1; 31]));
    assert_eq!(refused(&server, &wrong).await, (Slug::BadRequest, None));
    // As online, and whoever carries it is told.
    bring(&server, &request.to_bytes()).await.refused(429, Slug::RateLimited, None);
}
