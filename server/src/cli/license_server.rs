//! `trybuy-server license-server`: on the data directory itself, whether a server runs or not.

mod audit;
mod certificate;
mod gateway;
mod image;
mod init;
mod licenses;
mod order;
mod pack;
mod product;
mod readmit;
mod records;
mod revoke;
mod shown_order;

use std::sync::Arc;

use anyhow::Result;
use trybuy_formats::instant::Instant;
use trybuy_formats::keys::LicenseServerSecret;
use trybuy_formats::terminal_text;

use super::arguments::Database;
use super::arguments::license_server::LicenseServerCommand;
use super::failure::{self, Failure};
use super::open;
use crate::clock::{Clock as _, SystemClock};
use crate::config::RoleOverrides;
use crate::data_dir::DataDir;
use crate::license_server::config::LicenseServerConfig;
use crate::license_server::keys::{
    LicenseServerCertificates, LicenseServerFiles, LicenseServerKeys,
};
use crate::license_server::mark::MarkFile;
use crate::license_server::{LicenseServer, LicenseServerParts};
use crate::refusal::Refusal;
use crate::store::Store;

pub(super) fn run(
    data_dir: &DataDir,
    database: Database,
    command: LicenseServerCommand,
) -> Result<()> {
    if let LicenseServerCommand::Init { id, name, clearinghouse } = command {
        return init::run(data_dir, database, (&id, name), clearinghouse);
    }
    let place = Place::of(data_dir, database.into())?;
    match command {
        LicenseServerCommand::Init { .. } => Ok(()),
        LicenseServerCommand::Certificate(command) => certificate::run(&place, command),
        LicenseServerCommand::Product(command) => product::run(&place, &command),
        LicenseServerCommand::Order(command) => order::run(&place, command),
        LicenseServerCommand::Pack(command) => pack::run(&place, command),
        LicenseServerCommand::Licenses(command) => licenses::run(&place, command),
        LicenseServerCommand::Revoke(revoke) => revoke::run(&place, revoke),
        LicenseServerCommand::Readmit { client, product, reason } => {
            readmit::run(&place, client, product, reason)
        }
        LicenseServerCommand::Image(command) => image::run(&place, command),
        LicenseServerCommand::Gateway(command) => gateway::run(&place, command),
        LicenseServerCommand::Records(command) => records::run(&place, command),
        LicenseServerCommand::Audit(command) => audit::run(&place, &command),
        LicenseServerCommand::Restored(command) => audit::accept(&place, &command),
    }
}

/// Where a license server is.
pub(super) struct Place {
    files: LicenseServerFiles,
    pub(super) config: LicenseServerConfig,
}

impl Place {
    pub(super) fn of(data_dir: &DataDir, overrides: RoleOverrides) -> Result<Self> {
        let config = LicenseServerConfig::load(data_dir, overrides)?;
        Ok(Self { files: LicenseServerFiles::of(data_dir), config })
    }

    fn keys(&self) -> Result<LicenseServerKeys> {
        LicenseServerKeys::load(&self.files).map_err(refused)
    }

    /// The license server with its keys, its certificates and a store.
    pub(super) fn license_server(&self, store: Store) -> Result<LicenseServer> {
        let LicenseServerKeys { issuer, secret, .. } = self.keys()?;
        let parts = LicenseServerParts {
            config: self.config.clone(),
            files: self.files.clone(),
            secret,
            certificates: LicenseServerCertificates::load(&self.files, issuer).map_err(refused)?,
            store,
            clock: Arc::new(SystemClock),
        };
        Ok(parts.into())
    }

    /// Does something with the store.
    fn with_store<T>(&self, work: impl AsyncFnOnce(&Store) -> Result<T>) -> Result<T> {
        open::runtime()?.block_on(async {
            let store = open::store(&self.config.database).await?;
            let outcome = work(&store).await;
            store.close().await;
            outcome
        })
    }

    /// Keeps beside the database how far the records go now, or finds that the store is a restored one. Where that
    /// fails, what was done before it is done, and is to be told with [`told`].
    async fn raise_mark(&self, store: &Store, secret: &LicenseServerSecret) -> Result<()> {
        Ok(self.mark().look_back(store, secret, now()).await.map(drop)?)
    }

    fn mark(&self) -> MarkFile {
        MarkFile::new(self.files.mark())
    }
}

/// What came of a command that has told it, and then of the mark. Where both failed, both are told.
fn told(outcome: Result<()>, marked: Result<()>) -> Result<()> {
    if outcome.is_err()
        && let Err(error) = &marked
    {
        failure::report(error);
    }
    outcome.and(marked)
}

/// What a service refused.
fn refused(refusal: impl Refusal) -> anyhow::Error {
    Failure::of(&refusal).into()
}

fn now() -> Instant {
    SystemClock.now()
}

/// One value in JSON, and a line end.
fn json_line(value: &impl serde::Serialize) -> Result<String> {
    Ok(terminal_text::json(&serde_json::to_string(value)?) + "\n")
}
