//! Clients that hold what they have.

use std::time::Duration;

use hyper::client::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use trybuy_server::gateway::Limits;

use crate::support::{
    Connection, PATIENCE, Protocol, Raw, Service, TestGateway, connect, get, text, tls_settings,
    until,
};

async fn world(limits: Limits) -> (Service, TestGateway) {
    let service = Service::start().await;
    let gateway = TestGateway::with(service.address, limits).await;
    (service, gateway)
}

fn short() -> Limits {
    let short = Duration::from_millis(200);
    Limits { handshake_timeout: short, idle_timeout: short, ..Limits::default() }
}

#[tokio::test]
async fn a_handshake_that_stands_still_is_given_up() {
    let (_service, gateway) = world(short()).await;
    for begin in [b"".as_slice(), &[0x16, 3, 1]] {
        let mut stream = TcpStream::connect(gateway.address).await.expect("connected");
        stream.write_all(begin).await.expect("sent");
        let mut rest = Vec::new();
        let closed = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut rest)).await;
        drop(closed.expect("closed"));
    }
}

#[tokio::test]
async fn what_is_no_tls_is_closed() {
    let (_service, gateway) = world(Limits::default()).await;
    let mut stream = TcpStream::connect(gateway.address).await.expect("connected");
    stream.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n").await.expect("sent");
    let mut rest = Vec::new();
    let closed = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut rest)).await;
    drop(closed.expect("closed"));
    assert!(!rest.starts_with(b"HTTP"), "nothing is said in the clear");
}

#[tokio::test]
async fn a_head_that_stands_still_is_given_up() {
    let (_service, gateway) = world(short()).await;
    for half in [b"".as_slice(), b"GET / HTTP/1.1\r\nHost: x\r\n"] {
        let mut raw = Raw::open(gateway.address).await;
        raw.send(half).await;
        let (answer, _) = raw.rest().await;
        assert!(!answer.starts_with("HTTP/1.1 200"), "{answer}");
    }
}

#[tokio::test]
async fn a_client_of_http2_that_asks_for_nothing_is_given_up() {
    let (service, gateway) = world(short()).await;
    for asks_before in [false, true] {
        let mut connection = Connection::open(gateway.address, Protocol::Http2).await;
        if asks_before {
            assert_eq!(connection.answer(get("/")).await.status(), 200);
        }
        // It answers every question for a sign of life.
        until("closed", || connection.is_closed()).await;
    }
    // One that waits for an answer is not.
    let mut connection = Connection::open(gateway.address, Protocol::Http2).await;
    let held = connection.send(get("/held"));
    let answered = tokio::time::timeout(short().idle_timeout * 4, held).await;
    assert!(answered.is_err(), "it goes on");
    assert!(!connection.is_closed());
    service.state.release.notify_one();
}

#[tokio::test]
async fn a_client_of_http2_that_takes_no_refusal_is_given_up() {
    let (_service, gateway) = world(short()).await;
    let mut settings = tls_settings(None);
    settings.alpn_protocols = vec![b"h2".to_vec()];
    let stream = connect(gateway.address, settings).await.expect("TLS");
    let mut client = http2::Builder::new(TokioExecutor::new());
    let made = client.initial_stream_window_size(0).handshake(TokioIo::new(stream)).await;
    let (sender, connection) = made.expect("HTTP/2");
    tokio::spawn(connection);
    let mut connection = Connection::Http2(sender);
    let refused = connection.answer(get("/refused")).await;
    assert_eq!(refused.status(), 403);
    // It answers every question for a sign of life, and has room for no byte of the answer.
    until("closed", || connection.is_closed()).await;
}

