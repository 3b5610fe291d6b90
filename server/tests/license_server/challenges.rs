//! The platform challenge (SL Fig. 6 and 7), answered rightly and in every wrong way.

use trybuy_formats::api::{LicenseAnswer, LicenseOutcome, LicenseServerInfo, SignedRequest};
use trybuy_formats::licensing::challenge::ChallengeResponse;
use trybuy_formats::licensing::records::RecordsStatement;
use trybuy_formats::licensing::sealed_license;
use trybuy_formats::slug::Slug;
use trybuy_server::license_server::Worker;
use trybuy_server::store::{DecisionOutcome, DecisionReason, UsedChallenge};

use crate::support::{TestClient, TestServer, pack, wrong};

#[tokio::test]
async fn a_client_that_answers_rightly_gets_a_license_that_only_it_can_read() {
    let server = TestServer::start().await;
    let pack = pack("1.0.0", 1);
    server.install(&pack).await;
    let (ada, bob) = (TestClient::new(), TestClient::new());
    let answer = ada.ask(&server, "1.0.0").await;
    let (outcome, license) = ada.open(&server, &answer);
    assert_eq!(outcome, LicenseOutcome::Granted);
    let fields = license.license();
    assert_eq!((fields.client_id, fields.pack_id), (ada.id(), Some(pack.pack_id)));
    assert_eq!((fields.ends_at, &fields.features), (pack.ends_at, &pack.product.features));
    assert_eq!(fields.license_id.to_string(), format!("{}.1", pack.pack_id));
    let sealed: LicenseAnswer = answer.json(200);
    assert!(sealed_license::open(&bob.decryption, &sealed.license).is_err());
    // A client that lost its license gets the same one, and no seat is used.
    let (again, same) = ada.license(&server, "1.0.0").await;
    assert_eq!(again, LicenseOutcome::Reissued);
    assert_eq!(same.certificate().der(), license.certificate().der());
    assert_eq!(server.assigned(&pack).await, 1);
    let (temporary, _) = bob.license(&server, "1.0.0").await;
    assert_eq!(temporary, LicenseOutcome::Temporary);
    let info: LicenseServerInfo = server.get("license-server").await.json(200);
    assert_eq!(info.license_server.as_str(), "server");
    let said = RecordsStatement::open(
        &server.server.authorities,
        &info.license_server,
        server.now(),
        &info.records,
    );
    let (_, said) = said.expect("a statement of its own");
    assert_eq!((said.mark.records, said.restored), (4, false));
}

#[tokio::test]
async fn a_temporary_license_that_ended_is_all_there_is() {
    let server = TestServer::start().await;
    let ada = TestClient::new();
    let refused = ada.ask(&server, "1.0.0").await;
    let problem = refused.refused(403, Slug::NoFreeLicense);
    assert!(problem.help.is_some_and(|help| help.contains("to order licenses of this product")));
    let expected = (DecisionOutcome::Refused, Some(DecisionReason::NotOrdered));
    assert_eq!(server.last_record().await, expected);
    server.order(&pack("1.0.0", 1)).await;
    let (outcome, license) = ada.license(&server, "1.0.0").await;
    assert_eq!(outcome, LicenseOutcome::Temporary);
    let (again, same) = ada.license(&server, "1.0.0").await;
    assert_eq!(again, LicenseOutcome::TemporaryAgain);
    assert_eq!(same.certificate().der(), license.certificate().der());
    server.pass(60 * 86_400);
    assert!(license.license().ends_at.is_some_and(|end| end <= server.now()));
    ada.ask(&server, "1.0.0").await.refused(403, Slug::NoFreeLicense);
    let expected = (DecisionOutcome::Refused, Some(DecisionReason::TemporaryEnded));
    assert_eq!(server.last_record().await, expected);
    let mut pack = pack("1.0.0", 1);
    pack.ends_at = None;
    server.install(&pack).await;
    assert_eq!(ada.license(&server, "1.0.0").await.0, LicenseOutcome::Granted);
}

