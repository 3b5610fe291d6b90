//! `trybuy-server serve`

use std::io::Write as _;
use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::{Context as _, Result};
use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};
use trybuy_formats::slug::Slug;

use super::arguments::{Role, ServeOptions};
use super::failure::Failure;
use super::{logging, open};
use crate::app::{App, AppState};
use crate::blobs::Blobs;
use crate::clock::SystemClock;
use crate::config::Config;
use crate::data_dir::DataDir;
use crate::keys::ServerKeys;
use crate::router::router;
use crate::serving;
use crate::vendors::settle_abandoned;
use crate::webhooks::Worker;

/// Answers requests until SIGTERM or SIGINT.
pub(super) fn run(data_dir: &DataDir, options: ServeOptions) -> Result<()> {
    logging::start(options.log_format, &options.log)?;
    let mut overrides: crate::config::Overrides = options.settings.into();
    overrides.behind_proxy = options.behind_proxy;
    let config = Config::load(data_dir, overrides)?;
    let keys = ServerKeys::load(data_dir)?;
    open::runtime()?.block_on(serve(config, keys, options.role, options.listen))
}

async fn serve(config: Config, keys: ServerKeys, role: Role, listen: SocketAddr) -> Result<()> {
    let signals = Signals::new()?;
    let store = open::store(&config).await?;
    let blobs = Blobs::open(&config.blobs)?;
    let listener = TcpListener::bind(listen).await.map_err(|error| {
        Failure::new(Slug::LocalFile, format!("cannot listen on {listen}: {error}"))
            .help("name another address with `--listen`; port 0 takes a free one")
    })?;
    let url = format!("http://{}", listener.local_addr()?);
    let http = config.http.clone();
    let app = App::new(config, keys, store.clone(), blobs, Arc::new(SystemClock), &url);
    if let Err(error) = settle_abandoned(&app).await {
        tracing::warn!(%error, "what was being published when a server ended is looked at next time");
    }
    let app = AppState::from(app);
    let router = match role {
        Role::Catalog => router(&app),
    };
    // The socket takes connections from here on. A reader that goes away after this line is no fault.
    writeln!(std::io::stdout(), "listening on {url}")
        .context("standard output cannot be written")?;
    tracing::info!(url, version = env!("CARGO_PKG_VERSION"), "listening");
    let worker = Worker::start(app)?;
    serving::serve(listener, router, &http, signals.stop()).await;
    worker.stop().await;
    store.close().await;
    tracing::info!("stopped");
    Ok(())
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
