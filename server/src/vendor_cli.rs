//! The command line of those who publish, `trybuy-vendor`.
//!
//! A failure is printed to standard error as `error[slug]: what happened` and `help: what to do`, and
//! the process ends with 1; a wrong command line ends it with 2. Values on the command line go before
//! values of the environment. Nothing is ever asked, so that scripts never hang, and the token is
//! never printed.

mod arguments;
mod blocks;
mod choices;
mod class;
mod client;
mod connection;
mod failure;
mod grant;
mod json;
mod key;
mod manifest;
mod package;
mod pages;
mod policy;
mod policy_words;
mod profile;
mod progress;
mod publish;
mod releases;
mod requests;
mod terms;
mod webhooks;

use std::ffi::OsString;
use std::io::{self, BufWriter, Write};
use std::process::ExitCode;

use clap::{CommandFactory as _, Parser as _};
use trybuy_formats::slug::Slug;

use arguments::{BlockAction, Cli, Command, ConnectionArgs};
use requests::Shape;

use crate::usage;

pub use client::{Client, Published, Upload};
pub use connection::Connection;
pub use failure::Failure;
pub use manifest::{Application, ApplicationManifest, ProgramCompression, ProgramEntry, TextFile};
pub use package::{Package, package};

/// Runs the command line and answers the exit code of the process.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    let cli = match Cli::try_parse_from(&arguments) {
        Ok(cli) => cli,
        Err(error) => return wrong_command_line(&error, &arguments),
    };
    let mut out = BufWriter::new(io::stdout().lock());
    let result = execute(&cli, &mut out);
    // What was printed before a failure is shown before it.
    let result = result.and(out.flush().map_err(Failure::output));
    match result {
        Ok(()) | Err(Failure::OutputClosed) => ExitCode::SUCCESS,
        Err(failure) => {
            eprint!("{}", failure.report());
            let usage = matches!(failure, Failure::Refused { slug: Slug::Usage, .. });
            ExitCode::from(if usage { 2 } else { 1 })
        }
    }
}

fn execute(cli: &Cli, out: &mut dyn Write) -> Result<(), Failure> {
    let connect = || client(&cli.connection);
    match &cli.command {
        Command::Publish(publish) => {
            let manifest = publish::load(&publish.manifest)?;
            if publish.dry_run {
                return publish::dry_run(&manifest, out);
            }
            publish::publish(&manifest, &Connection::from_arguments(&cli.connection)?, out)
        }
        Command::Releases { application, json } => {
            releases::releases(&connect()?, application.as_ref(), *json, out)
        }
        Command::Policy { action } => {
            policy::check(action)?;
            policy::policy(&connect()?, action, out)
        }
        Command::Key { action } => key::key(&connect()?, action, out),
        Command::Grant { application, licensee, gift } => {
            grant::grant(&connect()?, application, licensee, gift.gift(), out)
        }
        Command::Profile { action } => {
            profile::check(action)?;
            profile::profile(&connect()?, action, out)
        }
        Command::Class { action } => class::class(&connect()?, action, out),
        Command::Requests { application, csv, json } => {
            let shape = match (csv, json) {
                (true, _) => Shape::Csv,
                (_, true) => Shape::Json,
                _ => Shape::Lines,
            };
            requests::requests(&connect()?, application, shape, out)
        }
        Command::Terms { application, digest } => {
            terms::terms(&connect()?, application, digest, out)
        }
        Command::Webhook { action } => webhooks::execute(&connect()?, action, out),
        Command::Block { action } => match action {
            BlockAction::Add { subject, reason } => {
                blocks::add(&connect()?, subject, reason.as_ref(), out)
            }
            BlockAction::List { json } => blocks::list(&connect()?, *json, out),
            BlockAction::Remove { subject } => blocks::remove(&connect()?, subject, out),
        },
        Command::Completions { shell } => {
            clap_complete::generate(*shell, &mut Cli::command(), "trybuy-vendor", &mut &mut *out);
            Ok(())
        }
    }
}

fn client(arguments: &ConnectionArgs) -> Result<Client, Failure> {
    Client::new(&Connection::from_arguments(arguments)?)
}

/// Prints help and version as they are, and an error with its slug.
fn wrong_command_line(error: &clap::Error, arguments: &[OsString]) -> ExitCode {
    if !error.use_stderr() {
        // Nobody is left to be told that the output is closed.
        let _ = error.print();
        return ExitCode::SUCCESS;
    }
    eprint!("{}", usage::refusal(error, &Cli::command(), arguments));
    ExitCode::from(2)
}
