//! Direct-connect clients: those of this machine, through the local socket.

use std::os::unix::fs::PermissionsExt as _;

use axum::body::Body;
use hyper::client::conn::http1;
use hyper::header::HOST;
use hyper_util::rt::TokioIo;
use tokio::net::UnixStream;
use trybuy_formats::slug::Slug;
use trybuy_server::gateway::access::{DirectUsers, NamedUsers};
use trybuy_server::gateway::{DirectError, DirectSocket, Limits};

use crate::support::company::Settings;
use crate::support::{Company, Service, TestGateway, check, get, text, until};

async fn open(path: &std::path::Path) -> http1::SendRequest<Body> {
    let stream = UnixStream::connect(path).await.expect("connected");
    let (sender, connection) = http1::handshake(TokioIo::new(stream)).await.expect("HTTP/1.1");
    tokio::spawn(connection);
    sender
}

fn request(path: &str) -> hyper::Request<Body> {
    let mut request = get(path);
    request.headers_mut().insert(HOST, "localhost".parse().expect("a host"));
    request
}

#[tokio::test]
async fn a_user_of_this_machine_passes_with_a_license_of_its_own() {
    let company = Company::start().await;
    let mut connection = open(&company.socket()).await;
    for _ in 0..2 {
        let mut request = request("/page");
        request.headers_mut().insert("legacy-client", "token".parse().expect("a value"));
        request.headers_mut().insert("x-forwarded-for", "192.0.2.1".parse().expect("a value"));
        let seen = text(connection.send_request(request).await.expect("an answer")).await;
        assert!(seen.contains("[\"trybuy-license\","), "{seen}");
        assert!(seen.contains("for=_local;host=\\\"localhost\\\";proto=http\""), "{seen}");
        assert!(seen.contains("[\"x-forwarded-proto\",\"http\"]"), "{seen}");
        assert!(!seen.contains("x-forwarded-for") && !seen.contains("token\""), "{seen}");
        connection.ready().await.expect("kept alive");
    }
    assert_eq!(company.license_server.state.asked("gateways/licenses"), 1);
    let clients = company.store.gateway_clients().await.expect("asked");
    let user = rustix::process::getuid().as_raw();
    assert_eq!(clients[0].name.as_str(), format!("user-{user}"));
}

#[tokio::test]
async fn a_user_without_a_license_is_told_why() {
    let company = Company::start().await;
    company.license_server.state.inner().refuses = true;
    let mut connection = open(&company.socket()).await;
    let answer = connection.send_request(request("/page")).await.expect("an answer");
    check(answer, Slug::NoFreeLicense).await;
}

#[tokio::test]
async fn a_user_who_is_not_named_becomes_no_client() {
    let user = rustix::process::getuid().as_raw();
    for (named, passes) in [(user + 1, false), (user, true)] {
        let direct_users = DirectUsers::named(&[NamedUsers::Number(named)]).expect("a number");
        let company = Company::with(Settings { direct_users, ..Settings::default() }).await;
        let mut connection = open(&company.socket()).await;
        let answer = connection.send_request(request("/page")).await.expect("an answer");
        if passes {
            assert_eq!(answer.status(), 200);
        } else {
            check(answer, Slug::LicenseRequired).await;
        }
        let clients = company.store.gateway_clients().await.expect("asked");
        assert_eq!(clients.len(), usize::from(passes));
        assert_eq!(company.license_server.state.asked("gateways/licenses"), clients.len());
    }
}

#[tokio::test]
async fn one_user_cannot_hold_all_connections() {
    let folder = tempfile::tempdir().expect("a directory");
    let path = folder.path().join("direct.sock");
    let service = Service::start().await;
    let limits = Limits { connections_per_client: 1, ..Limits::default() };
    let socket = DirectSocket::bind(&path).expect("a socket");
    let access = crate::support::TestAccess;
    let gateway = TestGateway::of(service.address, access, limits, Some(socket)).await;
    let mut one = open(&path).await;
    let answer = one.send_request(request("/page")).await.expect("an answer");
    assert_eq!(answer.status(), 200);
    let mut two = open(&path).await;
    assert!(two.send_request(request("/page")).await.is_err(), "closed at once");
    drop((answer, one, gateway));
}

#[tokio::test]
async fn running_requests_may_end_and_the_socket_goes() {
    let folder = tempfile::tempdir().expect("a directory");
    let path = folder.path().join("direct.sock");
    let service = Service::start().await;
    let socket = DirectSocket::bind(&path).expect("a socket");
    let access = crate::support::TestAccess;
    let mut gateway =
        TestGateway::of(service.address, access, Limits::default(), Some(socket)).await;
    let mut connection = open(&path).await;
    let running = tokio::spawn(async move {
        text(connection.send_request(request("/held")).await.expect("an answer")).await
    });
    service.state.came.notified().await;
    gateway.stop();
    until("the socket is gone", || !path.exists()).await;
    assert!(!running.is_finished());
    service.state.release.notify_one();
    assert_eq!(running.await.expect("joined"), "released");
    gateway.ended().await;
}

#[tokio::test]
async fn a_socket_is_replaced_when_nobody_answers_it_and_not_otherwise() {
    let folder = tempfile::tempdir().expect("a directory");
    let path = folder.path().join("direct.sock");
    drop(std::os::unix::net::UnixListener::bind(&path).expect("left behind"));
    let socket = DirectSocket::bind(&path).expect("replaced");
    let mode = std::fs::metadata(&path).expect("there").permissions().mode();
    assert_eq!(mode & 0o777, 0o666);
    assert!(matches!(DirectSocket::bind(&path), Err(DirectError::Taken(_))));
    UnixStream::connect(&path).await.expect("still the first one");
    drop(socket);
    assert!(!path.exists());
    std::fs::write(&path, "something else").expect("written");
    assert!(matches!(DirectSocket::bind(&path), Err(DirectError::NoSocket(_))));
    assert_eq!(std::fs::read_to_string(&path).expect("there"), "something else");
}
