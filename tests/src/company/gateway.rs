//! A gateway process in front of a service.

use std::path::PathBuf;

use anyhow::Result;
use trybuy_formats::licensing::records::RecordsMark;

use super::{Company, PRODUCT, records, replace_lines, text};
use crate::builder::Builder;
use crate::command::Outcome;
use crate::server::{Server, ServerSetup};

/// What a gateway stands in front of.
pub struct GatewayOptions<'a> {
    /// What it is called.
    pub name: &'a str,
    /// The address of the service.
    pub service: &'a str,
    /// The version that it needs a license of.
    pub version: &'a str,
}

/// A running gateway.
pub struct Gateway {
    /// How it was started.
    pub setup: ServerSetup,
    /// The process.
    pub server: Server,
    data_dir: PathBuf,
}

impl Gateway {
    /// Makes and starts a gateway that asks its license server for news every second.
    pub(super) fn start(
        company: &Company,
        license_server: &str,
        options: &GatewayOptions<'_>,
    ) -> Result<Self> {
        let data_dir = company.path(options.name);
        let setup = ServerSetup::existing(&company.binaries, &data_dir, &[]).in_role("gateway");
        let setup = match &company.clock {
            Some((library, file)) => setup.by_clock(library, file),
            None => setup,
        };
        let authority = company.authority();
        let init = ["gateway", "init", "--service", options.service, "--product", PRODUCT];
        let needs = ["--product-version", options.version, "--license-server", license_server];
        let trust = ["--authority", text(&authority)?, "--self-signed", "127.0.0.1"];
        setup.run([init.as_slice(), &needs, &trust].concat())?.success()?;
        let lines = [
            ("#: refresh = \"15s\"", "refresh = \"1s\""),
            ("# socket = \"direct.sock\"", "socket = \"direct.sock\""),
        ];
        replace_lines(&data_dir.join("gateway/gateway.toml"), lines)?;
        let key = setup.run(["gateway", "key"])?.success()?;
        let key = ["gateway", "add", options.name, "--key-hex", key.stdout.trim()];
        company.licenses(&key)?;
        let server = setup.serve()?;
        Ok(Self { setup, server, data_dir })
    }

    /// Its address, `https://HOST:PORT`.
    pub fn url(&self) -> &str {
        self.server.url()
    }

    /// Starts it again, where it was, after it was ended.
    ///
    /// # Errors
    /// When it does not start.
    pub fn restart(&mut self) -> Result<()> {
        self.server = self.setup.serve_again(&self.server)?;
        Ok(())
    }

    /// Its TLS certificate.
    pub fn certificate(&self) -> PathBuf {
        self.data_dir.join("gateway/tls.pem")
    }

    /// The socket of direct-connect clients.
    pub fn socket(&self) -> PathBuf {
        self.data_dir.join("gateway/direct.sock")
    }

    /// How far the records of its license server go, as it last kept it.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn records(&self) -> Result<Option<RecordsMark>> {
        match std::fs::read_to_string(self.data_dir.join("gateway/records")) {
            Ok(text) => records::said(&text).map(Some),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// A client asks for a license.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn request_license(&self, client: &Builder) -> Result<Outcome> {
        let certificate = self.certificate();
        client.run(["license", "request", self.url(), "--ca", text(&certificate)?])
    }
}
