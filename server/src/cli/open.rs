//! What several commands open.

use anyhow::{Context as _, Result};
use tokio::runtime::Runtime;

use crate::config::Config;
use crate::store::Store;

/// The runtime that a command runs in.
pub(super) fn runtime() -> Result<Runtime> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("the threads cannot be started")
}

/// The database, whatever its schema.
pub(super) async fn connect(config: &Config) -> Result<Store> {
    let url = &config.database.url;
    Store::connect(url).await.with_context(|| format!("the database {url} cannot be used"))
}

/// The database with the schema of this release. The default one, which this process has for itself, is
/// migrated; another one has to have been.
pub(super) async fn store(config: &Config) -> Result<Store> {
    let store = connect(config).await?;
    if config.database.is_default {
        store.migrate().await?;
    } else {
        store.check_schema().await?;
    }
    Ok(store)
}
