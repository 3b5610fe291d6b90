//! Connections that switch to another protocol.

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::support::{PATIENCE, Raw, Script, Service, TestGateway};

const ASK: &str = "GET /tunnel HTTP/1.1\r\nHost: localhost\r\nConnection: keep-alive, Upgrade\r\n";

async fn open(gateway: &TestGateway, protocol: &str) -> (Raw, String) {
    let mut raw = Raw::open(gateway.address).await;
    raw.send(format!("{ASK}Upgrade: {protocol}\r\n\r\n").as_bytes()).await;
    let head = raw.up_to("\r\n\r\n").await.to_lowercase();
    (raw, head)
}

#[tokio::test]
async fn bytes_pass_in_both_directions() {
    let service = Service::start().await;
    let gateway = TestGateway::start(service.address).await;
    for protocol in ["websocket", "something/2"] {
        let (mut raw, head) = open(&gateway, protocol).await;
        assert!(head.starts_with("http/1.1 101"), "{head}");
        assert!(head.contains(&format!("upgrade: {protocol}")), "{head}");
        assert!(head.contains("connection: upgrade"), "{head}");
        for byte in [1, 41, 254] {
            raw.send(&[byte]).await;
            assert_eq!(raw.0.read_u8().await.expect("a byte"), byte + 1);
        }
        raw.0.shutdown().await.expect("ended");
        let (rest, ended) = raw.rest().await;
        ended.expect("the service ends it too");
        assert_eq!(rest, "");
    }
}

#[tokio::test]
async fn a_protocol_that_carries_requests_is_not_switched_to() {
    let service = Service::start().await;
    let gateway = TestGateway::start(service.address).await;
    for protocol in ["h2c", "HTTP/2.0", "TLS/1.3", "websocket, h2c"] {
        let (_, head) = open(&gateway, protocol).await;
        assert!(head.starts_with("http/1.1 426"), "the service is not asked: {protocol}: {head}");
    }
}

#[tokio::test]
async fn a_switch_that_nobody_asked_for_is_an_error() {
    let answer = b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n";
    let script = Script::start(answer, false).await;
    let gateway = TestGateway::start(script.address).await;
    let mut raw = Raw::open(gateway.address).await;
    raw.send(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n").await;
    assert!(raw.up_to("\r\n").await.starts_with("HTTP/1.1 502"));
}

#[tokio::test]
async fn a_tunnel_ends_when_the_gateway_stops() {
    let service = Service::start().await;
    let mut gateway = TestGateway::start(service.address).await;
    let (mut raw, head) = open(&gateway, "websocket").await;
    assert!(head.starts_with("http/1.1 101"), "{head}");
    gateway.stop();
    gateway.ended().await;
    let read = tokio::time::timeout(PATIENCE, raw.0.read_u8()).await.expect("in time");
    assert!(read.is_err(), "closed");
}
