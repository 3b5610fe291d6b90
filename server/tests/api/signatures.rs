//! Signed requests and tokens (`RQ-1` to `RQ-7`).

use reqwest::Method;
use trybuy_formats::api::{AccessCondition, TrialsAnswer};
use trybuy_formats::ids::LicenseId;
use trybuy_formats::instant::Span;
use trybuy_formats::slug::Slug;

use crate::support::{Answer, Change, TestBuilder, TestServer, start};

const TRIALS: &str = "/api/v1/trials";

#[tokio::test]
async fn a_change_to_any_signed_part_is_refused() {
    let server = start().await;
    let builder = TestBuilder::register(&server, 0).await;
    let answer = builder.send_empty(&server, Method::GET, TRIALS).await;
    answer.json::<TrialsAnswer>(200);
    let changes: [(&str, Change); 9] = [
        ("path", |_, path, _| {
            *path = "/api/v1/trials/0198c0de-0000-7000-8000-000000000001".to_owned()
        }),
        ("query", |_, path, _| path.push_str("?a=b")),
        ("body", |_, _, body| body.push(b' ')),
        ("digest", |fields, _, _| fields.content_digest.insert(10, 'A')),
        ("signature", |fields, _, _| fields.signature = fields.signature.replacen(":", ":AAAA", 1)),
        ("time", |fields, _, _| {
            fields.signature_input = fields.signature_input.replacen("created=1", "created=01", 1)
        }),
        ("components", |fields, _, _| {
            fields.signature_input = fields.signature_input.replacen(" \"@query\"", "", 1);
        }),
        ("algorithm", |fields, _, _| {
            fields.signature_input = fields.signature_input.replacen("ed25519", "none", 1)
        }),
        ("no license", |fields, _, _| {
            fields.signature_input = fields.signature_input.replacen("keyid=\"", "keyid=\"x", 1);
        }),
    ];
    for (what, change) in changes {
        let answer = builder
            .send_changed(&server, Method::GET, TRIALS, &[], server.now(), Some(change))
            .await;
        assert_eq!(answer.problem().slug, Slug::Unauthorized, "{what}: {}", answer.text());
        assert!(answer.header("www-authenticate").contains("Signature"), "{what}");
    }
    let unsigned = Answer::of(server.get(TRIALS)).await;
    unsigned.refused(401, Slug::Unauthorized, None);
}

#[tokio::test]
async fn a_signature_of_another_method_is_refused() {
    let server = start().await;
    let builder = TestBuilder::register(&server, 0).await;
    // Signed for POST, sent by hand as GET.
    let id = builder.license.license_id.to_string();
    let request = trybuy_formats::request_signature::Request {
        method: "POST",
        path: TRIALS,
        query: None,
        body: b"",
    };
    let fields =
        trybuy_formats::request_signature::sign(&builder.request_key, &id, &request, server.now());
    let request = server
        .get(TRIALS)
        .header("Content-Digest", fields.content_digest)
        .header("Signature-Input", fields.signature_input)
        .header("Signature", fields.signature);
    Answer::of(request).await.refused(401, Slug::Unauthorized, None);
}

#[tokio::test]
async fn a_clock_that_is_wrong_is_told_the_time() {
    let server = start().await;
    let builder = TestBuilder::register(&server, 0).await;
    let now = server.now();
    for (created, good) in [
        (now.minus(Span::seconds(300)), true),
        (now.plus(Span::seconds(300)), true),
        (now.minus(Span::seconds(301)), false),
        (now.plus(Span::seconds(301)), false),
    ] {
        let answer = builder.send_changed(&server, Method::GET, TRIALS, &[], created, None).await;
        if good {
            assert_eq!(answer.status, 200, "{}", answer.text());
        } else {
            let problem = answer.refused(401, Slug::ClockSkew, None);
            assert_eq!(problem.server_time, Some(now));
        }
    }
}

#[tokio::test]
async fn an_unknown_license_is_condition_a() {
    let server = start().await;
    let builder = TestBuilder::register(&server, 0).await;
    let rename: Change = |fields, _, _| {
        let (before, rest) = fields.signature_input.split_once("keyid=\"").expect("a key id");
        let (_, after) = rest.split_once('"').expect("its end");
        let other = LicenseId::new();
        fields.signature_input = format!("{before}keyid=\"{other}\"{after}");
    };
    let answer =
        builder.send_changed(&server, Method::GET, TRIALS, &[], server.now(), Some(rename)).await;
    answer.refused(403, Slug::NoBuilderLicense, Some(AccessCondition::A));
}

#[tokio::test]
async fn an_oversized_body_is_refused() {
    let server = start().await;
    let builder = TestBuilder::register(&server, 0).await;
    let body = vec![b' '; (64 << 10) + 1];
    let path = "/api/v1/builders/license";
    let answer = builder.send_changed(&server, Method::POST, path, &body, server.now(), None).await;
    answer.refused(413, Slug::TooLarge, None);
}

#[tokio::test]
async fn wrong_tokens_are_refused_and_counted() {
    let server = TestServer::with("[rate_limits]\nfailures_per_minute = 3").await;
    let token = server.token("Vendor").await;
    let ask = async |token: &str| {
        Answer::of(server.get("/api/v1/vendor/releases").bearer_auth(token)).await
    };
    assert_eq!(ask(&token).await.status, 200);
    let other = trybuy_server::auth::VendorToken::generate();
    for wrong in ["nonsense", "", other.reveal()] {
        ask(wrong).await.refused(401, Slug::Unauthorized, None);
    }
    let answer = ask("nonsense").await;
    answer.refused(429, Slug::RateLimited, None);
    assert!(!answer.header("retry-after").is_empty());
    assert_eq!(ask(&token).await.status, 200, "a good token is not kept out");
}
