//! Legacy clients, whose licenses the gateway holds.

use std::time::Duration;

use hyper::Request;
use hyper::header::{COOKIE, LOCATION, SET_COOKIE};
use serde_json::Value;
use trybuy_formats::api::Problem;
use trybuy_formats::certificates::CertificateChain;
use trybuy_formats::ids::{Digest, Label, PlatformType};
use trybuy_formats::instant::Span;
use trybuy_formats::primitives::sha256;
use trybuy_formats::slug::Slug;
use trybuy_server::clock::Clock as _;
use trybuy_server::gateway::access::{Rates, new_client};

use crate::health::health;
use crate::support::company::Settings;
use crate::support::license_server::{BETWEEN, FAILED, Inner};
use crate::support::{Company, Connection, Log, PATIENCE, Protocol, Raw, check, get, text, until};

const TOKEN: &str = "Kq3vXb0x5hJ7";
const DOCUMENTATION: &str = include_str!("../../../docs/licensing.md");
const MINUTE: Span = Span::seconds(60);
const HOUR: Span = Span::seconds(3600);
const LONG: Duration = Duration::from_secs(3600);

/// The table of what is refused.
pub(crate) fn refusals() -> &'static str {
    DOCUMENTATION.split("## What is refused, and why").nth(1).expect("a table")
}

fn name() -> Label {
    "terminal".parse().expect("a name")
}

/// A company with a legacy client.
async fn world(rates: Rates) -> Company {
    with_client(Company::with(Settings { rates, ..Settings::default() }).await).await
}

async fn with_client(company: Company) -> Company {
    let digest = Digest::from_bytes(sha256(TOKEN.as_bytes()));
    let now = company.clock.now();
    let client = new_client(name(), PlatformType::Legacy, Some(digest), now).expect("a client");
    assert!(company.store.add_gateway_client(&client).await.expect("added"));
    company
}

async fn open(company: &Company) -> Connection {
    Connection::open_as(company.gateway.address, Protocol::Http2, None).await
}

fn with_field(token: &str) -> Request<axum::body::Body> {
    let mut request = get("/page");
    request.headers_mut().insert("legacy-client", token.parse().expect("a value"));
    request
}

fn with_cookie(cookie: &str) -> Request<axum::body::Body> {
    let mut request = get("/page");
    request.headers_mut().insert(COOKIE, cookie.parse().expect("a value"));
    request
}

#[tokio::test]
async fn a_legacy_client_passes_with_its_token_which_the_service_does_not_see() {
    let company = world(Rates::default()).await;
    let mut connection = open(&company).await;
    for request in
        [with_field(TOKEN), with_cookie(&format!("a=1; __Host-legacy-client={TOKEN}; b=2"))]
    {
        let has_cookies = request.headers().contains_key(COOKIE);
        let seen = text(connection.answer(request).await).await;
        assert!(!seen.contains(TOKEN), "{seen}");
        assert!(seen.contains("trybuy-license"), "{seen}");
        assert_eq!(seen.contains("[\"cookie\",\"a=1; b=2\"]"), has_cookies, "{seen}");
        let seen: Value = serde_json::from_str(&seen).expect("JSON");
        assert_eq!(seen["target"], "/page");
    }
    assert_eq!(company.license_server.state.asked("gateways/licenses"), 1, "asked once");
}

#[tokio::test]
async fn a_browser_gets_the_token_as_a_cookie() {
    let company = world(Rates::default()).await;
    let mut connection = open(&company).await;
    let answer = connection.answer(get(&format!("/.well-known/trybuy/legacy/{TOKEN}"))).await;
    assert_eq!(answer.status(), 303);
    assert_eq!(answer.headers()[LOCATION], "/");
    assert_eq!(answer.headers()["cache-control"], "no-store");
    let cookie = answer.headers()[SET_COOKIE].to_str().expect("text").to_owned();
    assert!(cookie.contains("Secure") && cookie.contains("HttpOnly"), "{cookie}");
    let pair = cookie.split(';').next().expect("a pair");
    assert_eq!(connection.answer(with_cookie(pair)).await.status(), 200);
    for nobodys in ["other", "x;Domain=example.com", ""] {
        let answer = connection.answer(get(&format!("/.well-known/trybuy/legacy/{nobodys}"))).await;
        assert!(!answer.headers().contains_key(SET_COOKIE), "{nobodys}");
        check(answer, Slug::LicenseRequired).await;
    }
}

