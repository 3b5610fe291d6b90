//! Services that do not answer.

use std::time::Duration;

use hyper::body::Incoming;
use hyper::{Request, Response};
use serde_json::Value;
use tokio::net::TcpListener;
use trybuy_server::gateway::Limits;

use crate::support::{Connection, Protocol, Script, Service, TestGateway, get, text};

/// Checks that an answer is a problem document with that status.
async fn check(answer: Response<Incoming>, status: u16) {
    assert_eq!(answer.status(), status);
    assert_eq!(answer.headers()["content-type"], "application/problem+json");
    let problem: Value = serde_json::from_str(&text(answer).await).expect("JSON");
    assert_eq!(problem["status"], status);
    assert!(!problem["title"].as_str().unwrap_or_default().is_empty(), "{problem}");
}

#[tokio::test]
async fn a_service_that_is_not_there_is_said_to_be_unreachable() {
    let address = {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        listener.local_addr().expect("an address")
    };
    let gateway = TestGateway::start(address).await;
    for protocol in Protocol::BOTH {
        let mut connection = Connection::open(gateway.address, protocol).await;
        check(connection.answer(get("/")).await, 502).await;
    }
}

#[tokio::test]
async fn a_service_that_breaks_off_is_said_to_have_done_so() {
    for said in [
        b"".as_slice(),
        b"HTTP/1.1 200 O",
        b"SSH-2.0-other\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n1",
        b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n1",
    ] {
        let script = Script::start(said, true).await;
        let gateway = TestGateway::start(script.address).await;
        for protocol in Protocol::BOTH {
            let mut connection = Connection::open(gateway.address, protocol).await;
            check(connection.answer(get("/")).await, 502).await;
        }
    }
}

#[tokio::test]
async fn a_service_that_is_too_slow_is_given_up() {
    let limits = Limits { upstream_timeout: Duration::from_millis(100), ..Limits::default() };
    let mut script = Script::start(b"HTTP/1.1 200 OK\r\n", false).await;
    let gateway = TestGateway::with(script.address, limits).await;
    for protocol in Protocol::BOTH {
        let mut connection = Connection::open(gateway.address, protocol).await;
        check(connection.answer(get("/")).await, 504).await;
        script.closed().await;
        let body = Request::post("/").body("a body".into()).expect("a request");
        check(connection.answer(body).await, 504).await;
        script.closed().await;
    }
}

#[tokio::test]
async fn the_wait_for_an_answer_begins_with_the_end_of_the_request() {
    let service = Service::start().await;
    let limit = Duration::from_millis(400);
    let limits = Limits { upstream_timeout: limit, ..Limits::default() };
    let gateway = TestGateway::with(service.address, limits).await;
    for protocol in Protocol::BOTH {
        let mut connection = Connection::open(gateway.address, protocol).await;
        let (mut sender, body) = http_body_util::Channel::<axum::body::Bytes>::new(1);
        let request = Request::post("/sum").body(axum::body::Body::new(body)).expect("a request");
        let send = async move {
            for _ in 0..3 {
                // What is tried is that time passes.
                tokio::time::sleep(limit / 2).await;
                sender.send_data("x".into()).await.expect("taken");
            }
        };
        let ((), answer) = tokio::join!(send, connection.answer(request));
        assert_eq!(answer.status(), 200, "{protocol:?}");
        assert_eq!(text(answer).await, "3 360");
    }
}

#[tokio::test]
async fn a_head_that_is_too_large_is_refused_with_words() {
    let service = Service::start().await;
    let gateway = TestGateway::start(service.address).await;
    for protocol in Protocol::BOTH {
        let mut connection = Connection::open(gateway.address, protocol).await;
        let mut request = get("/");
        request.headers_mut().insert("x-large", "x".repeat(40 << 10).parse().expect("a value"));
        check(connection.answer(request).await, 431).await;
        let mut request = get("/");
        for number in 0..120 {
            let name = hyper::header::HeaderName::try_from(format!("x-{number}")).expect("a name");
            request.headers_mut().insert(name, "x".parse().expect("a value"));
        }
        check(connection.answer(request).await, 431).await;
        let mut request = get("/");
        request.headers_mut().insert("x-large", "x".repeat(100 << 10).parse().expect("a value"));
        // What is not even read is refused without words.
        if let Ok(answer) = connection.send(request).await {
            assert_eq!(answer.status(), 431, "{protocol:?}");
        }
        let mut connection = Connection::open(gateway.address, protocol).await;
        assert_eq!(connection.answer(get("/")).await.status(), 200);
    }
}

#[tokio::test]
async fn a_service_that_was_started_again_is_reached_again() {
    let script = Script::start(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", true).await;
    let gateway = TestGateway::start(script.address).await;
    let mut connection = Connection::open(gateway.address, Protocol::Http1).await;
    for _ in 0..20 {
        assert_eq!(connection.answer(get("/")).await.status(), 200);
    }
}
