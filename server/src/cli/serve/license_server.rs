//! The license server role.

use std::net::SocketAddr;

use anyhow::Result;

use super::{Door, ServeOptions, Signals, open};
use crate::cli::license_server::Place;
use crate::config::RoleOverrides;
use crate::data_dir::DataDir;
use crate::license_server::{LicenseServerState, Worker, router};
use crate::serving;

pub(super) fn run(data_dir: &DataDir, options: ServeOptions) -> Result<()> {
    let mut overrides: RoleOverrides = options.settings.database.into();
    overrides.behind_proxy = options.behind_proxy;
    let place = Place::of(data_dir, overrides)?;
    open::runtime()?.block_on(serve(place, options.listen))
}

async fn serve(place: Place, listen: SocketAddr) -> Result<()> {
    let signals = Signals::new()?;
    let store = open::store(&place.config.database).await?;
    let server = LicenseServerState::from(place.license_server(store.clone())?);
    let door = Door::bind(listen, signals).await?;
    let http = server.config.http.clone();
    let router = router(&server);
    let worker = Worker::start(server).await?;
    door.announce()?;
    serving::serve(door.listener, router, &http, door.signals.stop()).await;
    worker.stop().await;
    store.close().await;
    tracing::info!("stopped");
    Ok(())
}
