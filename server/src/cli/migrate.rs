//! `trybuy-server migrate`

use anyhow::Result;

use super::arguments::Database;
use super::open;
use crate::config::Config;
use crate::data_dir::DataDir;

/// Brings the database up to this release.
pub(super) fn run(data_dir: &DataDir, database: Database) -> Result<()> {
    let config = Config::load(data_dir, database.into())?;
    open::runtime()?.block_on(async {
        let store = open::connect(&config.database).await?;
        store.migrate().await?;
        store.close().await;
        Ok(())
    })
}
