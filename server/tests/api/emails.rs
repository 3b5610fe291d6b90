//! Verification of e-mail addresses.

use reqwest::Method;
use serde_json::json;
use trybuy_formats::api::{
    EmailCodeAnswer, RequestersAnswer, TrialAnswer, VerifiedEmail, VerifyEmail,
};
use trybuy_formats::instant::Span;
use trybuy_formats::slug::Slug;

use crate::support::{
    APPLICATION, Answer, Conduct, PLATFORM, SmtpServer, TestBuilder, TestServer, policy,
};

const CODES: &str = "/api/v1/builders/email-codes";
const EMAIL: &str = "/api/v1/builders/email";

pub(crate) fn asking(transport: &str) -> String {
    format!(
        "[server]\nname = \"Prögrams\"\n[http]\nrequest_timeout = \"2s\"\n\
         [email]\nverify = true\nfrom = \"Programs <try@example.com>\"\ntransport = \"{transport}\"\n"
    )
}

pub(crate) async fn server_with_files() -> TestServer {
    TestServer::publishing_with(&asking("file:mails"), policy()).await
}

async fn send_code(server: &TestServer, builder: &TestBuilder) -> Answer {
    builder.send_empty(server, Method::POST, CODES).await
}

async fn type_code(server: &TestServer, builder: &TestBuilder, code: &str) -> Answer {
    let body = VerifyEmail { code: code.to_owned().into() };
    builder.send(server, Method::POST, EMAIL, &body).await
}

/// The code in a mail: a line of its own.
pub(crate) fn code_in(mail: &str) -> String {
    let is_code = |line: &&str| line.len() == 9 && line.as_bytes()[4] == b'-';
    mail.lines().map(str::trim).find(is_code).expect("a code").to_owned()
}

/// Asks for a code, and takes it out of the one mail that is there then.
async fn code(server: &TestServer, builder: &TestBuilder) -> String {
    let directory = server.path().join("mails");
    drop(std::fs::remove_dir_all(&directory));
    send_code(server, builder).await.json::<EmailCodeAnswer>(200);
    let mails: Vec<_> = std::fs::read_dir(directory).expect("mails").collect();
    assert_eq!(mails.len(), 1);
    let path = mails[0].as_ref().expect("an entry").path();
    assert_eq!(path.extension().and_then(std::ffi::OsStr::to_str), Some("eml"));
    code_in(&std::fs::read_to_string(path).expect("a mail"))
}

#[tokio::test]
async fn a_trial_needs_a_verified_address() {
    let server = server_with_files().await;
    assert!(server.info().await.verified_email);
    let builder = TestBuilder::register(&server, 0).await;
    let problem = builder.ask_accepting(&server).await.refused(403, Slug::EmailNotVerified, None);
    assert!(problem.help.expect("a way out").contains("trybuy setup --verify"));
    let purchase = json!({ "key": "ABCDE", "platform": PLATFORM });
    let path = format!("/api/v1/applications/{APPLICATION}/purchases");
    let refused = builder.send(&server, Method::POST, &path, &purchase).await;
    refused.refused(403, Slug::EmailNotVerified, None);
    let code = code(&server, &builder).await;
    server.pass(60);
    let verified: VerifiedEmail =
        type_code(&server, &builder, &code.to_lowercase()).await.json(200);
    assert_eq!(verified.verified_at, server.now());
    builder.ask_accepting(&server).await.json::<TrialAnswer>(201);

    // Another code is not needed, and none is sent.
    let again: EmailCodeAnswer = send_code(&server, &builder).await.json(200);
    assert_eq!(again, EmailCodeAnswer::Verified { verified_at: verified.verified_at });
    assert_eq!(type_code(&server, &builder, "x").await.json::<VerifiedEmail>(200), verified);
    let token = server.token("Vendor").await;
    let path = "/api/v1/vendor/applications/com.example.sketch/requests";
    let requests: RequestersAnswer =
        Answer::of(server.get(path).bearer_auth(&token)).await.json(200);
    assert_eq!(requests.requests[0].email_verified_at, Some(verified.verified_at));
    let table = server.get(path).bearer_auth(&token).header("Accept", "text/csv");
    let expected = format!(",ada@example.com,{},x86_64-linux,", verified.verified_at);
    assert!(Answer::of(table).await.text().contains(&expected));
}

#[tokio::test]
async fn a_code_is_of_one_builder_and_its_newest() {
    let server = server_with_files().await;
    let builder = TestBuilder::register(&server, 0).await;
    let other = TestBuilder::register_as(&server, 1, "ada@example.com").await;
    type_code(&server, &builder, "ABCD-2345").await.refused(403, Slug::EmailNotVerified, None);
    let first = code(&server, &builder).await;
    let second = code(&server, &builder).await;
    for (builder, wrong) in [(&builder, &first), (&other, &second)] {
        let refused = type_code(&server, builder, wrong).await;
        refused.refused(403, Slug::EmailNotVerified, None);
    }
    type_code(&server, &builder, &second).await.json::<VerifiedEmail>(200);
    // The other Builder of the same address has shown nothing.
    other.ask_accepting(&server).await.refused(403, Slug::EmailNotVerified, None);
}

