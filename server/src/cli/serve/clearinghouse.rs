//! The clearinghouse role.

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::Result;

use super::{Door, ServeOptions, Signals, open};
use crate::clearinghouse::identity::Identity;
use crate::clearinghouse::{
    Clearinghouse, ClearinghouseConfig, ClearinghouseState, ROLE, api::router,
};
use crate::clock::{Clock as _, SystemClock};
use crate::config::RoleOverrides;
use crate::data_dir::DataDir;
use crate::serving;

pub(super) fn run(data_dir: &DataDir, options: ServeOptions) -> Result<()> {
    let mut overrides: RoleOverrides = options.settings.database.into();
    overrides.behind_proxy = options.behind_proxy;
    let config = ClearinghouseConfig::load(data_dir, overrides)?;
    let identity = Identity::load(&data_dir.role(ROLE), config.id.clone(), SystemClock.now())?;
    open::runtime()?.block_on(serve(config, identity, options.listen))
}

async fn serve(config: ClearinghouseConfig, identity: Identity, listen: SocketAddr) -> Result<()> {
    let signals = Signals::new()?;
    let store = open::store(&config.database).await?;
    let door = Door::bind(listen, signals).await?;
    let http = config.http.clone();
    let clearinghouse = Clearinghouse::new(config, identity, store.clone(), Arc::new(SystemClock));
    let router = router(&ClearinghouseState::from(clearinghouse));
    door.announce()?;
    serving::serve(door.listener, router, &http, door.signals.stop()).await;
    store.close().await;
    tracing::info!("stopped");
    Ok(())
}
