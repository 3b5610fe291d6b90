//! What a gateway says of itself: licenses that are valid go on working, and its operator learns what is wrong.

use hyper::body::Incoming;
use std::time::{Duration, Instant};

use hyper::{Response, StatusCode};
use serde_json::Value;
use trybuy_formats::api::LicenseServerInfo;

use crate::license_server::{status, stranger};
use crate::support::company::SERVER;
use crate::support::license_server::Inner;
use crate::support::{Company, Log, PATIENCE, get, text};

const DOCUMENTATION: &str = include_str!("../../../docs/licensing.md");

pub(crate) async fn health(company: &Company) -> Response<Incoming> {
    stranger(company).await.answer(get("/.well-known/trybuy/health")).await
}

async fn told(company: &Company) -> Value {
    let answer = health(company).await;
    assert_eq!(answer.status(), 200);
    serde_json::from_str(&text(answer).await).expect("JSON")
}

/// Waits until its status is this one, and checks that it says what to do where not all is well.
async fn becomes(company: &Company, expected: &str) {
    let waits = async {
        loop {
            let told = told(company).await;
            if told["status"] == expected {
                assert_eq!(told["help"].is_string(), expected != "ok", "{told}");
                assert!(DOCUMENTATION.contains(&format!("| `{expected}` |")), "{expected}");
                return;
            }
        }
    };
    tokio::time::timeout(PATIENCE, waits).await.expect(expected);
}

#[tokio::test]
async fn what_is_wrong_with_the_license_server_is_told_until_it_is_mended_and_licenses_go_on() {
    let mut company = Company::start().await;
    let client = company.licensed(|_| {});
    let state = company.license_server.state.clone();
    for (spoil, mend, expected) in [
        (
            (|it: &mut Inner| it.forgot_gateway = true) as fn(&mut Inner),
            (|it: &mut Inner| it.forgot_gateway = false) as fn(&mut Inner),
            "gateway-not-registered",
        ),
        (|it| it.refusal = Some("clock-skew"), |it| it.refusal = None, "clock-skew"),
        (|it| it.refusal = Some("unauthorized"), |it| it.refusal = None, "gateway-refused"),
        (|it| it.restored = true, |it| it.restored = false, "license-server-restored"),
        (|it| it.cannot_write = true, |it| it.cannot_write = false, "license-server-cannot-write"),
        (
            |it| it.said = Some("x".repeat(256 << 10)),
            |it| it.said = None,
            "license-server-unreachable",
        ),
    ] {
        spoil(&mut state.inner());
        // It asks in its own name when it starts.
        company = company.restart().await;
        becomes(&company, expected).await;
        assert_eq!(status(&company, &client).await, 200, "{expected}");
        mend(&mut state.inner());
        becomes(&company, "ok").await;
    }
    company.license_server.stop().await;
    becomes(&company, "license-server-unreachable").await;
    assert_eq!(status(&company, &client).await, 200);
}

#[tokio::test]
async fn a_license_server_that_hangs_is_told_of_within_seconds() {
    let company = Company::start().await;
    company.license_server.looked_at().await;
    company.license_server.state.inner().hangs = true;
    let begun = Instant::now();
    becomes(&company, "license-server-unreachable").await;
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn a_clock_that_the_license_server_refuses_is_logged_once_with_what_helps() {
    let company = Company::start().await;
    company.license_server.state.inner().refusal = Some("clock-skew");
    let log = Log::start();
    let company = company.restart().await;
    for _ in 0..2 {
        company.license_server.looked_at().await;
    }
    let lines = log.lines_with("no licenses can be had for clients");
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(lines[0].contains("clocks differ") && lines[0].contains("by NTP"), "{lines:?}");
}

#[tokio::test]
async fn a_license_server_that_fails_is_logged_once_and_once_when_it_does_no_more() {
    let company = Company::start().await;
    let log = Log::start();
    let count = |words: &str| log.lines_with(words).len();
    let (fails, over) = ("the license server is looked at later", "nothing fails any more");
    for times in 1..=2 {
        company.license_server.state.inner().said = Some("nothing that can be read".to_owned());
        for _ in 0..2 {
            company.license_server.looked_at().await;
        }
        assert_eq!((count(fails), count(over)), (times, times - 1));
        company.license_server.state.inner().said = None;
        company.license_server.looked_at().await;
        assert_eq!((count(fails), count(over)), (times, times));
    }
}

#[tokio::test]
async fn an_answer_that_cannot_be_read_is_logged_with_its_status() {
    let company = Company::start().await;
    let log = Log::start();
    company.license_server.state.inner().between =
        Some((StatusCode::NOT_FOUND, "<h1>Not Found</h1>"));
    // It asks in its own name when it starts.
    let company = company.restart().await;
    company.license_server.looked_at().await;
    let lines = log.lines_with("with the HTTP status 404 Not Found, cannot be read");
    assert_eq!(lines.len(), 1, "{lines:?}");
}

#[tokio::test]
async fn a_directory_that_cannot_be_written_is_told_of_and_licenses_go_on() {
    let company = Company::start().await;
    let client = company.licensed(|_| {});
    becomes(&company, "ok").await;
    std::fs::remove_dir_all(company.folder.path().join("gateway")).expect("removed");
    becomes(&company, "local-file").await;
    assert_eq!(status(&company, &client).await, 200);
}

#[tokio::test]
async fn what_a_license_server_says_of_itself_has_a_limit() {
    let company = Company::start().await;
    company.license_server.looked_at().await;
    let state = company.license_server.state.clone();
    let rest = LicenseServerInfo {
        license_server: SERVER.parse().expect("an id"),
        certificate: state.inner().shown.clone(),
        records: String::new(),
        cannot_write: false,
    };
    let rest = serde_json::to_vec(&rest).expect("JSON").len();
    for (length, expected) in [((256 << 10) + 1, "license-server-unreachable"), (256 << 10, "ok")] {
        state.inner().said = Some("x".repeat(length - rest));
        becomes(&company, expected).await;
    }
}