#[tokio::test]
async fn a_code_expires_and_stands_five_wrong_tries() {
    let server = server_with_files().await;
    let builder = TestBuilder::register(&server, 0).await;
    let sent: EmailCodeAnswer = send_code(&server, &builder).await.json(200);
    let expires_at = server.now().plus(Span::seconds(1800));
    assert_eq!(sent, EmailCodeAnswer::Sent { expires_at });
    let late = code(&server, &builder).await;
    server.pass(1800);
    type_code(&server, &builder, &late).await.refused(403, Slug::EmailNotVerified, None);
    let right = code(&server, &builder).await;
    for wrong in ["ABCD-2345", "no", "", "ABCD2346", &"A".repeat(5000)] {
        let refused = type_code(&server, &builder, wrong).await;
        refused.refused(403, Slug::EmailNotVerified, None);
    }
    let problem =
        type_code(&server, &builder, &right).await.refused(403, Slug::EmailNotVerified, None);
    assert!(problem.title.contains("too often"), "{}", problem.title);
}

#[tokio::test]
async fn a_server_that_does_not_ask_sends_nothing() {
    let server = TestServer::with_sketch().await;
    assert!(!server.info().await.verified_email);
    let builder = TestBuilder::register(&server, 0).await;
    send_code(&server, &builder).await.refused(400, Slug::BadRequest, None);
    type_code(&server, &builder, "ABCD-2345").await.refused(400, Slug::BadRequest, None);
}

#[tokio::test]
async fn no_mailbox_is_filled() {
    let limits = "[rate_limits]\nemail_codes_per_hour = 2\nemail_codes_per_minute = 4\n";
    let server = TestServer::with(&(asking("file:mails") + limits)).await;
    let builder = TestBuilder::register(&server, 0).await;
    let tagged = TestBuilder::register_as(&server, 1, "Ada+x@example.com").await;
    for builder in [&builder, &tagged] {
        send_code(&server, builder).await.json::<EmailCodeAnswer>(200);
    }
    for builder in [&builder, &tagged] {
        send_code(&server, builder).await.refused(429, Slug::RateLimited, None);
    }
    // And no address sends more than its share.
    let other = TestBuilder::register(&server, 2).await;
    send_code(&server, &other).await.refused(429, Slug::RateLimited, None);
    assert_eq!(server.files("mails").len(), 2);
}

#[tokio::test]
async fn a_mail_says_who_asks_and_what_to_do() {
    let mut smtp = SmtpServer::start(Conduct::Accept).await;
    let server = TestServer::with(&asking(&smtp.url)).await;
    let builder = TestBuilder::register(&server, 0).await;
    send_code(&server, &builder).await.json::<EmailCodeAnswer>(200);
    let mail = smtp.next().await;
    let (head, text) = mail.split_once("\r\n\r\n").expect("a head and a text");
    assert!(head.contains("From: Programs <try@example.com>"), "{head}");
    assert!(head.contains("To: ada@example.com"), "{head}");
    assert!(head.contains("Content-Type: text/plain; charset=utf-8"), "{head}");
    assert!(!mail.contains("Ada Lovelace"), "nobody can write to others by a name");
    assert!(text.contains("30 minutes") && text.contains("ignore this mail"), "{text}");
    let code = code_in(&mail);
    type_code(&server, &builder, &code).await.json::<VerifiedEmail>(200);
}

#[tokio::test]
async fn a_mail_server_that_fails_is_told_and_costs_nothing() {
    let gone = TestServer::with(&asking("smtp://127.0.0.1:1")).await;
    let refusing = SmtpServer::start(Conduct::Refuse).await;
    let refusing = TestServer::with(&asking(&refusing.url)).await;
    let hanging = SmtpServer::start(Conduct::Hang).await;
    let hanging = TestServer::with(&asking(&hanging.url)).await;
    for server in [gone, refusing, hanging] {
        let builder = TestBuilder::register(&server, 0).await;
        let problem = send_code(&server, &builder).await.refused(503, Slug::ServerError, None);
        assert_eq!(problem.title, "the mail could not be sent");
        assert!(problem.help.expect("a way out").contains("trybuy setup --verify"));
    }
    // A code that was sent before stays valid, and asking again works.
    let server = server_with_files().await;
    let builder = TestBuilder::register(&server, 0).await;
    let before = code(&server, &builder).await;
    let mails = server.path().join("mails");
    std::fs::remove_dir_all(&mails).expect("removed");
    std::fs::write(&mails, "in the way").expect("written");
    send_code(&server, &builder).await.refused(503, Slug::ServerError, None);
    std::fs::remove_file(&mails).expect("removed");
    type_code(&server, &builder, &before).await.json::<VerifiedEmail>(200);
}

#[tokio::test]
async fn an_address_that_gets_no_mail_is_said_to_get_none() {
    let server = server_with_files().await;
    // A local part has at most 64 bytes on its way (RFC 5321, section 4.5.3.1.1).
    let address = format!("{}@example.com", "a".repeat(65));
    let builder = TestBuilder::register_as(&server, 0, &address).await;
    let problem = send_code(&server, &builder).await.refused(403, Slug::EmailNotVerified, None);
    assert!(problem.title.contains("no mail can be sent"), "{}", problem.title);
}
