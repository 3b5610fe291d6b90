//! `trybuy-server serve`

mod catalog;
mod clearinghouse;
mod gateway;
mod license_server;

use std::io::Write as _;
use std::net::SocketAddr;

use anyhow::{Context as _, Result};
use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};
use trybuy_formats::slug::Slug;

use super::arguments::{Role, ServeOptions};
use super::failure::Failure;
use super::{logging, open};
use crate::data_dir::DataDir;

/// Answers requests in a role until SIGTERM or SIGINT.
pub(super) fn run(data_dir: &DataDir, options: ServeOptions) -> Result<()> {
    logging::start(options.log_format, &options.log)?;
    match options.role {
        Role::Catalog => catalog::run(data_dir, options),
        Role::Clearinghouse => clearinghouse::run(data_dir, options),
        Role::LicenseServer => license_server::run(data_dir, options),
        Role::Gateway => gateway::run(data_dir, options),
    }
}

/// Where a role listens, bound before it answers.
struct Door {
    listener: TcpListener,
    url: String,
    signals: Signals,
}

impl Door {
    /// Binds the address. Signals have to be caught before, from the beginning on.
    async fn bind(listen: SocketAddr, signals: Signals) -> Result<Self> {
        let listener = TcpListener::bind(listen).await.map_err(|error| {
            Failure::new(Slug::LocalFile, format!("cannot listen on {listen}: {error}"))
                .help("name another address with `--listen`; port 0 takes a free one")
        })?;
        let url = format!("http://{}", listener.local_addr()?);
        Ok(Self { listener, url, signals })
    }

    /// The same, where what listens speaks TLS.
    fn encrypted(mut self) -> Self {
        self.url = self.url.replacen("http://", "https://", 1);
        self
    }

    /// Says that it answers: the socket takes connections from here on. A reader that goes away after
    /// this line is no fault.
    fn announce(&self) -> Result<()> {
        let url = &self.url;
        writeln!(std::io::stdout(), "listening on {url}")
            .context("standard output cannot be written")?;
        tracing::info!(url, version = env!("CARGO_PKG_VERSION"), "listening");
        Ok(())
    }
}

/// The signals to stop, caught from the beginning on.
struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    fn new() -> Result<Self> {
        let caught = |kind| signal(kind).context("signals cannot be caught");
        Ok(Self {
            terminate: caught(SignalKind::terminate())?,
            interrupt: caught(SignalKind::interrupt())?,
        })
    }

    /// Ready at the first signal; what it answers is ready at the second.
    async fn stop(mut self) -> impl Future<Output = ()> {
        self.next().await;
        async move { self.next().await }
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}
