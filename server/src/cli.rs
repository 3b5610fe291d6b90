//! The command line of `trybuy-server`, for operators.
//!
//! Errors: commands return `anyhow` errors. What the operator can mend is a `Failure` with a slug and a
//! way out; anything else is reported as `server-error` with its causes.

mod arguments;
mod authority;
mod clearinghouse;
mod client_image;
mod completions;
mod failure;
mod files;
mod gateway;
mod init;
mod license_server;
mod locale;
mod logging;
mod migrate;
mod open;
mod output;
mod person;
mod serve;
mod token;

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::error::ErrorKind;
use clap::{CommandFactory as _, Parser as _};
use trybuy_formats::slug::Slug;

use self::arguments::{Arguments, Command, PersonCommand, TokenCommand};
use self::failure::Failure;
use crate::data_dir::DataDir;
use crate::usage;

/// Runs a command line and says how it went.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    let arguments = match Arguments::try_parse_from(&arguments) {
        Ok(arguments) => arguments,
        Err(error) => return wrong_command_line(&error, &arguments),
    };
    conclude(run_command(arguments))
}

fn conclude(done: Result<()>) -> ExitCode {
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => failure::report(&error),
    }
}

fn run_command(arguments: Arguments) -> Result<()> {
    let data_dir = || data_dir(arguments.data_dir.clone());
    match arguments.command {
        Command::Init(settings) => init::run(&data_dir()?, settings),
        Command::Serve(options) => serve::run(&data_dir()?, options),
        Command::Migrate { database, role } => migrate::run(&data_dir()?, database, role),
        Command::Token { database, command } => match command {
            TokenCommand::Create(options) => token::create(&data_dir()?, database, options),
            TokenCommand::List { json } => token::list(&data_dir()?, database, json),
            TokenCommand::Revoke { id } => token::revoke(&data_dir()?, database, &id),
        },
        Command::Person { database, command } => match command {
            PersonCommand::Show { who, json } => person::show(&data_dir()?, database, &who, json),
            PersonCommand::Delete { who, yes } => person::delete(&data_dir()?, database, &who, yes),
        },
        Command::Gateway { database, command } => gateway::run(&data_dir()?, database, command),
        Command::Clearinghouse { database, command } => {
            clearinghouse::run(&data_dir()?, database, command)
        }
        Command::LicenseServer { database, command } => {
            license_server::run(&data_dir()?, database, command)
        }
        Command::ClientImage(command) => client_image::run(command),
        Command::Authority(command) => authority::run(command),
        Command::Completions { shell } => completions::run(shell),
    }
}

fn data_dir(given: Option<PathBuf>) -> Result<DataDir> {
    let failure = || {
        Failure::new(Slug::Usage, "there is no data directory")
            .help("name it with `--data-dir DIR` or in TRYBUY_DATA_DIR")
    };
    Ok(given.map(DataDir::new).ok_or_else(failure)?)
}

/// Help goes to standard output; a wrong command line is reported like every failure, with clap's words.
fn wrong_command_line(error: &clap::Error, arguments: &[OsString]) -> ExitCode {
    if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) {
        return conclude(output::print(&error.to_string()));
    }
    eprint!("{}", usage::refusal(error, &Arguments::command(), arguments));
    ExitCode::from(failure::USAGE)
}