/// What came back, in order: the status, and whether the service was told of a license.
async fn exchanged(company: &Company, asked: &str) -> Vec<(String, bool)> {
    let mut raw = Raw::open(company.gateway.address).await;
    raw.send(asked.as_bytes()).await;
    let (answers, _) = raw.rest().await;
    let answers = answers.split("HTTP/1.1 ").skip(1);
    answers.map(|it| (it[..3].to_owned(), it.contains("trybuy-license"))).collect()
}

#[tokio::test]
async fn requests_behind_one_that_is_refused_are_answered_in_order_and_each_as_whose_it_is() {
    let company = world(Rates::default()).await;
    let (no, yes) = (("403".to_owned(), false), ("200".to_owned(), true));
    let other = "GET /page HTTP/1.1\r\nHost: localhost\r\n\r\n".to_owned();
    let own = format!("GET /page HTTP/1.1\r\nHost: localhost\r\nLegacy-Client: {TOKEN}\r\n\r\n");
    let last = own.replacen("\r\n", "\r\nConnection: close\r\n", 1);
    let post = |fields: &str, body: &str| {
        format!("POST /page HTTP/1.1\r\nHost: localhost\r\n{fields}\r\n\r\n{body}")
    };
    let length = |length: usize| format!("Content-Length: {length}");
    let whole = post(&length(own.len()), &own);
    let chunks = format!("{:x}\r\n{own}\r\n0\r\n\r\n", own.len());
    let chunks = post("Transfer-Encoding: chunked", &chunks);
    let waiting = post(&format!("Expect: 100-continue\r\n{}", length(own.len())), "");
    let broken = post("Transfer-Encoding: chunked", "x\r\n");
    for (asked, expected) in [
        (vec![&other, &own, &other, &last], vec![&no, &yes, &no, &yes]),
        (vec![&own, &whole, &last], vec![&yes, &no, &yes]),
        (vec![&own, &chunks, &last], vec![&yes, &no, &yes]),
        // Who waits for leave may keep the body, so nobody knows what is behind it; and behind what has no end there is
        // no request.
        (vec![&own, &waiting, &own, &last], vec![&yes, &no]),
        (vec![&own, &broken, &last], vec![&yes, &no]),
    ] {
        let asked: String = asked.into_iter().map(String::as_str).collect();
        let expected: Vec<_> = expected.into_iter().cloned().collect();
        assert_eq!(exchanged(&company, &asked).await, expected, "{asked}");
    }
}

#[tokio::test]
async fn requests_at_once_ask_for_one_license() {
    let company = world(Rates::default()).await;
    let requests = (0..8).map(|_| {
        let address = company.gateway.address;
        tokio::spawn(async move {
            let mut connection = Connection::open_as(address, Protocol::Http1, None).await;
            connection.answer(with_field(TOKEN)).await.status()
        })
    });
    for request in requests.collect::<Vec<_>>() {
        assert_eq!(request.await.expect("joined"), 200);
    }
    assert_eq!(company.license_server.state.asked("gateways/licenses"), 1);
}

#[tokio::test]
async fn a_license_that_was_revoked_is_asked_for_again() {
    let company = world(Rates::default()).await;
    let mut connection = open(&company).await;
    assert_eq!(connection.answer(with_field(TOKEN)).await.status(), 200);
    let client = company.store.gateway_client(&name()).await.expect("asked").expect("a client");
    let held = crate::support::Pair {
        certificate: client.license.expect("a license"),
        key: String::new(),
    };
    company.revoke(&[&held], 2);
    company.license_server.looked_at().await;
    assert_eq!(connection.answer(with_field(TOKEN)).await.status(), 200);
    assert_eq!(company.license_server.state.asked("gateways/licenses"), 2);
}

#[tokio::test]
async fn after_a_refusal_there_is_a_pause() {
    let company = world(Rates::default()).await;
    company.license_server.state.inner().refuses = true;
    let mut connection = open(&company).await;
    check(connection.answer(with_field(TOKEN)).await, Slug::NoFreeLicense).await;
    let answer = connection.answer(with_field(TOKEN)).await;
    let headers = check(answer, Slug::NoFreeLicense).await;
    assert!(headers.contains_key("retry-after"));
    assert_eq!(company.license_server.state.asked("gateways/licenses"), 1);
}