#[tokio::test]
async fn a_head_of_http2_that_stands_still_is_given_up() {
    let (_service, gateway) = world(short()).await;
    let mut settings = tls_settings(None);
    settings.alpn_protocols = vec![b"h2".to_vec()];
    let mut raw = Raw(connect(gateway.address, settings).await.expect("TLS"));
    raw.send(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").await;
    // No settings, and a head of one field (`:method: GET`) of which more is to come.
    raw.send(&[0, 0, 0, 4, 0, 0, 0, 0, 0]).await;
    raw.send(&[0, 0, 1, 1, 0, 0, 0, 0, 1, 0x82]).await;
    raw.rest().await.1.ok();
}

#[tokio::test]
async fn a_head_that_drips_is_given_up() {
    let (_service, gateway) = world(short()).await;
    let mut raw = Raw::open(gateway.address).await;
    raw.send(b"GET / HTTP/1.1\r\nHost: x\r\n").await;
    let drip = async {
        while raw.0.write_all(b"X: y\r\n").await.is_ok() && raw.0.flush().await.is_ok() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE, drip).await.expect("given up");
}

#[tokio::test]
async fn a_body_that_stands_still_is_given_up() {
    let (_service, gateway) = world(short()).await;
    let mut raw = Raw::open(gateway.address).await;
    raw.send(b"POST /sum HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nhalf").await;
    let (answer, _) = raw.rest().await;
    assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
}

#[tokio::test]
async fn an_answer_that_is_not_taken_is_given_up() {
    let (service, gateway) = world(short()).await;
    for protocol in Protocol::BOTH {
        let mut connection = Connection::open(gateway.address, protocol).await;
        let answer = connection.answer(get("/endless")).await;
        let dropped = service.state.dropped.notified();
        tokio::time::timeout(PATIENCE, dropped).await.expect("given up");
        drop(answer);
    }
}

#[tokio::test]
async fn a_service_may_be_silent_in_the_middle_of_an_answer() {
    let said = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n";
    let script = crate::support::Script::start(said, false).await;
    let gateway = TestGateway::with(script.address, short()).await;
    for protocol in Protocol::BOTH {
        let mut connection = Connection::open(gateway.address, protocol).await;
        let answer = connection.answer(get("/")).await;
        let rest = tokio::time::timeout(short().idle_timeout * 4, text(answer)).await;
        assert!(rest.is_err(), "{protocol:?}: it goes on");
    }
}

#[tokio::test]
async fn one_client_cannot_hold_all_connections() {
    let (_service, gateway) =
        world(Limits { connections_per_client: 2, ..Limits::default() }).await;
    let mut one = Connection::open(gateway.address, Protocol::Http1).await;
    let two = Connection::open(gateway.address, Protocol::Http2).await;
    let three = connect(gateway.address, tls_settings(None)).await;
    assert!(three.is_err(), "closed at once");
    assert_eq!(one.answer(get("/")).await.status(), 200);
    drop(two);
    let again = async { while connect(gateway.address, tls_settings(None)).await.is_err() {} };
    tokio::time::timeout(PATIENCE, again).await.expect("what was given back can be had again");
}

#[tokio::test]
async fn further_connections_wait_for_a_place() {
    let (_service, gateway) = world(Limits { connections: 1, ..Limits::default() }).await;
    let mut one = Connection::open(gateway.address, Protocol::Http1).await;
    let waiting = tokio::spawn(connect(gateway.address, tls_settings(None)));
    assert_eq!(one.answer(get("/")).await.status(), 200);
    assert!(!waiting.is_finished(), "there is no place");
    drop(one);
    until("a place", || waiting.is_finished()).await;
    waiting.await.expect("joined").expect("TLS");
}

#[tokio::test]
async fn a_tunnel_takes_a_place() {
    let (_service, gateway) =
        world(Limits { connections_per_client: 1, ..Limits::default() }).await;
    let mut raw = Raw::open(gateway.address).await;
    let ask =
        b"GET /tunnel HTTP/1.1\r\nHost: x\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n";
    raw.send(ask).await;
    assert!(raw.up_to("\r\n\r\n").await.starts_with("HTTP/1.1 101"));
    raw.send(b"a").await;
    assert_eq!(raw.0.read_u8().await.expect("a byte"), b'b');
    assert!(connect(gateway.address, tls_settings(None)).await.is_err(), "closed at once");
    drop(raw);
    let again = async { while connect(gateway.address, tls_settings(None)).await.is_err() {} };
    tokio::time::timeout(PATIENCE, again).await.expect("its place is given back");
}
