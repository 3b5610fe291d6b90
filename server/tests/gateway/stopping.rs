//! A gateway that is told to stop.

use std::time::Duration;

use tokio::net::TcpStream;
use trybuy_server::gateway::Limits;

use crate::support::{Connection, Protocol, Service, TestGateway, get, text, until};

#[tokio::test]
async fn running_requests_may_end() {
    let service = Service::start().await;
    for protocol in Protocol::BOTH {
        let mut gateway = TestGateway::start(service.address).await;
        let address = gateway.address;
        let mut connection = Connection::open(address, protocol).await;
        let request =
            tokio::spawn(async move { text(connection.answer(get("/held")).await).await });
        service.state.came.notified().await;
        let _idle = Connection::open(address, protocol).await;
        gateway.stop();
        let refused = || std::net::TcpStream::connect(address).is_err();
        until("no connection is taken any more", refused).await;
        assert!(!request.is_finished());
        service.state.release.notify_one();
        assert_eq!(request.await.expect("joined"), "released");
        gateway.ended().await;
    }
}

#[tokio::test]
async fn requests_without_an_end_are_cut_off() {
    let service = Service::start().await;
    let limits = Limits { shutdown_limit: Duration::from_millis(50), ..Limits::default() };
    let mut gateway = TestGateway::with(service.address, limits).await;
    let mut connection = Connection::open(gateway.address, Protocol::Http1).await;
    let _request = tokio::spawn(async move { connection.send(get("/held")).await.is_ok() });
    service.state.came.notified().await;
    gateway.stop();
    gateway.ended().await;
}

#[tokio::test]
async fn a_handshake_does_not_hold_it_up() {
    let service = Service::start().await;
    let mut gateway = TestGateway::start(service.address).await;
    let _silent = TcpStream::connect(gateway.address).await.expect("connected");
    let mut connection = Connection::open(gateway.address, Protocol::Http1).await;
    assert_eq!(connection.answer(get("/")).await.status(), 200);
    drop(connection);
    let begin = std::time::Instant::now();
    gateway.stop();
    gateway.ended().await;
    assert!(begin.elapsed() < Limits::default().handshake_timeout);
}
