//! The catalog role.

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::Result;

use super::{Door, ServeOptions, Signals, open};
use crate::app::{App, AppState};
use crate::blobs::Blobs;
use crate::clock::SystemClock;
use crate::config::{Config, Overrides};
use crate::data_dir::DataDir;
use crate::keys::ServerKeys;
use crate::router::router;
use crate::serving;
use crate::vendors::settle_abandoned;
use crate::webhooks::Worker;

pub(super) fn run(data_dir: &DataDir, options: ServeOptions) -> Result<()> {
    let mut overrides: Overrides = options.settings.into();
    overrides.behind_proxy = options.behind_proxy;
    let config = Config::load(data_dir, overrides)?;
    let keys = ServerKeys::load(data_dir)?;
    open::runtime()?.block_on(serve(config, keys, options.listen))
}

async fn serve(config: Config, keys: ServerKeys, listen: SocketAddr) -> Result<()> {
    let signals = Signals::new()?;
    let store = open::store(&config.database).await?;
    let blobs = Blobs::open(&config.blobs)?;
    let door = Door::bind(listen, signals).await?;
    let http = config.http.clone();
    let app = App::new(config, keys, store.clone(), blobs, Arc::new(SystemClock), &door.url);
    if let Err(error) = settle_abandoned(&app).await {
        tracing::warn!(%error, "what was being published when a server ended is looked at next time");
    }
    let app = AppState::from(app);
    let router = router(&app);
    door.announce()?;
    let worker = Worker::start(app)?;
    serving::serve(door.listener, router, &http, door.signals.stop()).await;
    worker.stop().await;
    store.close().await;
    tracing::info!("stopped");
    Ok(())
}
