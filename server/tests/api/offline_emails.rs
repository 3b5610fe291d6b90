//! Verification of e-mail addresses by file: the codes, the tries and the limits of online.

use trybuy_formats::api::EmailCodeAnswer;
use trybuy_formats::instant::Instant;
use trybuy_formats::offline::{OfflineOutcome, OfflineStep, SignedRequest};
use trybuy_formats::slug::Slug;

use crate::emails::{asking, code_in, server_with_files};
use crate::offline::{answered, bring, refused, written};
use crate::support::{DAY, TestBuilder, TestServer};

fn send(server: &TestServer, builder: &TestBuilder) -> SignedRequest {
    written(builder, server.now(), OfflineStep::EmailCode {})
}

fn verify(server: &TestServer, builder: &TestBuilder, code: &str) -> SignedRequest {
    written(builder, server.now(), OfflineStep::VerifyEmail { code: code.to_owned().into() })
}

async fn email(server: &TestServer, request: &SignedRequest) -> EmailCodeAnswer {
    let email = match answered(server, request).await.0.outcome {
        OfflineOutcome::Email { answer } => Some(answer),
        _ => None,
    };
    email.expect("an answer about the address")
}

/// Has a code sent, and takes it out of the mail.
async fn mailed(server: &TestServer, builder: &TestBuilder) -> String {
    drop(std::fs::remove_dir_all(server.path().join("mails")));
    email(server, &send(server, builder)).await;
    mail(server)
}

/// The code in the one mail that is there, which says how it is typed back.
fn mail(server: &TestServer) -> String {
    let mails: Vec<_> = std::fs::read_dir(server.path().join("mails")).expect("mails").collect();
    assert_eq!(mails.len(), 1);
    let path = mails[0].as_ref().expect("an entry").path();
    let text = std::fs::read_to_string(path).expect("a mail");
    assert!(text.contains("30 days") && text.contains("--request FILE"), "{text}");
    code_in(&text)
}

fn verified_at(answer: &EmailCodeAnswer) -> Option<Instant> {
    match answer {
        EmailCodeAnswer::Verified { verified_at } => Some(*verified_at),
        EmailCodeAnswer::Sent { .. } => None,
    }
}

#[tokio::test]
async fn an_address_is_verified_by_file_with_a_code_that_lasts_as_long_as_a_request() {
    let server = server_with_files().await;
    let builder = TestBuilder::register(&server, 0).await;
    let code = mailed(&server, &builder).await;
    server.pass(29 * DAY);
    let first = email(&server, &verify(&server, &builder, &code)).await;
    assert_eq!(verified_at(&first), Some(server.now()));
    builder.ask_accepting(&server).await.json::<serde_json::Value>(201);
}

#[tokio::test]
async fn what_is_sent_again_verifies_nothing_anew_and_mails_nothing_more() {
    let server = server_with_files().await;
    let builder = TestBuilder::register(&server, 0).await;
    let asked = send(&server, &builder);
    email(&server, &asked).await;
    let request = verify(&server, &builder, &mail(&server));
    let first = email(&server, &request).await;
    server.pass(DAY);
    for again in [&request, &asked] {
        assert_eq!(email(&server, again).await, first, "since the same moment");
    }
    assert_eq!(server.files("mails").len(), 1);
    // The code was this Builder's alone.
    let other = TestBuilder::register_as(&server, 1, "ada@example.com").await;
    let code = mail(&server);
    let refusal = refused(&server, &verify(&server, &other, &code)).await;
    assert_eq!(refusal, (Slug::EmailNotVerified, None));
}

#[tokio::test]
async fn wrong_codes_by_file_count_as_online_and_so_does_a_file_that_is_sent_again() {
    let server = server_with_files().await;
    let builder = TestBuilder::register(&server, 0).await;
    let code = mailed(&server, &builder).await;
    let wrong = verify(&server, &builder, "ABCD-2345");
    for _ in 0..5 {
        assert_eq!(refused(&server, &wrong).await.0, Slug::EmailNotVerified);
    }
    let right = verify(&server, &builder, &code);
    assert_eq!(refused(&server, &right).await.0, Slug::EmailNotVerified);
}

#[tokio::test]
async fn no_mailbox_is_filled_by_a_file_that_is_sent_again() {
    let limits = "[rate_limits]\nemail_codes_per_hour = 2\n";
    let server = TestServer::with(&(asking("file:mails") + limits)).await;
    let builder = TestBuilder::register(&server, 0).await;
    let request = send(&server, &builder);
    for _ in 0..2 {
        assert!(verified_at(&email(&server, &request).await).is_none());
    }
    bring(&server, &request.to_bytes()).await.refused(429, Slug::RateLimited, None);
    assert_eq!(server.files("mails").len(), 2);
}

#[tokio::test]
async fn a_mail_that_is_not_taken_is_told_to_who_carries_the_file() {
    let server = TestServer::with(&asking("smtp://127.0.0.1:1")).await;
    let builder = TestBuilder::register(&server, 0).await;
    let brought = bring(&server, &send(&server, &builder).to_bytes()).await;
    let problem = brought.refused(503, Slug::ServerError, None);
    assert_eq!(problem.title, "the mail could not be sent");
    assert!(problem.help.expect("a way out").contains("relay it again"));
}

#[tokio::test]
async fn a_server_that_verifies_no_addresses_says_so_by_file() {
    let server = TestServer::with("").await;
    let builder = TestBuilder::register(&server, 0).await;
    assert_eq!(refused(&server, &send(&server, &builder)).await.0, Slug::BadRequest);
    let code = verify(&server, &builder, "ABCD-2345");
    assert_eq!(refused(&server, &code).await.0, Slug::BadRequest);
}
