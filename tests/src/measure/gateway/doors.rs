//! The two proxies, and the license that a client shows to both.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

use super::client::GATEWAY;
use crate::binaries::{Binaries, Profile};
use crate::company::gateway::{Gateway, GatewayOptions};
use crate::company::{Company, Order, PRODUCT, text};
use crate::nginx::{Nginx, free_port};

/// A gateway as users run it and nginx, in front of one service. Both know the company's authority.
pub(super) struct Doors {
    pub(super) nginx: SocketAddr,
    pub(super) gateway: SocketAddr,
    /// Where the license is that the license server granted, as `trybuy license export` writes it, and
    /// the certificate that both proxies show.
    pub(super) client: PathBuf,
    _processes: (Gateway, Nginx, Company),
}

impl Doors {
    pub(super) fn open(service: SocketAddr) -> Result<Self> {
        let company = Company::start(&Binaries::build(Profile::of_this_program())?)?;
        company.stock(&Order::of("1.0.0", 1))?;
        let service_url = format!("http://{service}");
        let options = GatewayOptions { name: "gateway", service: &service_url, version: "1.0.0" };
        let gateway = company.gateway(&options)?;
        let client = license(&company, &gateway)?;
        let port = free_port()?;
        let server = configuration(&company, &gateway, service, port);
        let nginx = Nginx::start(&company.path("nginx"), port, &server)?;
        let address = gateway.url().strip_prefix("https://").context("an address of TLS")?;
        Ok(Self {
            nginx: ([127, 0, 0, 1], port).into(),
            gateway: address.parse()?,
            client,
            _processes: (gateway, nginx, company),
        })
    }

    /// Both, the peer first.
    pub(super) fn both(&self) -> [SocketAddr; 2] {
        [self.nginx, self.gateway]
    }
}

/// A client gets a license at the gateway and exports it.
fn license(company: &Company, gateway: &Gateway) -> Result<PathBuf> {
    let client = company.client("client");
    gateway.request_license(&client)?.success()?;
    let folder = company.path("exported");
    client.run(["license", "export", PRODUCT, "--out", text(&folder)?])?.success()?;
    std::fs::copy(gateway.certificate(), folder.join(GATEWAY))?;
    Ok(folder)
}

/// nginx as it does the same: it verifies the license's certificates up to the authority.
fn configuration(company: &Company, gateway: &Gateway, service: SocketAddr, port: u16) -> String {
    let path = |path: &Path| path.display().to_string();
    let certificate = gateway.certificate();
    let (chain, key) = (path(&certificate), path(&certificate.with_extension("key")));
    let authority = path(&company.authority());
    format!(
        "upstream service {{ server {service}; keepalive 64; keepalive_requests 1000000; }}\n\
         server {{ listen 127.0.0.1:{port} ssl; keepalive_requests 1000000;\n\
         ssl_certificate {chain}; ssl_certificate_key {key}; ssl_protocols TLSv1.2 TLSv1.3;\n\
         ssl_client_certificate {authority}; ssl_verify_client on; ssl_verify_depth 2;\n\
         client_max_body_size 0; proxy_request_buffering off; {BUFFERS}\n\
         location / {{ proxy_pass http://service; proxy_http_version 1.1;\n\
         proxy_set_header Connection \"\"; proxy_set_header Host $host;\n\
         proxy_set_header X-Forwarded-For $remote_addr;\n\
         proxy_set_header Client $ssl_client_fingerprint; }} }}"
    )
}

/// No files, which nginx would write large answers to, and more room than it takes by default.
const BUFFERS: &str = "proxy_buffering on; proxy_max_temp_file_size 0; proxy_buffer_size 64k; proxy_buffers 16 64k; \
     proxy_busy_buffers_size 512k; client_body_buffer_size 256k;";
