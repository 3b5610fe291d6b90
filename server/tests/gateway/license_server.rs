//! The way to the license server: what clients ask it, what the gateway learns of it, and what it is told.

use hyper::{Request, StatusCode};
use serde_json::Value;
use trybuy_formats::certificates::{CertificateChain, LicenseIssuer};
use trybuy_formats::instant::Span;
use trybuy_formats::limits;
use trybuy_formats::primitives::EcdsaKey;
use trybuy_formats::slug::Slug;
use trybuy_server::clock::Clock as _;
use trybuy_server::gateway::access::{ISSUER, Rates, StaleList};

use crate::health::health;
use crate::support::company::{SERVER, Settings, authority, beginning, client, issuer, list};
use crate::support::license_server::{BETWEEN, FAILED};
use crate::support::{Company, Connection, Pair, Protocol, Raw, check, get, text};

const RELAYED: [&str; 3] = ["license-requests", "challenge-responses", "upgrades"];

pub(crate) fn ask(what: &str, body: impl Into<axum::body::Body>) -> Request<axum::body::Body> {
    Request::post(format!("/.well-known/trybuy/{what}")).body(body.into()).expect("a request")
}

pub(crate) async fn stranger(company: &Company) -> Connection {
    Connection::open_as(company.gateway.address, Protocol::Http2, None).await
}

pub(crate) async fn status(company: &Company, client: &Pair) -> u16 {
    let address = company.gateway.address;
    let mut connection = Connection::open_as(address, Protocol::Http1, Some(client)).await;
    connection.answer(get("/page")).await.status().as_u16()
}

#[tokio::test]
async fn requests_and_answers_are_passed_on_unchanged() {
    let company = Company::start().await;
    let mut connection = stranger(&company).await;
    for what in RELAYED {
        let answer = connection.answer(ask(what, "{ not even JSON")).await;
        assert_eq!(answer.status(), 200);
        assert_eq!(text(answer).await, format!("{what} {{ not even JSON"));
    }
    for what in ["gateways/licenses", "gateways/seen", "license-server", "anything", ""] {
        check(connection.answer(ask(what, "{}")).await, Slug::NotFound).await;
    }
    assert_eq!(company.license_server.state.asked("asked"), 3);
}

#[tokio::test]
async fn a_failure_of_the_license_server_is_told_as_one_and_its_refusals_are_passed_on() {
    let company = Company::start().await;
    let mut connection = stranger(&company).await;
    let restored =
        r#"{"type":"/problems/license-server-restored","status":503,"title":"restored"}"#;
    for (failure, slug) in [
        (FAILED, Slug::LicenseServerUnreachable),
        (BETWEEN, Slug::LicenseServerUnreachable),
        ((StatusCode::SERVICE_UNAVAILABLE, restored), Slug::LicenseServerRestored),
    ] {
        company.license_server.state.inner().failure = Some(failure);
        for what in RELAYED {
            let answer = connection.answer(ask(what, "{}")).await;
            assert_eq!(answer.status(), 503, "{what}");
            check(answer, slug).await;
        }
    }
}

#[tokio::test]
async fn what_is_too_large_is_not_passed_on() {
    let company = Company::start().await;
    let mut connection = stranger(&company).await;
    for (length, passed) in [(limits::API_BODY, true), (limits::API_BODY + 1, false)] {
        let answer = connection.answer(ask("upgrades", "x".repeat(length))).await;
        assert_eq!(answer.status() == 200, passed, "{length}");
    }
    assert_eq!(company.license_server.state.asked("asked"), 1);
    company.license_server.state.inner().answer = Some(vec![b'x'; (256 << 10) + 1]);
    let answer = connection.answer(ask("upgrades", "x")).await;
    check(answer, Slug::LicenseServerUnreachable).await;
}

/// The answer to a request over HTTP/1.1 of a client that reads nothing before it has sent everything.
async fn answer_behind_the_body(company: &Company, head: &str, length: usize) -> String {
    let mut connection = Raw::open(company.gateway.address).await;
    let head = format!("{head}\r\nHost: localhost\r\nContent-Length: {length}\r\n\r\n");
    connection.send(head.as_bytes()).await;
    connection.send(&vec![b'x'; length]).await;
    connection.up_to("\r\n").await
}

#[tokio::test]
async fn whoever_sends_too_much_or_for_nothing_gets_to_read_why() {
    const MUCH: usize = 8 << 20;
    let company = Company::start().await;
    for (head, status) in [
        ("POST /.well-known/trybuy/upgrades", 413),
        ("POST /.well-known/trybuy/gateway", 404),
        ("PUT /.well-known/trybuy/gateway", 404),
        ("POST /page", 403),
    ] {
        // Also who asks for leave to send it, and does not wait.
        for fields in ["", "\r\nExpect: 100-continue"] {
            let head = format!("{head} HTTP/1.1{fields}");
            let told = answer_behind_the_body(&company, &head, MUCH).await;
            assert!(told.starts_with(&format!("HTTP/1.1 {status} ")), "{head}: {told}");
        }
        let (method, path) = head.split_once(' ').expect("a method");
        let body = axum::body::Body::from(vec![b'x'; MUCH]);
        let request = Request::builder().method(method).uri(path).body(body).expect("a request");
        let answer = stranger(&company).await.answer(request).await;
        assert_eq!(answer.status(), status, "{head}");
        let problem: Value = serde_json::from_str(&text(answer).await).expect("a problem document");
        assert_eq!(problem["status"], status, "{head}");
    }
    assert_eq!(company.license_server.state.asked("asked"), 0);
}