#[tokio::test]
async fn a_challenge_is_answered_once_also_where_the_clock_was_ahead_meanwhile() {
    let server = TestServer::start().await;
    server.install(&pack("1.0.0", 1)).await;
    let ada = TestClient::new();
    let challenge = ada.challenge(&server, "1.0.0").await;
    let response = ada.response(&challenge, "1.0.0");
    let send = async || ada.send(&server, "challenge-responses", &response).await;
    send().await.json::<LicenseAnswer>(200);
    const DAY: i64 = 86_400;
    let store = &server.server.store;
    let period = async || store.record_head().await.expect("answered").challenge_period;
    let begin = period().await;
    let token = server.server.secret().open_token(&challenge.token).expect("its own token");
    let token: serde_json::Value = serde_json::from_slice(&token).expect("JSON");
    let id = token["id"].as_str().expect("an id").parse().expect("an id");
    let used = UsedChallenge { id, period: begin };
    server.pass(DAY);
    // However often it starts, the period goes on.
    for _ in 0..2 {
        Worker::start(server.server.clone()).await.expect("started").stop().await;
    }
    assert_eq!(period().await, begin);
    // It is known as repeated until it is forgotten, and is too late from then on.
    for (is_remembered, reason) in [
        (true, DecisionReason::ChallengeRepeated),
        (true, DecisionReason::ChallengeRepeated),
        (false, DecisionReason::ChallengeLate),
    ] {
        assert_eq!(store.is_challenge_used(used).await.expect("answered"), is_remembered);
        server.pass(-DAY);
        send().await.refused(403, Slug::ChallengeFailed);
        let expected = (DecisionOutcome::Refused, Some(reason));
        assert_eq!(server.last_record().await, expected);
        server.pass(DAY);
        store.end_challenge_period(period().await).await.expect("ended");
    }
    server.pass(-DAY);
    ada.license(&server, "1.0.0").await;
}

#[tokio::test]
async fn a_license_server_whose_certificate_has_ended_says_so() {
    let server = TestServer::start().await;
    server.install(&pack("1.0.0", 1)).await;
    let ada = TestClient::new();
    let challenge = ada.challenge(&server, "1.0.0").await;
    server.pass(50 * 365 * 86_400);
    let response = ada.response(&challenge, "1.0.0");
    let answer = ada.send(&server, "challenge-responses", &response).await;
    answer.refused(403, Slug::CertificateRefused);
    let asked = server.post("license-requests", &ada.request("1.0.0")).await;
    asked.refused(403, Slug::CertificateRefused);
}

#[tokio::test]
async fn wrong_late_repeated_and_foreign_responses_are_refused_and_recorded() {
    let server = TestServer::start().await;
    let pack = pack("1.0.0", 9);
    server.install(&pack).await;
    let (ada, bob) = (TestClient::new(), TestClient::new());
    let refusal = async |client: &TestClient, response: &ChallengeResponse, reason| {
        let answer = client.send(&server, "challenge-responses", response).await;
        answer.refused(403, Slug::ChallengeFailed);
        let expected = (DecisionOutcome::Refused, Some(reason));
        assert_eq!(server.last_record().await, expected);
    };
    // A wrong one uses the challenge up, also for the right response.
    let challenge = ada.challenge(&server, "1.0.0").await;
    let right = ada.response(&challenge, "1.0.0");
    let answered = ChallengeResponse { response: wrong(), ..right.clone() };
    refusal(&ada, &answered, DecisionReason::ChallengeWrong).await;
    refusal(&ada, &right, DecisionReason::ChallengeRepeated).await;
    // The client of another release.
    let mut patched = TestClient::new();
    patched.image = b"the client's patched executable file".to_vec();
    let challenge = patched.challenge(&server, "1.0.0").await;
    let response = patched.response(&challenge, "1.0.0");
    refusal(&patched, &response, DecisionReason::ChallengeWrong).await;
    // Another client's challenge, and one for another version.
    let challenge = ada.challenge(&server, "1.0.0").await;
    let response = bob.response(&challenge, "1.0.0");
    refusal(&bob, &response, DecisionReason::ChallengeForeign).await;
    let challenge = ada.challenge(&server, "1.0.0").await;
    let response = ada.response(&challenge, "1.0.1");
    refusal(&ada, &response, DecisionReason::ChallengeForeign).await;
    let forged = ChallengeResponse { token: vec![7; 300], ..right };
    refusal(&ada, &forged, DecisionReason::ChallengeForeign).await;
    // Too late, and not too late.
    let (late, in_time) =
        (ada.challenge(&server, "1.0.0").await, bob.challenge(&server, "1.0.0").await);
    server.pass(59);
    let answer = bob.send(&server, "challenge-responses", &bob.response(&in_time, "1.0.0")).await;
    assert_eq!(bob.open(&server, &answer).0, LicenseOutcome::Granted);
    server.pass(1);
    refusal(&ada, &ada.response(&late, "1.0.0"), DecisionReason::ChallengeLate).await;
    assert_eq!(server.assigned(&pack).await, 1);
}

