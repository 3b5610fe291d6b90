//! `trybuy-server clearinghouse`: on the data directory itself, whether a server runs or not.

mod certificate;
mod fee;
mod init;
mod order;
mod pack;
mod product;

use anyhow::Result;

use super::arguments::{ClearinghouseCommand, Database};
use super::failure::Failure;
use super::open;
use crate::clearinghouse::{ClearinghouseConfig, ROLE};
use crate::clock::{Clock as _, SystemClock};
use crate::data_dir::{DataDir, RoleDir};
use crate::refusal::Refusal;
use crate::store::Store;

pub(super) fn run(
    data_dir: &DataDir,
    database: Database,
    command: ClearinghouseCommand,
) -> Result<()> {
    match command {
        ClearinghouseCommand::Init { id, name } => init::run(data_dir, database, &id, name),
        ClearinghouseCommand::Certificate(command) => {
            certificate::run(&Place::of(data_dir, database)?, command)
        }
        ClearinghouseCommand::Product(command) => {
            product::run(&Place::of(data_dir, database)?, command)
        }
        ClearinghouseCommand::Order(command) => {
            order::run(&Place::of(data_dir, database)?, command)
        }
        ClearinghouseCommand::Fee(command) => fee::run(&Place::of(data_dir, database)?, command),
        ClearinghouseCommand::Pack(command) => pack::run(&Place::of(data_dir, database)?, command),
    }
}

/// Where a clearinghouse is.
struct Place {
    directory: RoleDir,
    config: ClearinghouseConfig,
}

impl Place {
    fn of(data_dir: &DataDir, database: Database) -> Result<Self> {
        let config = ClearinghouseConfig::load(data_dir, database.into())?;
        Ok(Self { directory: data_dir.role(ROLE), config })
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
}

/// What a service refused.
fn refused(refusal: impl Refusal) -> anyhow::Error {
    Failure::of(&refusal).into()
}

fn now() -> trybuy_formats::instant::Instant {
    SystemClock.now()
}