#[tokio::test]
async fn whoever_waits_for_leave_to_send_a_large_body_is_refused_without_sending_it() {
    let company = Company::start().await;
    for (head, status) in [
        ("POST /.well-known/trybuy/upgrades", 413),
        ("POST /.well-known/trybuy/gateway", 404),
        ("PUT /.well-known/trybuy/license", 404),
        ("POST /page", 403),
    ] {
        let mut connection = Raw::open(company.gateway.address).await;
        let fields = "Host: localhost\r\nContent-Length: 8388608\r\nExpect: 100-continue";
        connection.send(format!("{head} HTTP/1.1\r\n{fields}\r\n\r\n").as_bytes()).await;
        let told = connection.up_to("\r\n").await;
        assert!(told.starts_with(&format!("HTTP/1.1 {status} ")), "{head}: {told}");
        let (rest, _) = connection.rest().await;
        assert!(rest.ends_with('}') && !rest.contains("100 Continue"), "{head}: {rest}");
    }
}

#[tokio::test]
async fn one_client_cannot_ask_all_the_time() {
    let rates =
        Rates { license_requests_per_minute: 2.try_into().expect("some"), ..Rates::default() };
    let company = Company::with(Settings { rates, ..Settings::default() }).await;
    let mut connection = stranger(&company).await;
    for what in ["license-requests", "upgrades"] {
        assert_eq!(connection.answer(ask(what, "{}")).await.status(), 200);
    }
    let headers = check(connection.answer(ask("upgrades", "{}")).await, Slug::RateLimited).await;
    assert!(headers.contains_key("retry-after"));
    assert_eq!(
        status(&company, &company.licensed(|_| {})).await,
        200,
        "the service is another thing"
    );
}

#[tokio::test]
async fn without_a_license_server_licenses_go_on_and_new_clients_are_told() {
    let company = Company::start().await;
    let (good, revoked) = (company.licensed(|_| {}), company.licensed(|_| {}));
    company.revoke(&[&revoked], 2);
    company.license_server.looked_at().await;
    company.license_server.stop().await;
    let mut company = company;
    for _ in 0..2 {
        assert_eq!(status(&company, &good).await, 200);
        assert_eq!(status(&company, &revoked).await, 403);
        let answer = stranger(&company).await.answer(ask("license-requests", "{}")).await;
        assert_eq!(answer.status(), 503);
        let headers = check(answer, Slug::LicenseServerUnreachable).await;
        assert!(headers.contains_key("retry-after"));
        company = company.restart().await;
    }
}

/// The license server shows these certificates from now on, and a list to them.
async fn shows(company: &Company, issuer: LicenseIssuer) {
    {
        let mut inner = company.license_server.state.inner();
        inner.revocations = list(&issuer, Vec::new(), 3, beginning());
        inner.shown = issuer.chain().to_pem();
    }
    company.license_server.looked_at().await;
}

#[tokio::test]
async fn a_renewed_certificate_of_the_license_server_is_taken_and_a_strangers_is_not() {
    let company = Company::start().await;
    let key = || EcdsaKey::generate().expect("a key");
    let old = company.licensed(|_| {});
    let is_leaf_taken = async |issuer: &LicenseIssuer| {
        let mut client = client(issuer, |_| {});
        let chain = CertificateChain::from_pem(&client.certificate).expect("a chain");
        client.certificate = chain.leaf().to_pem();
        status(&company, &client).await == 200
    };
    for (issuer, taken) in [
        (issuer(&authority(), SERVER, key()), false),
        (issuer(&company.authority, "other", key()), false),
        (issuer(&company.authority, SERVER, key()), true),
    ] {
        let again = LicenseIssuer::new(
            EcdsaKey::from_pkcs8(&issuer.key().to_pkcs8().expect("written")).expect("a key"),
            issuer.chain().clone(),
        );
        shows(&company, issuer).await;
        let issuer = again.expect("an issuer");
        assert_eq!(is_leaf_taken(&issuer).await, taken);
        let kept = company.folder.path().join("gateway").join(ISSUER);
        let kept = std::fs::read_to_string(kept).expect("kept");
        assert_eq!(kept == issuer.chain().to_pem(), taken);
    }
    assert_eq!(status(&company, &old).await, 200, "with its own certificates");
}

