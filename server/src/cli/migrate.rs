//! `trybuy-server migrate`

use anyhow::Result;

use super::arguments::{Database, Role};
use super::open;
use crate::clearinghouse::ClearinghouseConfig;
use crate::config::{Config, DatabaseConfig};
use crate::data_dir::DataDir;
use crate::gateway::GatewayConfig;
use crate::license_server::config::LicenseServerConfig;

/// Brings the database up to this release. All roles have one schema.
pub(super) fn run(data_dir: &DataDir, database: Database, role: Role) -> Result<()> {
    let config = match role {
        Role::Catalog => Config::load(data_dir, database.into())?.database,
        Role::Gateway => GatewayConfig::load(data_dir, database.into())?.database,
        Role::LicenseServer => LicenseServerConfig::load(data_dir, database.into())?.database,
        Role::Clearinghouse => ClearinghouseConfig::load(data_dir, database.into())?.database,
    };
    open::runtime()?.block_on(migrate(&config))
}

/// Makes the database if need be, and brings it up to this release.
pub(super) async fn migrate(config: &DatabaseConfig) -> Result<()> {
    let store = open::connect(config).await?;
    store.migrate().await?;
    store.close().await;
    Ok(())
}
