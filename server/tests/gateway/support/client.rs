//! Clients: hyper's for whole requests, bare TLS for what is no request.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::body::Body;
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use hyper::client::conn::{http1, http2};
use hyper::header::HOST;
use hyper::{Request, Response, Version};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::Pair;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Protocol {
    Http1,
    Http2,
}

impl Protocol {
    pub(crate) const BOTH: [Self; 2] = [Self::Http1, Self::Http2];

    fn name(self) -> &'static [u8] {
        match self {
            Self::Http1 => b"http/1.1",
            Self::Http2 => b"h2",
        }
    }
}

/// TLS as a client with this certificate makes it.
pub(crate) fn tls_settings(client: Option<&Pair>) -> ClientConfig {
    let mut roots = RootCertStore::empty();
    roots.add(Pair::gateway().certificate()).expect("a root");
    let builder = ClientConfig::builder().with_root_certificates(roots);
    match client {
        Some(pair) => builder
            .with_client_auth_cert(pair.chain(), pair.key())
            .expect("a certificate and its key"),
        None => builder.with_no_client_auth(),
    }
}

pub(crate) async fn connect(
    address: SocketAddr,
    settings: ClientConfig,
) -> std::io::Result<TlsStream<TcpStream>> {
    let stream = TcpStream::connect(address).await?;
    let name = ServerName::try_from("localhost").expect("a name");
    TlsConnector::from(Arc::new(settings)).connect(name, stream).await
}

/// One connection that requests are sent over.
pub(crate) enum Connection {
    Http1(http1::SendRequest<Body>),
    Http2(http2::SendRequest<Body>),
}

impl Connection {
    pub(crate) async fn open(address: SocketAddr, protocol: Protocol) -> Self {
        Self::open_as(address, protocol, Some(Pair::client())).await
    }

    pub(crate) async fn open_as(
        address: SocketAddr,
        protocol: Protocol,
        client: Option<&Pair>,
    ) -> Self {
        let mut settings = tls_settings(client);
        settings.alpn_protocols = vec![protocol.name().to_vec()];
        let stream = connect(address, settings).await.expect("TLS");
        assert_eq!(stream.get_ref().1.alpn_protocol(), Some(protocol.name()));
        let io = TokioIo::new(stream);
        match protocol {
            Protocol::Http1 => {
                let (sender, connection) = http1::handshake(io).await.expect("HTTP/1.1");
                tokio::spawn(connection.with_upgrades());
                Self::Http1(sender)
            }
            Protocol::Http2 => {
                let made = http2::handshake(TokioExecutor::new(), io).await;
                let (sender, connection) = made.expect("HTTP/2");
                tokio::spawn(connection);
                Self::Http2(sender)
            }
        }
    }

    /// Sends a request, whose target is a path, in the form of the protocol.
    pub(crate) async fn send(
        &mut self,
        request: Request<Body>,
    ) -> hyper::Result<Response<Incoming>> {
        match self {
            Self::Http1(sender) => {
                let mut request = request;
                request.headers_mut().insert(HOST, "localhost".parse().expect("a host"));
                sender.ready().await?;
                sender.send_request(request).await
            }
            Self::Http2(sender) => {
                let (mut parts, body) = request.into_parts();
                let target = format!("https://localhost{}", parts.uri);
                parts.uri = target.parse().expect("an address");
                parts.version = Version::HTTP_2;
                sender.send_request(Request::from_parts(parts, body)).await
            }
        }
    }

    /// Whether the gateway has closed it.
    pub(crate) fn is_closed(&self) -> bool {
        match self {
            Self::Http1(sender) => sender.is_closed(),
            Self::Http2(sender) => sender.is_closed(),
        }
    }

    /// The answer to a request that works.
    pub(crate) async fn answer(&mut self, request: Request<Body>) -> Response<Incoming> {
        let answer = tokio::time::timeout(super::PATIENCE, self.send(request)).await;
        answer.expect("in time").expect("an answer")
    }
}

/// A request without a body.
pub(crate) fn get(path: &str) -> Request<Body> {
    Request::get(path).body(Body::empty()).expect("a request")
}

/// An answer's body.
pub(crate) async fn text(answer: Response<Incoming>) -> String {
    let bytes = answer.into_body().collect().await.expect("a whole body").to_bytes();
    String::from_utf8(bytes.to_vec()).expect("text")
}

/// A connection over which anything can be sent.
pub(crate) struct Raw(pub(crate) TlsStream<TcpStream>);

impl Raw {
    pub(crate) async fn open(address: SocketAddr) -> Self {
        Self(connect(address, tls_settings(None)).await.expect("TLS"))
    }

    pub(crate) async fn send(&mut self, bytes: &[u8]) {
        self.0.write_all(bytes).await.expect("sent");
        self.0.flush().await.expect("sent");
    }

    /// All that comes until the end, and how it ended.
    pub(crate) async fn rest(mut self) -> (String, std::io::Result<()>) {
        let mut bytes = Vec::new();
        let read = self.0.read_to_end(&mut bytes);
        let ended = tokio::time::timeout(super::PATIENCE, read).await.expect("an end");
        (String::from_utf8_lossy(&bytes).into_owned(), ended.map(drop))
    }

    /// What comes up to this text.
    pub(crate) async fn up_to(&mut self, end: &str) -> String {
        let mut text = String::new();
        while !text.ends_with(end) {
            let byte = tokio::time::timeout(super::PATIENCE, self.0.read_u8()).await;
            text.push(char::from(byte.expect("in time").unwrap_or_else(|_| panic_with(&text))));
        }
        text
    }
}

/// Says what came instead.
fn panic_with(text: &str) -> u8 {
    assert_eq!(text, "more", "the connection ended");
    0
}
