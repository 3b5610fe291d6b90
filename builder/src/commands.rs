//! The commands, one per file, and what they share.

mod buy;
mod completions;
mod connect;
mod contact;
mod doctor;
mod first_runs;
mod info;
mod license;
mod list;
mod man;
mod offline;
mod refresh;
mod relay;
mod remove;
mod renew;
mod run;
mod search;
mod setup;
mod show;
mod try_application;
mod verify;

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use clap::error::ErrorKind;
use clap::{CommandFactory as _, Parser as _};
use trybuy_formats::slug::Slug;

use crate::cli::{Cli, Command};
use crate::data_dir::DataDir;
use crate::error::Error;
use crate::execution::{ExecutionError, HardenedProcess, LaunchGuard, harden_process};
use crate::{messages, output};

/// The exit code for a wrong command line, as of other programs.
const USAGE: u8 = 2;
/// The exit code for every other failure, but of `run`.
const FAILURE: u8 = 1;

/// What every command gets.
struct Context {
    data: DataDir,
    /// The address of `--server`.
    server: Option<String>,
    /// Proof that this process is hardened, or why it could not be: only `run` needs it.
    process: Result<HardenedProcess, ExecutionError>,
}

impl Context {
    /// Leave to decode a program.
    fn guard(&self) -> Result<LaunchGuard, Error> {
        match &self.process {
            Ok(process) => process.authorize_launch().map_err(Error::from),
            Err(error) => Err(messages::execution(error)),
        }
    }
}

/// The program: hardens itself first, then does what the command line says.
pub fn main() -> ExitCode {
    let process = harden_process();
    // A file beyond the limit of sizes (ulimit -f) is an error like others, and not the end.
    let _ = signal_hook::flag::register(libc::SIGXFSZ, Arc::default());
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return refuse_command_line(&error),
    };
    let Some(command) = cli.command else {
        let help = Cli::command().render_help().to_string();
        return conclude(output::print(help.trim_end()).map(success)).into();
    };
    let done = DataDir::locate(cli.data_dir.as_deref().map(Path::new)).map(|data| Context {
        data,
        server: cli.server,
        process,
    });
    match (done, command) {
        (Ok(context), command) => dispatch(context, command),
        (Err(error), Command::Run(_)) => run::refuse(&error),
        (Err(error), _) => refuse(&error),
    }
    .into()
}

/// Does what the command says; the answer is the exit code.
fn dispatch(context: Context, command: Command) -> u8 {
    match command {
        // It goes apart by itself, and stays to launch what was decoded there.
        Command::Run(arguments) => {
            run::run(context, &arguments).unwrap_or_else(|error| run::refuse(&error))
        }
        Command::Setup(arguments) => {
            apart(&context, |context| setup::setup(context, arguments).map(success))
        }
        Command::Search(arguments) => {
            apart(&context, |context| search::search(context, &arguments).map(success))
        }
        Command::Show(arguments) => {
            apart(&context, |context| show::show(context, &arguments).map(success))
        }
        Command::Try(arguments) => apart(&context, |context| {
            try_application::try_application(context, &arguments).map(success)
        }),
        Command::Renew(arguments) => {
            apart(&context, |context| renew::renew(context, &arguments).map(success))
        }
        Command::Buy(arguments) => {
            apart(&context, |context| buy::buy(context, &arguments).map(success))
        }
        Command::Relay(arguments) => {
            apart(&context, |context| relay::relay(context, &arguments).map(success))
        }
        Command::List(arguments) => {
            apart(&context, |context| list::list(context, arguments.json).map(success))
        }
        Command::Info(arguments) => {
            apart(&context, |context| info::info(context, &arguments).map(success))
        }
        Command::Verify(arguments) => {
            apart(&context, |context| verify::verify(context, &arguments))
        }
        Command::Remove(arguments) => {
            apart(&context, |context| remove::remove(context, &arguments).map(success))
        }
        Command::Doctor(arguments) => {
            apart(&context, |context| doctor::doctor(context, &arguments))
        }
        Command::License(command) => {
            apart(&context, |context| license::license(context, &command).map(success))
        }
        Command::Connect(arguments) => match connect::ClosingSignals::register() {
            Ok(signals) => apart(&context, |context| {
                connect::connect(context, &arguments, signals).map(success)
            }),
            Err(error) => refuse(&error),
        },
        Command::Completions { shell } => conclude(completions::completions(shell).map(success)),
        Command::Man { directory } => conclude(man::man(&directory).map(success)),
    }
}

/// Runs a command where its keys and decrypted bytes are out of the reach of others.
fn apart(context: &Context, command: impl FnOnce(&Context) -> Result<u8, Error>) -> u8 {
    match &context.process {
        Ok(process) => process
            .apart(|| conclude(command(context)))
            .unwrap_or_else(|error| refuse(&error.into())),
        // Where the Builder cannot be closed to others, nothing can be launched, but much be done.
        Err(_) => conclude(command(context)),
    }
}

fn success((): ()) -> u8 {
    0
}

fn conclude(done: Result<u8, Error>) -> u8 {
    done.unwrap_or_else(|error| refuse(&error))
}

/// Tells the user of a failure; the answer is the exit code.
fn refuse(error: &Error) -> u8 {
    output::report(error);
    match error.slug() {
        Slug::Usage => USAGE,
        _ => FAILURE,
    }
}

/// Help and version are answers; where a subcommand is missing, the help is what to do. Everything else is a failure like
/// all others.
fn refuse_command_line(error: &clap::Error) -> ExitCode {
    if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) {
        let text = error.render().to_string();
        return conclude(output::print(text.trim_end()).map(success)).into();
    }
    let text = error.render().to_string();
    if error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
        output::notice(text.trim_end());
        return ExitCode::from(USAGE);
    }
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