#[tokio::test]
async fn a_gateway_that_is_not_registered_says_so_until_it_is() {
    let company = world(Rates::default()).await;
    let state = company.license_server.state.clone();
    state.inner().forgot_gateway = true;
    let company = company.restart().await;
    let status = async |expected: &str| loop {
        let health = get("/.well-known/trybuy/health");
        let health = text(open(&company).await.answer(health).await).await;
        let health: Value = serde_json::from_str(&health).expect("JSON");
        if health["status"] == expected {
            break;
        }
    };
    let in_time = async |expected: &str| {
        tokio::time::timeout(PATIENCE, status(expected)).await.expect("told");
    };
    in_time("gateway-not-registered").await;
    let answer = open(&company).await.answer(with_field(TOKEN)).await;
    assert_eq!(answer.status(), 503);
    let problem: Problem = serde_json::from_str(&text(answer).await).expect("a problem document");
    assert_eq!(problem.slug, Slug::GatewayNotRegistered);
    let help = problem.help.expect("what to do");
    let (_, key) =
        help.split_once("license-server gateway add NAME --key-hex ").expect("a command");
    assert!(key.len() == 64 && key.bytes().all(|byte| byte.is_ascii_hexdigit()), "{key}");
    state.inner().forgot_gateway = false;
    in_time("ok").await;
    let asked = state.asked("gateways/seen");
    company.license_server.looked_at().await;
    assert_eq!(state.asked("gateways/seen"), asked, "not asked for ever");
}

#[tokio::test]
async fn what_is_wrong_between_gateway_and_license_server_is_named_to_clients_with_what_to_do() {
    for (spoil, expected, help) in [
        (
            (|it: &mut Inner| it.refusal = Some("clock-skew")) as fn(&mut Inner),
            Slug::ClockSkew,
            "by NTP",
        ),
        (|it| it.failure = Some(FAILED), Slug::LicenseServerUnreachable, "try again later"),
        (|it| it.failure = Some(BETWEEN), Slug::LicenseServerUnreachable, "try again later"),
    ] {
        let company = world(Rates::default()).await;
        spoil(&mut company.license_server.state.inner());
        let log = Log::start();
        let mut connection = open(&company).await;
        // Also where it is said again, without another look.
        for _ in 0..2 {
            let answer = connection.answer(with_field(TOKEN)).await;
            assert_eq!(answer.status(), 503, "{expected}");
            assert_eq!(answer.headers()["trybuy-refusal"], expected.as_str());
            let problem: Problem = serde_json::from_str(&text(answer).await).expect("a problem");
            assert_eq!(problem.slug, expected);
            assert!(problem.help.is_some_and(|told| told.contains(help)), "{expected}");
            assert!(refusals().contains(&format!("| `{expected}` |")), "{expected}");
        }
        assert!(log.lines_with("the server failed").is_empty(), "{expected}");
        assert_eq!(company.license_server.state.asked("gateways/licenses"), 1);
    }
}

