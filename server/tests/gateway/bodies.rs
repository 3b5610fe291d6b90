//! Bodies, in both directions.

use std::time::Duration;

use axum::body::{Body, Bytes};
use http_body::Frame;
use http_body_util::{BodyExt as _, Channel};
use hyper::{HeaderMap, Request};
use serde_json::Value;

use crate::support::{
    Connection, PATIENCE, Protocol, Raw, Script, Service, TestGateway, get, pattern, text,
};

const PIECE: usize = 64 << 10;
const PIECES: usize = 128;

async fn world() -> (Service, TestGateway) {
    let service = Service::start().await;
    let gateway = TestGateway::start(service.address).await;
    (service, gateway)
}

/// A request whose body is sent by hand.
fn upload(path: &str) -> (Request<Body>, http_body_util::channel::Sender<Bytes>) {
    let (sender, body) = Channel::<Bytes>::new(1);
    (Request::post(path).body(Body::new(body)).expect("a request"), sender)
}

#[tokio::test]
async fn a_large_answer_arrives_as_it_is() {
    let (_service, gateway) = world().await;
    for protocol in Protocol::BOTH {
        let mut connection = Connection::open(gateway.address, protocol).await;
        let answer = connection.answer(get("/large")).await;
        let body = answer.into_body().collect().await.expect("whole").to_bytes();
        assert_eq!(body.len(), PIECES * PIECE);
        let piece = pattern(PIECE);
        assert!(body.chunks(PIECE).all(|found| found == piece), "{protocol:?}");
    }
}

#[tokio::test]
async fn a_large_request_arrives_as_it_is() {
    let (_service, gateway) = world().await;
    let piece = pattern(PIECE);
    let sum: u64 = piece.iter().map(|byte| u64::from(*byte)).sum();
    for protocol in Protocol::BOTH {
        let mut connection = Connection::open(gateway.address, protocol).await;
        let whole =
            Request::post("/sum").body(Body::from(piece.repeat(PIECES))).expect("a request");
        let expected = format!("{} {}", PIECE * PIECES, sum * PIECES as u64);
        assert_eq!(text(connection.answer(whole).await).await, expected, "{protocol:?}");
        let (request, mut sender) = upload("/sum");
        let bytes = Bytes::from(piece.clone());
        let send = async move {
            for _ in 0..PIECES {
                sender.send_data(bytes.clone()).await.expect("taken");
            }
        };
        let ((), answer) = tokio::join!(send, connection.answer(request));
        assert_eq!(text(answer).await, expected, "{protocol:?} in pieces");
    }
}

