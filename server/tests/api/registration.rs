//! Builders and their licenses.

use reqwest::Method;
use trybuy_formats::api::{
    AccessCondition, AskTime, BuilderLicenseAnswer, RegisterBuilder, RenewBuilderLicense,
    TimeAnswer,
};
use trybuy_formats::builder_license::BuilderLicense;
use trybuy_formats::ids::Digest;
use trybuy_formats::primitives::RequestSignatureKey;
use trybuy_formats::signed;
use trybuy_formats::signed_time::TimeQuestion;
use trybuy_formats::slug::Slug;

use crate::support::{DAY, TestBuilder, TestServer, register, registration, start};

fn opened(server: &TestServer, answer: &BuilderLicenseAnswer) -> BuilderLicense {
    let key = server.app.keys.signature().verification_key();
    (*signed::open::<BuilderLicense>(&key, &answer.license).expect("a license")).clone()
}

#[tokio::test]
async fn registering_again_gives_the_same_license() {
    let server = start().await;
    let key = RequestSignatureKey::generate().expect("a key");
    let request = registration(&server, 0, &key).await;
    let first: BuilderLicenseAnswer = register(&server, &key, &request).await.json(201);
    let again: BuilderLicenseAnswer = register(&server, &key, &request).await.json(200);
    let (first, again) = (opened(&server, &first), opened(&server, &again));
    assert_eq!(first.license_id, again.license_id);
    assert_eq!(first.licensee_ids, again.licensee_ids);
    assert_eq!(first.ends_at, Some(server.now().plus(server.app.config.builder.license_duration)));
}

#[tokio::test]
async fn an_address_has_one_licensee_on_every_machine() {
    let server = TestServer::with_sketch().await;
    let one = TestBuilder::register(&server, 0).await;
    let other = TestBuilder::register_as(&server, 1, "Ada+again@Example.com").await;
    assert_eq!(one.license.licensee_ids, other.license.licensee_ids);
    assert_ne!(one.license.license_id, other.license.license_id);
    let bob = TestBuilder::register(&server, 2).await;
    assert_ne!(one.license.licensee_ids, bob.license.licensee_ids);
    // The id does not tell when its address was first heard of.
    assert_eq!(one.license.licensee_ids[0].to_string().as_bytes()[14], b'4');

    one.try_it(&server).await;
    server.pass(10 * 86_400);
    let again = other.ask_accepting(&server).await;
    again.refused(403, Slug::TrialLimitReached, None);
    bob.try_it(&server).await;
}

#[tokio::test]
async fn registrations_at_once_with_one_address_give_one_licensee() {
    let server = TestServer::with("").await;
    let keys = [(); 3].map(|()| RequestSignatureKey::generate().expect("a key"));
    let one = async |at: usize| {
        let mut request = registration(&server, at, &keys[at]).await;
        request.email = "ada@example.com".parse().expect("an address");
        let answer = register(&server, &keys[at], &request).await;
        opened(&server, &answer.json(201)).licensee_ids
    };
    let (first, second, third) = tokio::join!(one(0), one(1), one(2));
    assert!(first == second && second == third, "{first:?} {second:?} {third:?}");
}

#[tokio::test]
async fn every_fault_of_a_registration_is_named() {
    let server = start().await;
    let key = RequestSignatureKey::generate().expect("a key");
    let good = registration(&server, 0, &key).await;
    register(&server, &key, &good).await.json::<BuilderLicenseAnswer>(201);
    let other = RequestSignatureKey::generate().expect("a key");

    let terms_digest = Digest::from_bytes([1; 32]);
    let other_terms = RegisterBuilder { terms_digest, ..good.clone() };
    register(&server, &key, &other_terms).await.refused(403, Slug::TermsNotAccepted, None);

    let no_key = RegisterBuilder { decryption_key: vec![1, 2, 3], ..good.clone() };
    register(&server, &key, &no_key).await.refused(
        403,
        Slug::NoBuilderKey,
        Some(AccessCondition::B),
    );

    // Somebody who signs with his own key cannot register another one's.
    register(&server, &other, &good).await.refused(400, Slug::BadRequest, None);
    let short = RegisterBuilder { request_key: vec![1], ..good.clone() };
    register(&server, &key, &short).await.refused(400, Slug::BadRequest, None);

    // A decryption key belongs to one request key.
    let taken = RegisterBuilder { request_key: other.public_key().to_vec(), ..good };
    register(&server, &other, &taken).await.refused(400, Slug::BadRequest, None);
}

