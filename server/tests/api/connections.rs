//! Connections that are held open.

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::support::TestServer;

const HALF: &[u8] = b"GET /healthz HTTP/1.1\r\nHost: x\r\n";
const REST: &[u8] = b"Connection: close\r\n\r\n";

/// A connection with half of a request's head.
async fn half_open(server: &TestServer) -> TcpStream {
    let address = server.url.trim_start_matches("http://");
    let mut stream = TcpStream::connect(address).await.expect("connected");
    // A connection that was closed already may refuse it.
    drop(stream.write_all(HALF).await);
    stream
}

/// What comes back for the whole request; nothing if the connection was closed.
async fn answer(mut stream: TcpStream) -> String {
    let mut answer = String::new();
    drop(stream.write_all(REST).await);
    drop(stream.read_to_string(&mut answer).await);
    answer
}

#[tokio::test]
async fn one_client_cannot_hold_all_connections() {
    let server = TestServer::with("[http]\nconnections_per_client = 2").await;
    let (one, two) = (half_open(&server).await, half_open(&server).await);
    let three = half_open(&server).await;
    assert_eq!(answer(three).await, "", "closed at once");
    assert!(answer(one).await.starts_with("HTTP/1.1 200"));
    assert!(answer(two).await.starts_with("HTTP/1.1 200"));
    // What was given back can be had again, as soon as the server has seen the end.
    let patience = tokio::time::timeout(std::time::Duration::from_secs(10), async {
        while !answer(half_open(&server).await).await.starts_with("HTTP/1.1 200") {}
    });
    patience.await.expect("a connection");
}

#[tokio::test]
async fn a_proxy_may_have_all_connections() {
    let server = TestServer::with("[http]\nbehind_proxy = true\nconnections_per_client = 1").await;
    let (one, two) = (half_open(&server).await, half_open(&server).await);
    assert!(answer(two).await.starts_with("HTTP/1.1 200"));
    assert!(answer(one).await.starts_with("HTTP/1.1 200"));
}

#[tokio::test]
async fn a_head_that_stands_still_is_given_up() {
    let server = TestServer::with("[http]\nidle_timeout = \"1s\"").await;
    let mut stream = half_open(&server).await;
    let mut answer = String::new();
    let read = stream.read_to_string(&mut answer);
    let patience = tokio::time::timeout(std::time::Duration::from_secs(10), read);
    drop(patience.await.expect("the server closes it"));
    assert!(!answer.starts_with("HTTP/1.1 200"), "{answer}");
}

#[tokio::test]
async fn a_request_names_its_host_once() {
    let server = TestServer::with("").await;
    for (head, status) in [
        ("GET /healthz HTTP/1.1\r\n", 400),
        ("GET /healthz HTTP/1.1\r\nHost: x\r\nHost: y\r\n", 400),
        ("GET /healthz HTTP/1.1\r\nHost: x\r\n", 200),
        ("GET /healthz HTTP/1.0\r\n", 200),
    ] {
        let address = server.url.trim_start_matches("http://");
        let mut stream = TcpStream::connect(address).await.expect("connected");
        stream.write_all(head.as_bytes()).await.expect("sent");
        let answer = answer(stream).await;
        assert!(answer.contains(&format!(" {status} ")), "{head:?}: {answer}");
    }
}
