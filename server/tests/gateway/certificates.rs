//! The certificates of clients.

use std::sync::Arc;

use rustls::client::ResolvesClientCert;
use rustls::pki_types::CertificateDer;
use rustls::sign::{CertifiedKey, SigningKey};
use rustls::{ClientConfig, SignatureScheme};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::support::{
    Connection, PATIENCE, Pair, Protocol, Service, TestGateway, connect, get, text, tls_settings,
};

/// Shows a certificate without asking whether the key is its own.
#[derive(Debug)]
struct Shows(Arc<CertifiedKey>);

impl ResolvesClientCert for Shows {
    fn resolve(&self, _: &[&[u8]], _: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0))
    }

    fn has_certs(&self) -> bool {
        true
    }
}

fn showing(certificate: CertificateDer<'static>, key: &Pair) -> ClientConfig {
    let mut settings = tls_settings(None);
    let key: Arc<dyn SigningKey> =
        settings.crypto_provider().key_provider.load_private_key(key.key()).expect("a key");
    let shown = CertifiedKey::new(vec![certificate], key);
    settings.client_auth_cert_resolver = Arc::new(Shows(Arc::new(shown)));
    settings
}

/// What the service is told about the client; nothing if there is no connection.
async fn told(gateway: &TestGateway, settings: ClientConfig) -> Option<String> {
    let mut stream = connect(gateway.address, settings).await.ok()?;
    let head = b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    // With TLS 1.3 the client has done its part before the gateway has looked at it.
    stream.write_all(head).await.ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.ok()?;
    let (_, after) = answer.split_once("[\"trybuy-client\",\"")?;
    after.split('"').next().map(str::to_owned)
}

async fn world() -> (Service, TestGateway) {
    let service = Service::start().await;
    let gateway = TestGateway::start(service.address).await;
    (service, gateway)
}

#[tokio::test]
async fn a_client_with_or_without_a_certificate_comes_in() {
    let (_service, gateway) = world().await;
    for (client, shown) in [(None, "0"), (Some(Pair::client()), "1")] {
        let told = told(&gateway, tls_settings(client)).await;
        assert_eq!(told.as_deref(), Some(shown));
    }
}

#[tokio::test]
async fn a_certificate_without_its_key_does_not_come_in() {
    let (_service, gateway) = world().await;
    let own = showing(Pair::client().certificate(), Pair::client());
    assert_eq!(told(&gateway, own).await.as_deref(), Some("1"));
    let stolen = showing(Pair::client().certificate(), Pair::other_client());
    assert_eq!(told(&gateway, stolen).await, None);
}

#[tokio::test]
async fn what_is_no_certificate_does_not_come_in() {
    let (_service, gateway) = world().await;
    let mut cut = Pair::client().certificate().to_vec();
    cut.truncate(cut.len() / 2);
    for garbage in [b"garbage".to_vec(), Vec::new(), cut, vec![0x30; 20_000]] {
        let settings = showing(CertificateDer::from(garbage), Pair::client());
        assert_eq!(told(&gateway, settings).await, None);
    }
    assert!(told(&gateway, tls_settings(None)).await.is_some(), "others still come in");
}

#[tokio::test]
async fn a_resumed_session_still_has_its_certificate() {
    let (_service, gateway) = world().await;
    for version in [&rustls::version::TLS13, &rustls::version::TLS12] {
        let mut settings = ClientConfig::builder_with_protocol_versions(&[version])
            .with_root_certificates(roots())
            .with_client_auth_cert(vec![Pair::client().certificate()], Pair::client().key())
            .expect("a certificate and its key");
        settings.resumption = rustls::client::Resumption::in_memory_sessions(4);
        let mut kinds = Vec::new();
        for _ in 0..2 {
            let mut stream = connect(gateway.address, settings.clone()).await.expect("TLS");
            let head = b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
            stream.write_all(head).await.expect("sent");
            let mut answer = String::new();
            stream.read_to_string(&mut answer).await.expect("an answer");
            assert!(answer.contains("[\"trybuy-client\",\"1\"]"), "{answer}");
            kinds.push(stream.get_ref().1.handshake_kind());
        }
        let expected = [rustls::HandshakeKind::Full, rustls::HandshakeKind::Resumed];
        assert_eq!(kinds, expected.map(Some), "{version:?}");
    }
}

fn roots() -> rustls::RootCertStore {
    let mut roots = rustls::RootCertStore::empty();
    roots.add(Pair::gateway().certificate()).expect("a root");
    roots
}

#[tokio::test]
async fn curl_reaches_the_service_with_a_certificate() {
    let (_service, gateway) = world().await;
    let folder = tempfile::tempdir().expect("a directory");
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).expect("written");
        path
    };
    let (root, client) = (Pair::gateway(), Pair::client());
    let mut command = std::process::Command::new("curl");
    command.args(["--silent", "--show-error", "--cacert"]);
    command.arg(file("root.pem", &root.certificate));
    command.arg("--cert").arg(file("client.pem", &client.certificate));
    command.arg("--key").arg(file("client.key", &client.key));
    let address = format!("https://localhost:{}/page", gateway.address.port());
    let output = tokio::task::spawn_blocking(move || command.arg(address).output());
    let output = output.await.expect("joined").expect("curl runs");
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(text.contains("[\"trybuy-client\",\"1\"]"), "{text} {:?}", output.stderr);
}

#[tokio::test]
async fn both_protocols_know_the_client() {
    let (_service, gateway) = world().await;
    for protocol in Protocol::BOTH {
        let mut connection = Connection::open(gateway.address, protocol).await;
        for _ in 0..2 {
            let answer = text(connection.answer(get("/")).await).await;
            assert!(answer.contains("[\"trybuy-client\",\"1\"]"), "{protocol:?}: {answer}");
        }
    }
}

/// The certificate that the gateway shows.
async fn shown(gateway: &TestGateway, renewed: &Pair) -> CertificateDer<'static> {
    let mut roots = roots();
    roots.add(renewed.certificate()).expect("a root");
    let settings = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
    let stream = connect(gateway.address, settings).await.expect("TLS");
    stream.get_ref().1.peer_certificates().expect("certificates")[0].clone().into_owned()
}

#[tokio::test]
async fn the_gateways_certificate_is_renewed_while_it_runs() {
    let (_service, gateway) = world().await;
    let (old, new) = (Pair::gateway(), Pair::renewed());
    assert_eq!(shown(&gateway, &new).await, old.certificate());
    let mut connection = Connection::open(gateway.address, Protocol::Http1).await;
    // A certificate without its key changes nothing.
    gateway.renew(&new.certificate, &old.key);
    assert_eq!(shown(&gateway, &new).await, old.certificate());
    gateway.renew(&new.certificate, &new.key);
    let renewed = async { while shown(&gateway, &new).await != new.certificate() {} };
    tokio::time::timeout(PATIENCE, renewed).await.expect("renewed");
    assert_eq!(connection.answer(get("/")).await.status(), 200, "what was open stays open");
}
