//! The commands, one per file, and what they share.

mod completions;
mod contact;
mod doctor;
mod info;
mod list;
mod man;
mod remove;
mod run;
mod search;
mod setup;
mod show;
mod try_application;
mod verify;

use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{CommandFactory as _, Parser as _};
use trybuy_formats::slug::Slug;

use crate::cli::{Cli, Command};
use crate::data_dir::DataDir;
use crate::error::Error;
use crate::execution::{ExecutionError, HardenedProcess, harden_process};
use crate::{messages, output};

/// The exit code for a wrong command line, as of other programs.
const USAGE: u8 = 2;

/// What every command gets.
struct Context {
    data: DataDir,
    /// The address of `--server`.
    server: Option<String>,
    /// Proof that this process is hardened, or why it could not be: only `run` needs it.
    process: Result<HardenedProcess, ExecutionError>,
}

/// The program: hardens itself first, then does what the command line says.
pub fn main() -> ExitCode {
    let process = harden_process();
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return refuse_command_line(&error),
    };
    let Some(command) = cli.command else {
        output::print(Cli::command().render_help().to_string().trim_end());
        return ExitCode::SUCCESS;
    };
    let is_run = matches!(command, Command::Run(_));
    let done = DataDir::locate(cli.data_dir.as_deref())
        .map(|data| Context { data, server: cli.server, process })
        .and_then(|context| dispatch(context, command));
    match done {
        Ok(code) => code.into(),
        Err(error) => {
            output::report(&error);
            match error.slug() {
                slug if is_run => run::exit_code(slug).into(),
                Slug::Usage => ExitCode::from(USAGE),
                _ => ExitCode::FAILURE,
            }
        }
    }
}

/// Does what the command says; the answer is the exit code.
fn dispatch(context: Context, command: Command) -> Result<u8, Error> {
    match command {
        Command::Setup(arguments) => setup::setup(&context, arguments).map(success),
        Command::Search(arguments) => search::search(&context, &arguments).map(success),
        Command::Show(arguments) => show::show(&context, &arguments).map(success),
        Command::Try(arguments) => {
            try_application::try_application(&context, &arguments).map(success)
        }
        Command::Run(arguments) => run::run(context, arguments),
        Command::List(arguments) => list::list(&context, arguments.json).map(success),
        Command::Info(arguments) => info::info(&context, &arguments).map(success),
        Command::Verify(arguments) => verify::verify(&context, &arguments),
        Command::Remove(arguments) => remove::remove(&context, &arguments).map(success),
        Command::Doctor(arguments) => doctor::doctor(&context, arguments.json),
        Command::Completions { shell } => {
            completions::completions(shell);
            Ok(0)
        }
        Command::Man { directory } => man::man(&directory).map(success),
    }
}

fn success((): ()) -> u8 {
    0
}

/// Help and version are answers; everything else is a failure like all others.
fn refuse_command_line(error: &clap::Error) -> ExitCode {
    if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) {
        output::print(error.render().to_string().trim_end());
        return ExitCode::SUCCESS;
    }
    let text = error.render().to_string();
    let mut paragraphs = text.trim_start_matches("error: ").split("\n\n");
    let happened = paragraphs.next().unwrap_or_default().to_owned();
    let tips: Vec<&str> = paragraphs
        .filter(|paragraph| !paragraph.starts_with("For more information"))
        .map(|paragraph| paragraph.trim().trim_start_matches("tip: "))
        .collect();
    let help = match tips.join("; ") {
        tips if tips.is_empty() => "see `trybuy --help`".to_owned(),
        tips => format!("{tips}; see `trybuy --help`"),
    };
    output::report(&messages::usage(happened, help));
    ExitCode::from(USAGE)
}
