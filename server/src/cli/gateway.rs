//! `trybuy-server gateway`

mod clients;
mod files;
mod init;
mod key;
mod listed_client;

use anyhow::Result;

pub(super) use self::files::{Files, own_keys};
use super::arguments::{ClientCommand, Database, GatewayCommand};
use crate::data_dir::DataDir;

pub(super) fn run(data_dir: &DataDir, database: Database, command: GatewayCommand) -> Result<()> {
    match command {
        GatewayCommand::Init(options) => init::run(data_dir, database, &options),
        GatewayCommand::Key { json } => key::show(data_dir, json),
        GatewayCommand::Client(command) => match command {
            ClientCommand::Add { name } => clients::add(data_dir, database, &name),
            ClientCommand::List { json } => clients::list(data_dir, database, json),
            ClientCommand::Remove { name } => clients::remove(data_dir, database, &name),
        },
    }
}
