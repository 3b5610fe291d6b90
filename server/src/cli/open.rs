//! What several commands open.

use anyhow::{Context as _, Result};
use tokio::runtime::Runtime;
use trybuy_formats::slug::Slug;

use super::failure::Failure;
use crate::config::DatabaseConfig;
use crate::store::Store;

/// The runtime that a command runs in.
pub(super) fn runtime() -> Result<Runtime> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("the threads cannot be started")
}

/// The database, whatever its schema.
pub(super) async fn connect(config: &DatabaseConfig) -> Result<Store> {
    let url = &config.url;
    Store::connect(url).await.with_context(|| format!("the database {url} cannot be used"))
}

/// The database with the schema of this release. The default one, which this process has for itself, is
/// migrated; another one has to have been. A missing file is not made anew: `init` has made one, and
/// an empty one in its place would look as if all trials and releases were gone.
pub(super) async fn store(config: &DatabaseConfig) -> Result<Store> {
    let url = &config.url;
    if url.is_missing_file() {
        let what = format!("there is no database at {url}");
        return Err(Failure::new(Slug::LocalFile, what)
            .help(
                "if the server uses another one, name it with `--database-url` or in the configuration file; \
                 restore it from a backup; or make an empty one with `trybuy-server migrate`",
            )
            .into());
    }
    let store = connect(config).await?;
    if config.is_default {
        store.migrate().await?;
    } else {
        store.check_schema().await?;
    }
    Ok(store)
}
