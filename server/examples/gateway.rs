//! A gateway that lets every client with a certificate pass, for `cargo measure gateway`: the proxy by
//! itself, without what a license costs.

use std::io::Write as _;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Result;
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::IntoResponse as _;
use clap::Parser;
use hyper::body::Incoming;
use tokio::net::TcpListener;
use trybuy_server::gateway::tls::ServerCertificate;
use trybuy_server::gateway::{
    Access, Decision, Gateway, Limits, Peer, Sockets, Upstream, serve, tls,
};

/// Where the gateway stands.
#[derive(Parser)]
struct Arguments {
    service: Upstream,
    chain: PathBuf,
    key: PathBuf,
}

struct AnyCertificate;

impl Access for AnyCertificate {
    async fn decide(&self, peer: &Peer, request: Request<Incoming>) -> Decision {
        let Some(certificates) = &peer.certificates else {
            return Decision::Answer(StatusCode::FORBIDDEN.into_response());
        };
        let mut identity = HeaderMap::new();
        identity.insert("trybuy-client", HeaderValue::from(certificates.len()));
        Decision::Pass { request: Box::new(request), identity }
    }
}

#[tokio::main]
async fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let certificate = ServerCertificate::read(&arguments.chain, &arguments.key)?;
    let tls = tls::server_config(Arc::new(certificate), Vec::new());
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    writeln!(std::io::stdout(), "listening on {}", listener.local_addr()?)?;
    let gateway = Gateway::new(arguments.service, AnyCertificate, Limits::default());
    let sockets = Sockets { network: listener, direct: None };
    serve(sockets, tls, gateway, std::future::pending::<std::future::Ready<()>>()).await;
    Ok(())
}
