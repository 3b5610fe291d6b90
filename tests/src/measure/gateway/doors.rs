//! The two proxies.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result, ensure};

use super::certificates::Certificates;
use crate::binaries::repository;
use crate::nginx::{self, free_port};
use crate::running::Running;

/// The gateway as an example of the server starts it: the proxy, with no license to check.
pub(super) struct Gateway {
    pub(super) address: SocketAddr,
    _process: Running,
}

impl Gateway {
    pub(super) fn start(service: SocketAddr, certificates: &Certificates) -> Result<Self> {
        let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        cargo.current_dir(repository()).args(["build", "--release", "--quiet"]);
        let built = cargo.args(["--package", "trybuy-server", "--example", "gateway"]).status()?;
        ensure!(built.success(), "cargo could not build the gateway");
        let target = std::env::var_os("CARGO_TARGET_DIR").unwrap_or_else(|| "target".into());
        let program = repository().join(target).join("release/examples/gateway");
        let mut command = Command::new(program);
        command.arg(format!("http://{service}"));
        command.arg(certificates.path("localhost.pem")).arg(certificates.path("localhost.key"));
        let mut process = Running::start(&mut command)?;
        let line = process.first_line()?;
        let address = line.strip_prefix("listening on ").context("not the address line")?;
        Ok(Self { address: address.parse()?, _process: process })
    }
}

/// A real nginx that does the same.
pub(super) struct Nginx {
    pub(super) address: SocketAddr,
    _process: nginx::Nginx,
}

impl Nginx {
    pub(super) fn start(
        folder: &Path,
        service: SocketAddr,
        certificates: &Certificates,
    ) -> Result<Self> {
        let port = free_port()?;
        let path = |name| certificates.path(name).display().to_string();
        let (chain, key, client) =
            (path("localhost.pem"), path("localhost.key"), path("client.pem"));
        let server = format!(
            "upstream service {{ server {service}; keepalive 64; keepalive_requests 1000000; }}\n\
             server {{ listen 127.0.0.1:{port} ssl; keepalive_requests 1000000;\n\
             ssl_certificate {chain}; ssl_certificate_key {key}; ssl_protocols TLSv1.2 TLSv1.3;\n\
             ssl_client_certificate {client}; ssl_verify_client on;\n\
             client_max_body_size 0; proxy_request_buffering off; {BUFFERS}\n\
             location / {{ proxy_pass http://service; proxy_http_version 1.1;\n\
             proxy_set_header Connection \"\"; proxy_set_header Host $host;\n\
             proxy_set_header X-Forwarded-For $remote_addr;\n\
             proxy_set_header Client $ssl_client_fingerprint; }} }}"
        );
        let process = nginx::Nginx::start(&folder.join("nginx"), port, &server)?;
        Ok(Self { address: ([127, 0, 0, 1], port).into(), _process: process })
    }
}

/// No files, which nginx would write large answers to, and more room than it takes by default.
const BUFFERS: &str = "proxy_buffering on; proxy_max_temp_file_size 0; proxy_buffer_size 64k; proxy_buffers 16 64k; \
     proxy_busy_buffers_size 512k; client_body_buffer_size 256k;";