#[tokio::test]
async fn what_cannot_be_asked_for_one_client_is_not_said_of_the_gateway() {
    let company = world(Rates::default()).await;
    company.license_server.looked_at().await;
    company.license_server.state.inner().refusal = Some("bad-request");
    check(open(&company).await.answer(with_field(TOKEN)).await, Slug::ServerError).await;
    assert_eq!(company.license_server.state.asked("gateways/licenses"), 1);
    let told = text(health(&company).await).await;
    assert!(told.contains(r#""status":"ok""#), "{told}");
}

#[tokio::test]
async fn a_held_license_goes_on_without_a_license_server() {
    let company = world(Rates::default()).await;
    let mut connection = open(&company).await;
    assert_eq!(connection.answer(with_field(TOKEN)).await.status(), 200);
    company.license_server.stop().await;
    assert_eq!(connection.answer(with_field(TOKEN)).await.status(), 200);
    let company = company.restart().await;
    assert_eq!(open(&company).await.answer(with_field(TOKEN)).await.status(), 200);
}

#[tokio::test]
async fn a_token_that_is_nobodys_is_refused_and_so_is_that_of_a_removed_client() {
    let company = world(Rates::default()).await;
    let mut connection = open(&company).await;
    check(connection.answer(with_field("other")).await, Slug::LicenseRequired).await;
    assert_eq!(connection.answer(with_field(TOKEN)).await.status(), 200);
    assert!(company.store.remove_gateway_client(&name()).await.expect("removed"));
    company.license_server.looked_at().await;
    check(connection.answer(with_field(TOKEN)).await, Slug::LicenseRequired).await;
}

#[tokio::test]
async fn a_license_that_is_held_ends_when_it_says() {
    let company = world(Rates::default()).await;
    company.license_server.state.inner().ends_at = Some(company.clock.now().plus(MINUTE));
    let mut connection = open(&company).await;
    assert_eq!(connection.answer(with_field(TOKEN)).await.status(), 200);
    company.license_server.state.inner().refuses = true;
    company.clock.forward(60);
    assert_eq!(connection.answer(with_field(TOKEN)).await.status(), 200);
    company.clock.forward(1);
    check(connection.answer(with_field(TOKEN)).await, Slug::NoFreeLicense).await;
}

#[tokio::test]
async fn a_permanent_license_takes_the_place_of_a_temporary_one_that_is_used() {
    let company = world(Rates::default()).await;
    let state = company.license_server.state.clone();
    let end = company.clock.now().plus(HOUR);
    state.inner().ends_at = Some(end);
    let mut connection = open(&company).await;
    let is_temporary = async |connection: &mut Connection| {
        let answer = connection.answer(with_field(TOKEN)).await;
        assert_eq!(answer.status(), 200);
        drop(answer);
        let client = company.store.gateway_client(&name()).await.expect("asked");
        let chain = CertificateChain::from_pem(&client?.license?).ok()?;
        Some(chain.leaf().not_after() == end)
    };
    assert_eq!(is_temporary(&mut connection).await, Some(true));
    company.clock.forward(299);
    company.license_server.looked_at().await;
    assert_eq!(state.asked("gateways/licenses"), 1, "not with each round");
    company.clock.forward(1);
    until("another request", || state.asked("gateways/licenses") == 2).await;
    company.license_server.looked_at().await;
    assert_eq!(is_temporary(&mut connection).await, Some(true), "none is free");
    {
        let mut inner = state.inner();
        (inner.ends_at, inner.permanent) = (None, true);
    }
    company.clock.forward(300);
    until("a third request", || state.asked("gateways/licenses") == 3).await;
    company.license_server.looked_at().await;
    assert_eq!(is_temporary(&mut connection).await, Some(false));
    company.clock.forward(300);
    company.license_server.looked_at().await;
    assert_eq!(state.asked("gateways/licenses"), 3, "a permanent one stays");
}

#[tokio::test]
async fn a_temporary_license_gives_way_to_no_other_temporary_one_and_to_no_refusal() {
    let company = world(Rates::default()).await;
    let state = company.license_server.state.clone();
    let mut connection = open(&company).await;
    assert_eq!(connection.answer(with_field(TOKEN)).await.status(), 200);
    let held =
        async || company.store.gateway_client(&name()).await.expect("asked").map(|it| it.license);
    let first = held().await;
    for refuses in [false, true] {
        let before = state.asked("gateways/licenses");
        state.inner().refuses = refuses;
        assert_eq!(connection.answer(with_field(TOKEN)).await.status(), 200);
        company.license_server.looked_at().await;
        company.clock.forward(300);
        until("another request", || state.asked("gateways/licenses") == before + 1).await;
        company.license_server.looked_at().await;
        assert_eq!(held().await, first);
        assert_eq!(connection.answer(with_field(TOKEN)).await.status(), 200);
    }
}

#[tokio::test]
async fn requests_of_a_held_client_share_what_was_found_out() {
    let company = Company::with(Settings { round: LONG, ..Settings::default() }).await;
    let company = with_client(company).await;
    let mut connection = open(&company).await;
    assert_eq!(connection.answer(with_field(TOKEN)).await.status(), 200);
    // With its first round the gateway forgets what it found out; behind that it looks at the records for this license.
    let asked = || company.license_server.state.asked("license-server");
    until("the first round is over", || asked() == 2).await;
    let first = text(connection.answer(with_field(TOKEN)).await).await;
    // The store is asked no more before the next round.
    assert!(company.store.remove_gateway_client(&name()).await.expect("removed"));
    let second = text(connection.answer(with_field(TOKEN)).await).await;
    assert_eq!(told(&first), told(&second), "one token for the service");
    company.clock.forward(60);
    check(connection.answer(with_field(TOKEN)).await, Slug::LicenseRequired).await;
}

/// The identity that the service was told of.
fn told(seen: &str) -> Value {
    let seen: Value = serde_json::from_str(seen).expect("JSON");
    let fields = seen["fields"].as_array().expect("fields");
    fields.iter().find(|field| field[0] == "trybuy-license").expect("an identity").clone()
}

#[tokio::test]
async fn tokens_cannot_be_tried_all_the_time() {
    let rates = Rates { wrong_tokens_per_minute: 2.try_into().expect("some"), ..Rates::default() };
    let company = world(rates).await;
    let mut connection = open(&company).await;
    check(connection.answer(with_field("one")).await, Slug::LicenseRequired).await;
    let path = get("/.well-known/trybuy/legacy/two");
    check(connection.answer(path).await, Slug::LicenseRequired).await;
    let headers = check(connection.answer(with_field("three")).await, Slug::RateLimited).await;
    assert!(headers.contains_key("retry-after"));
    assert_eq!(connection.answer(with_field(TOKEN)).await.status(), 200, "others are not held up");
}