#[tokio::test]
async fn a_license_that_is_over_can_be_renewed() {
    let server = start().await;
    let builder = TestBuilder::register(&server, 0).await;
    server.pass(200 * DAY);
    let terms_digest = server.info().await.builder_terms_digest;
    let renew = |terms_digest| RenewBuilderLicense { terms_digest };
    let path = "/api/v1/builders/license";
    let answer = builder.send(&server, Method::POST, path, &renew(terms_digest)).await;
    let renewed = opened(&server, &answer.json(200));
    assert_eq!(renewed.license_id, builder.license.license_id);
    assert_eq!(
        renewed.ends_at,
        Some(server.now().plus(server.app.config.builder.license_duration))
    );
    let other =
        builder.send(&server, Method::POST, path, &renew(Digest::from_bytes([1; 32]))).await;
    other.refused(403, Slug::TermsNotAccepted, None);
}

#[tokio::test]
async fn a_revoked_license_is_none() {
    let server = start().await;
    let builder = TestBuilder::register(&server, 0).await;
    let revoked = server.app.store.revoke_builder(builder.license.license_id, server.now()).await;
    assert!(revoked.expect("stored"));
    let answer = builder.send_empty(&server, Method::GET, "/api/v1/trials").await;
    answer.refused(403, Slug::NoBuilderLicense, Some(AccessCondition::A));
    let request = registration(&server, 0, &builder.request_key).await;
    let answer = register(&server, &builder.request_key, &request).await;
    answer.refused(403, Slug::NoBuilderLicense, Some(AccessCondition::A));
}

#[tokio::test]
async fn registrations_from_one_address_are_limited() {
    let server = TestServer::with("[rate_limits]\nregistrations_per_minute = 2").await;
    let key = RequestSignatureKey::generate().expect("a key");
    let request = registration(&server, 0, &key).await;
    for status in [201, 200] {
        assert_eq!(register(&server, &key, &request).await.status, status);
    }
    let answer = register(&server, &key, &request).await;
    answer.refused(429, Slug::RateLimited, None);
    let wait: u64 = answer.header("retry-after").parse().expect("seconds");
    assert!((1..=31).contains(&wait), "{wait}");
}

#[tokio::test]
async fn the_time_is_signed_for_one_question() {
    let server = start().await;
    let builder = TestBuilder::register(&server, 0).await;
    let path = "/api/v1/builders/time";
    let question = TimeQuestion::ask();
    let ask = AskTime { nonce: question.nonce().to_vec() };
    let answer = builder.send(&server, Method::POST, path, &ask).await;
    let TimeAnswer { signed_time } = answer.json(200);
    let key = server.app.keys.signature().verification_key();
    assert_eq!(question.answered(&key, &signed_time), Ok(server.now()));
    assert!(TimeQuestion::ask().answered(&key, &signed_time).is_err());
    for nonce in [vec![], vec![1; 31], vec![1; 33], vec![1; 5000]] {
        let answer = builder.send(&server, Method::POST, path, &AskTime { nonce }).await;
        answer.refused(400, Slug::BadRequest, None);
    }
}

#[tokio::test]
async fn signed_times_for_one_builder_are_limited() {
    let server = TestServer::with("[rate_limits]\nsigned_times_per_minute = 1").await;
    let builder = TestBuilder::register(&server, 0).await;
    let ask = AskTime { nonce: vec![1; 32] };
    let path = "/api/v1/builders/time";
    builder.send(&server, Method::POST, path, &ask).await.json::<TimeAnswer>(200);
    let answer = builder.send(&server, Method::POST, path, &ask).await;
    answer.refused(429, Slug::RateLimited, None);
}