#[tokio::test]
async fn nothing_of_an_answer_is_held_back() {
    let script =
        Script::start(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n", false);
    let script = script.await;
    let gateway = TestGateway::start(script.address).await;
    for protocol in Protocol::BOTH {
        let mut connection = Connection::open(gateway.address, protocol).await;
        let mut answer = connection.answer(get("/")).await;
        let frame = tokio::time::timeout(PATIENCE, answer.frame()).await.expect("in time");
        let data = frame.expect("a frame").expect("no error").into_data().ok();
        assert_eq!(data.as_deref(), Some(b"one".as_slice()), "{protocol:?}");
    }
}

#[tokio::test]
async fn trailers_of_an_answer_arrive_but_for_those_of_the_gateway() {
    let (_service, gateway) = world().await;
    for protocol in Protocol::BOTH {
        let mut connection = Connection::open(gateway.address, protocol).await;
        let mut request = get("/trailers");
        request.headers_mut().insert("te", "trailers".parse().expect("a value"));
        let answer = connection.answer(request).await;
        assert_eq!(answer.headers()["trailer"], "x-checksum");
        let body = answer.into_body().collect().await.expect("whole");
        let trailers = body.trailers().expect("trailers");
        assert_eq!(trailers["x-checksum"], "42", "{protocol:?}");
        assert_eq!(trailers.len(), 1, "{protocol:?}: {trailers:?}");
        assert_eq!(body.to_bytes(), "body");
    }
}

#[tokio::test]
async fn trailers_of_a_request_arrive_but_for_those_of_the_gateway_and_tokens() {
    let (_service, gateway) = world().await;
    for protocol in Protocol::BOTH {
        let mut connection = Connection::open(gateway.address, protocol).await;
        let (mut request, mut sender) = upload("/");
        let names =
            "x-checksum, trybuy-client, x_forwarded_for, trybuy.client, legacy-client, cookie";
        request.headers_mut().insert("trailer", names.parse().expect("a value"));
        let send = async move {
            sender.send_data(Bytes::from_static(b"body")).await.expect("taken");
            let mut after = HeaderMap::new();
            for name in names.split(", ") {
                let name = hyper::header::HeaderName::from_static(name);
                after.insert(name, "spoofed".parse().expect("a value"));
            }
            sender.send(Frame::trailers(after)).await.expect("taken");
        };
        let ((), answer) = tokio::join!(send, connection.answer(request));
        let seen: Value = serde_json::from_str(&text(answer).await).expect("JSON");
        assert_eq!(seen["body"], "body");
        let expected = serde_json::json!([["x-checksum", "spoofed"]]);
        assert_eq!(seen["trailers"], expected, "{protocol:?}");
    }
}

#[tokio::test]
async fn a_client_that_asks_first_is_told_to_go_on() {
    let (_service, gateway) = world().await;
    let head = "POST / HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: 4\r\nConnection: close\r\n\r\n";
    let mut raw = Raw::open(gateway.address).await;
    raw.send(head.as_bytes()).await;
    assert_eq!(raw.up_to("\r\n\r\n").await, "HTTP/1.1 100 Continue\r\n\r\n");
    raw.send(b"body").await;
    let (answer, _) = raw.rest().await;
    assert!(answer.starts_with("HTTP/1.1 200") && answer.contains("\"body\":\"body\""), "{answer}");
    assert!(!answer.contains("100-continue"), "the service is not asked: {answer}");
}

#[tokio::test]
async fn a_client_that_asks_first_and_may_not_pass_sends_nothing() {
    let (_service, gateway) = world().await;
    let head = "POST /refused HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n";
    let mut raw = Raw::open(gateway.address).await;
    raw.send(head.as_bytes()).await;
    assert!(raw.up_to("\r\n").await.starts_with("HTTP/1.1 403"));
}

#[tokio::test]
async fn a_client_that_goes_away_takes_the_request_along() {
    let (service, gateway) = world().await;
    for protocol in Protocol::BOTH {
        let mut connection = Connection::open(gateway.address, protocol).await;
        let request = connection.send(get("/held"));
        tokio::select! {
            _ = request => unreachable_answer(),
            () = service.state.came.notified() => {}
        }
        drop(connection);
        let dropped = service.state.dropped.notified();
        tokio::time::timeout(PATIENCE, dropped).await.expect("the service sees the end");
        let mut connection = Connection::open(gateway.address, protocol).await;
        let answer = connection.answer(get("/endless")).await;
        drop((answer, connection));
        let dropped = service.state.dropped.notified();
        tokio::time::timeout(PATIENCE, dropped).await.expect("the service sees the end");
    }
}

fn unreachable_answer() {
    assert_eq!("an answer", "none", "nobody released it");
}

#[tokio::test]
async fn a_request_that_breaks_off_never_looks_whole() {
    for length in ["Content-Length: 100", "Transfer-Encoding: chunked"] {
        let mut script = Script::start(b"", false).await;
        let gateway = TestGateway::start(script.address).await;
        let mut raw = Raw::open(gateway.address).await;
        let head = format!("POST / HTTP/1.1\r\nHost: localhost\r\n{length}\r\n\r\n4\r\nbody\r\n");
        raw.send(head.as_bytes()).await;
        assert!(script.head().await.to_lowercase().contains(&length.to_lowercase()));
        drop(raw);
        let rest = script.closed().await;
        assert!(!rest.ends_with(b"0\r\n\r\n"), "{length}: {}", String::from_utf8_lossy(&rest));
    }
}

#[tokio::test]
async fn an_answer_that_breaks_off_never_looks_whole() {
    for answer in [
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf".as_slice(),
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n64\r\nhalf",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\nno number\r\n",
    ] {
        let script = Script::start(answer, true).await;
        let gateway = TestGateway::start(script.address).await;
        for protocol in Protocol::BOTH {
            let mut connection = Connection::open(gateway.address, protocol).await;
            let answer = connection.answer(get("/")).await;
            assert_eq!(answer.status(), 200);
            let body = tokio::time::timeout(PATIENCE, answer.into_body().collect()).await;
            assert!(body.expect("in time").is_err(), "{protocol:?}");
        }
        // HTTP/1.0 knows no chunks: the end of the connection is the end of the answer, unless TLS says
        // that it was cut off.
        let mut raw = Raw::open(gateway.address).await;
        raw.send(b"GET / HTTP/1.0\r\n\r\n").await;
        let (text, ended) = raw.rest().await;
        assert!(text.contains("half"), "{text}");
        assert!(ended.is_err() || text.contains("100"), "cut off: {text}");
    }
}

#[tokio::test]
async fn an_answer_may_come_before_the_end_of_the_request() {
    let said =
        b"HTTP/1.1 413 Content Too Large\r\nContent-Length: 5\r\nConnection: close\r\n\r\nlarge";
    let script = Script::start(said, true).await;
    let gateway = TestGateway::start(script.address).await;
    for protocol in Protocol::BOTH {
        let mut connection = Connection::open(gateway.address, protocol).await;
        let (request, _never_ends) = upload("/");
        let answer = connection.answer(request).await;
        assert_eq!(answer.status(), 413, "{protocol:?}");
        assert_eq!(text(answer).await, "large");
    }
}

#[tokio::test]
async fn a_slow_reader_slows_the_service_down() {
    let (_service, gateway) = world().await;
    let mut connection = Connection::open(gateway.address, Protocol::Http2).await;
    let slow = connection.answer(get("/endless")).await;
    // Another stream of the connection goes on meanwhile.
    for _ in 0..3 {
        assert_eq!(connection.answer(get("/")).await.status(), 200);
    }
    let still = tokio::time::timeout(Duration::from_millis(50), slow.into_body().collect()).await;
    assert!(still.is_err(), "it has no end");
}
