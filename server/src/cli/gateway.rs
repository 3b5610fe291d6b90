//! `trybuy-server gateway`

mod arguments;
mod clients;
mod files;
mod init;
mod key;

use anyhow::Result;

use self::arguments::ClientCommand;
pub(super) use self::arguments::GatewayCommand;
pub(super) use self::files::{Files, own_keys};
use crate::data_dir::DataDir;

pub(super) fn run(data_dir: &DataDir, command: GatewayCommand) -> Result<()> {
    match command {
        GatewayCommand::Init(options) => init::run(data_dir, &options),
        GatewayCommand::Key { json } => key::show(data_dir, json),
        GatewayCommand::Client { database, command } => match command {
            ClientCommand::Add { name } => clients::add(data_dir, database, &name),
            ClientCommand::List { json } => clients::list(data_dir, database, json),
            ClientCommand::Remove { name } => clients::remove(data_dir, database, &name),
        },
    }
}