#[tokio::test]
async fn a_right_response_sent_twice_gets_one_license() {
    let server = TestServer::start().await;
    server.install(&pack("1.0.0", 9)).await;
    let ada = TestClient::new();
    let challenge = ada.challenge(&server, "1.0.0").await;
    let response = ada.response(&challenge, "1.0.0");
    let send = || ada.send(&server, "challenge-responses", &response);
    let (one, other) = tokio::join!(send(), send());
    let mut statuses = [one.status, other.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 403]);
}

#[tokio::test]
async fn an_unknown_image_is_refused_at_once() {
    let server = TestServer::start().await;
    let ada = TestClient::new();
    let mut request = ada.request("1.0.0");
    request.software_id = "0200000100000002".parse().expect("a software id");
    let answer = server.post("license-requests", &request).await;
    answer.refused(403, Slug::ClientImageUnknown);
    let expected = (DecisionOutcome::Refused, Some(DecisionReason::ClientImageUnknown));
    assert_eq!(server.last_record().await, expected);
}

#[tokio::test]
async fn a_license_of_another_client_is_refused() {
    let server = TestServer::start().await;
    let pack = pack("1.0.0", 9);
    server.install(&pack).await;
    let (ada, bob) = (TestClient::new(), TestClient::new());
    let (_, license) = ada.license(&server, "1.0.0").await;
    let challenge = bob.challenge(&server, "1.0.0").await;
    let held_license = Some(license.certificate().der().to_vec());
    let response = ChallengeResponse { held_license, ..bob.response(&challenge, "1.0.0") };
    bob.send(&server, "challenge-responses", &response).await.refused(403, Slug::LicenseForeign);
    bob.upgrade(&server, &license, "2.0.0").await.refused(403, Slug::LicenseForeign);
    let expected = (DecisionOutcome::Refused, Some(DecisionReason::LicenseForeign));
    assert_eq!(server.last_record().await, expected);
    assert_eq!(server.assigned(&pack).await, 1);
}

#[tokio::test]
async fn what_is_not_signed_by_a_client_is_not_looked_at() {
    let server = TestServer::start().await;
    let (ada, bob) = (TestClient::new(), TestClient::new());
    let challenge = ada.challenge(&server, "1.0.0").await;
    let response = ada.response(&challenge, "1.0.0");
    let sign = |client: &TestClient| {
        trybuy_formats::licensing::signing::sign_as_client(&client.key, &response).expect("signed")
    };
    let (by_ada, by_bob) = (sign(&ada), sign(&bob));
    let (signed, _) = by_ada.rsplit_once('.').expect("a signature");
    let (_, foreign) = by_bob.rsplit_once('.').expect("a signature");
    let post = async |document: String| {
        server.post("challenge-responses", &SignedRequest { document }).await
    };
    let refused = post(format!("{signed}.{foreign}")).await.refused(401, Slug::Unauthorized);
    assert_eq!(refused.title, "the request: the signature is not valid");
    for malformed in ["", "a.b.c", signed, &"x".repeat(60_000)] {
        let refused = post(malformed.to_owned()).await.refused(400, Slug::BadRequest);
        assert_eq!(refused.title, "the request: not a document of the expected type and form");
    }
    post("x".repeat(70_000)).await.refused(413, Slug::TooLarge);
    let mut short = response.clone();
    short.encryption_key[200] ^= 1;
    let answer = ada.send(&server, "challenge-responses", &short).await;
    assert!(matches!(answer.status, 400 | 403), "a key that is none, or another one");
}