#[tokio::test]
async fn no_later_list_brings_a_license_back() {
    let company = Company::start().await;
    let client = company.licensed(|_| {});
    let other = company.licensed(|_| {});
    company.clock.forward(60);
    company.revoke(&[&client], 2);
    company.license_server.looked_at().await;
    assert_eq!(status(&company, &client).await, 403);
    // One that was sent before.
    {
        let mut inner = company.license_server.state.inner();
        inner.revocations = list(&inner.issuer, Vec::new(), 1, beginning());
    }
    company.license_server.looked_at().await;
    assert_eq!(status(&company, &client).await, 403);
    assert_eq!(status(&company, &other).await, 200);
    // One that was signed later by a license server that was restored from a backup: it has forgotten the first
    // license, and another one has been revoked since.
    company.clock.forward(60);
    company.revoke(&[&other], 1);
    company.license_server.looked_at().await;
    assert_eq!(status(&company, &client).await, 403);
    assert_eq!(status(&company, &other).await, 403);
    // One that has grown beyond all others.
    {
        let mut inner = company.license_server.state.inner();
        inner.revocations = list(&inner.issuer, Vec::new(), 3, company.clock.now());
    }
    company.license_server.looked_at().await;
    let company = company.restart().await;
    assert_eq!(status(&company, &client).await, 403);
    assert_eq!(status(&company, &other).await, 403);
}

#[tokio::test]
async fn a_license_stays_revoked_when_the_license_server_has_another_key() {
    let company = Company::start().await;
    let (good, revoked) = (company.licensed(|_| {}), company.licensed(|_| {}));
    company.revoke(&[&revoked], 2);
    company.license_server.looked_at().await;
    let key = EcdsaKey::generate().expect("a key");
    shows(&company, issuer(&company.authority, SERVER, key)).await;
    assert_eq!(status(&company, &revoked).await, 403);
    company.license_server.stop().await;
    let company = company.restart().await;
    assert_eq!(status(&company, &revoked).await, 403, "without a list of the old key");
    assert_eq!(status(&company, &good).await, 200);
}

/// The license server's list is good for a minute.
fn shows_for_a_minute(company: &Company) {
    let now = company.clock.now();
    let mut inner = company.license_server.state.inner();
    let list = inner.issuer.revocation_list(Vec::new(), 2, now, now.plus(Span::seconds(60)));
    inner.revocations = list.expect("a list");
}

#[tokio::test]
async fn licenses_outlast_the_list_and_the_operator_is_told() {
    let company = Company::start().await;
    let client = company.licensed(|_| {});
    shows_for_a_minute(&company);
    let until = company.clock.now().plus(Span::seconds(60));
    company.license_server.looked_at().await;
    company.license_server.stop().await;
    company.clock.forward(60);
    let mut company = company;
    for (seconds, is_stale) in [(0, false), (1, true)] {
        company.clock.forward(seconds);
        for _ in 0..2 {
            assert_eq!(status(&company, &client).await, 200);
            let answer = health(&company).await;
            assert_eq!(answer.status(), 200);
            let told: Value = serde_json::from_str(&text(answer).await).expect("JSON");
            assert_eq!(told["status"] == "revocation-list-stale", is_stale, "{told}");
            assert_eq!(told["revocation_list_until"], until.to_string());
            company = company.restart().await;
        }
    }
}

#[tokio::test]
async fn a_list_from_the_future_revokes_and_is_not_relied_on_until_then() {
    let company = Company::start().await;
    let (good, revoked) = (company.licensed(|_| {}), company.licensed(|_| {}));
    shows_for_a_minute(&company);
    let until = company.clock.now().plus(Span::seconds(60));
    company.license_server.looked_at().await;
    let ahead = company.clock.now().plus(Span::seconds(86_400));
    company.revoke_at(ahead, &[&revoked], 3);
    company.license_server.looked_at().await;
    assert_eq!(status(&company, &good).await, 200);
    assert_eq!(status(&company, &revoked).await, 403);
    let told = text(health(&company).await).await;
    let told: Value = serde_json::from_str(&told).expect("JSON");
    assert_eq!(told["revocation_list_until"], until.to_string());
}

#[tokio::test]
async fn an_operator_can_have_licenses_refused_when_the_list_is_old() {
    let settings = Settings { stale_list: StaleList::Refuse, ..Settings::default() };
    let company = Company::with(settings).await;
    let client = company.licensed(|_| {});
    shows_for_a_minute(&company);
    company.license_server.looked_at().await;
    let mut connection =
        Connection::open_as(company.gateway.address, Protocol::Http1, Some(&client)).await;
    company.clock.forward(60);
    assert_eq!(connection.answer(get("/page")).await.status(), 200);
    assert_eq!(health(&company).await.status(), 200);
    company.clock.forward(1);
    let answer = connection.answer(get("/page")).await;
    assert_eq!(answer.status(), 503);
    check(answer, Slug::LicenseServerUnreachable).await;
    assert_eq!(health(&company).await.status(), 503);
    shows_for_a_minute(&company);
    company.license_server.looked_at().await;
    assert_eq!(connection.answer(get("/page")).await.status(), 200);
}
