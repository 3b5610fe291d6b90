//! The command line of `trybuy`.

mod licensing;

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
use trybuy_formats::api::SecretText;
use trybuy_formats::ids::{ApplicationId, Email, Name, Platform, Version};

pub use self::licensing::{
    ConnectArguments, ExportArguments, ExportFormat, GatewayArguments, LicenseCommand,
    RemoveLicenseArguments, RenewLicenseArguments, ShowLicenseArguments,
};

/// Try applications before you buy them: find one, try it, run it offline.
#[derive(Parser)]
#[command(name = "trybuy", version, about, max_term_width = 100)]
pub struct Cli {
    /// Directory of the Builder's files
    #[arg(long, global = true, value_name = "DIR", env = crate::data_dir::VARIABLE, hide_env_values = true)]
    pub data_dir: Option<OsString>,

    /// Address of the server, instead of the one of setup; its key must be the same
    #[arg(long, global = true, value_name = "URL", env = "TRYBUY_SERVER", hide_env_values = true)]
    pub server: Option<String>,

    /// What to do
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// What to do.
#[derive(Subcommand)]
pub enum Command {
    /// Make keys, register with a server, store the Builder license
    Setup(SetupArguments),
    /// Search the catalog of the server
    Search(SearchArguments),
    /// Show an application of the catalog: documentation, terms, policy, sizes
    Show(ShowArguments),
    /// Try an application: request the trial, download it, verify it, store it
    Try(TryArguments),
    /// Get what the vendor changed, or another trial where one is allowed; everything without APP
    Renew(RenewArguments),
    /// Buy an application with a purchase key; what is installed stays as it is
    Buy(BuyArguments),
    /// Bring the request file of a machine without a network to its server, and its answer back
    Relay(RelayArguments),
    /// Run an application that is installed; needs no server
    Run(RunArguments),
    /// List what is installed, and until when
    List(JsonArguments),
    /// Show everything about an installed application
    Info(InfoArguments),
    /// Check every byte of what is installed
    Verify(VerifyArguments),
    /// Remove an application; its trial goes on
    Remove(RemoveArguments),
    /// Check keys, clock, server and memory execution, and say what to do
    Doctor(DoctorArguments),
    /// Licenses for the services behind gateways: request, list, show, export, renew, remove
    #[command(subcommand)]
    License(LicenseCommand),
    /// Open a local address through which programs reach the service behind a gateway, licensed
    Connect(ConnectArguments),
    /// Print completions for a shell
    Completions {
        /// The shell
        shell: Shell,
    },
    /// Write the manual pages into a directory
    Man {
        /// The directory
        directory: PathBuf,
    },
}

/// Arguments of `setup`. Without `Debug`: they may hold a code.
#[derive(Args)]
pub struct SetupArguments {
    /// Address of the server, for example `https://try.example.com`
    pub url: Option<String>,
    /// Your name
    #[arg(long, value_name = "NAME")]
    pub name: Option<Name>,
    /// Your e-mail address
    #[arg(long, value_name = "EMAIL")]
    pub email: Option<Email>,
    /// Accept the Builder's licensing terms
    #[arg(long)]
    pub accept_terms: bool,
    /// Get another Builder license, with a later end
    #[arg(long, conflicts_with_all = ["url", "name", "email"])]
    pub renew: bool,
    /// Verify your e-mail address with a code that the server sends there
    #[arg(long, conflicts_with_all = ["url", "name", "email", "renew", "accept_terms"])]
    pub verify: bool,
    /// The code that was sent
    #[arg(long, value_name = "CODE", requires = "verify", conflicts_with = "response")]
    pub code: Option<String>,
    /// Whether vendors are told on which day you first ran a trial of theirs; they are not unless you say
    /// so. Alone it changes what you said before
    #[arg(long, value_name = "YES|NO", conflicts_with_all = ["renew", "verify", "request", "response"])]
    pub report_first_run: Option<Consent>,
    /// Allow an unencrypted connection to another machine: others on the network can read along
    #[arg(long)]
    pub insecure_http: bool,
    /// Without a network
    #[command(flatten)]
    pub offline: OfflineArguments,
}

/// A choice about what others are told.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub enum Consent {
    /// They may be told.
    Yes,
    /// They are not.
    No,
}

/// How a step is taken without a network.
#[derive(Args, Debug)]
pub struct OfflineArguments {
    /// Without a network: write what the server is to be asked into this file, for `trybuy relay`
    #[arg(long, value_name = "FILE", conflicts_with = "response")]
    pub request: Option<PathBuf>,
    /// Without a network: take the server's answer from this file, as `trybuy relay` wrote it
    #[arg(long, value_name = "FILE")]
    pub response: Option<PathBuf>,
}

/// Arguments of `relay`.
#[derive(Args, Debug)]
pub struct RelayArguments {
    /// The request file
    pub request: PathBuf,
    /// Where the answer is written; what belongs to it is written beside, with `.file` at its end
    pub response: PathBuf,
    /// Allow an unencrypted connection to another machine: others on the network can read along
    #[arg(long)]
    pub insecure_http: bool,
}

/// Arguments of `search`.
#[derive(Args, Debug)]
pub struct SearchArguments {
    /// Words to search for; all applications without any
    pub words: Vec<String>,
    /// Only applications for this platform, for example x86_64-linux
    #[arg(long, value_name = "PLATFORM")]
    pub platform: Option<Platform>,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `show`.
#[derive(Args, Debug)]
pub struct ShowArguments {
    /// Application id, for example com.example.sketch
    #[arg(value_name = "APP")]
    pub application: ApplicationId,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `try`. Without `Debug`: they may hold a code.
#[derive(Args)]
pub struct TryArguments {
    /// Application id, for example com.example.sketch
    #[arg(value_name = "APP")]
    pub application: ApplicationId,
    /// How the licensing terms are accepted
    #[command(flatten)]
    pub acceptance: AcceptanceArguments,
    /// A certain release instead of the newest
    #[arg(long, value_name = "VERSION")]
    pub version: Option<Version>,
    /// Without a network
    #[command(flatten)]
    pub offline: OfflineArguments,
}

/// How licensing terms are accepted on the command line. Without `Debug`: they may hold a code.
#[derive(Args)]
pub struct AcceptanceArguments {
    /// Accept the licensing terms
    #[arg(long)]
    pub accept_terms: bool,
    /// Accept the licensing terms with your name, where the vendor asks for it
    #[arg(long, value_name = "NAME", conflicts_with = "code")]
    pub name: Option<Name>,
    /// Accept the licensing terms with the code you were shown, where the vendor asks for it
    #[arg(long, value_name = "CODE")]
    pub code: Option<String>,
}

/// Arguments of `renew`. Without `Debug`: they may hold a code.
#[derive(Args)]
pub struct RenewArguments {
    /// Application id; everything that is installed without one
    #[arg(value_name = "APP")]
    pub application: Option<ApplicationId>,
    /// How the licensing terms are accepted
    #[command(flatten)]
    pub acceptance: AcceptanceArguments,
    /// Without a network
    #[command(flatten)]
    pub offline: OfflineArguments,
}

/// Arguments of `buy`. Without `Debug`: the key is a secret.
#[derive(Args)]
pub struct BuyArguments {
    /// Application id, for example com.example.sketch
    #[arg(value_name = "APP")]
    pub application: ApplicationId,
    /// The purchase key; on a terminal it is asked for
    #[arg(long, value_name = "KEY", env = "TRYBUY_KEY", hide_env_values = true)]
    pub key: Option<SecretText>,
    /// How the licensing terms are accepted
    #[command(flatten)]
    pub acceptance: AcceptanceArguments,
    /// Without a network
    #[command(flatten)]
    pub offline: OfflineArguments,
}

/// Arguments of `run`.
#[derive(Args, Debug)]
pub struct RunArguments {
    /// Application id, for example com.example.sketch, and everything behind it for the application
    // One list, so that whatever follows the id is the application's, also `--help`.
    #[arg(trailing_var_arg = true, required = true, value_names = ["APP", "ARGS"])]
    command: Vec<OsString>,
}

impl RunArguments {
    /// The application id as it was typed, and the application's arguments. A `--` between them, as
    /// other launchers need it, is no argument.
    pub fn split(&self) -> (String, &[OsString]) {
        let (application, arguments) =
            self.command.split_first().expect("clap requires at least one value");
        let arguments = match arguments {
            [dashes, rest @ ..] if dashes == "--" => rest,
            all => all,
        };
        (application.to_string_lossy().into_owned(), arguments)
    }
}

/// Arguments of commands that have no others.
#[derive(Args, Debug)]
pub struct JsonArguments {
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `doctor`.
#[derive(Args, Debug)]
pub struct DoctorArguments {
    /// Print JSON
    #[arg(long, conflicts_with = "request")]
    pub json: bool,
    /// Without a network
    #[command(flatten)]
    pub offline: OfflineArguments,
}

/// Arguments of `info`.
#[derive(Args, Debug)]
pub struct InfoArguments {
    /// Application id, for example com.example.sketch
    #[arg(value_name = "APP")]
    pub application: ApplicationId,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `verify`.
#[derive(Args, Debug)]
pub struct VerifyArguments {
    /// Application id; all that are installed without one
    #[arg(value_name = "APP")]
    pub application: Option<ApplicationId>,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `remove`.
#[derive(Args, Debug)]
pub struct RemoveArguments {
    /// Application id, for example com.example.sketch
    #[arg(value_name = "APP")]
    pub application: ApplicationId,
    /// Do not ask
    #[arg(long, short)]
    pub yes: bool,
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn what_follows_an_application_is_the_applications() {
        let split = |line: &str| {
            let cli = Cli::try_parse_from(line.split(' ')).ok()?;
            let Some(Command::Run(arguments)) = cli.command else { return None };
            let (application, rest) = arguments.split();
            let rest: Vec<_> = rest.iter().map(|argument| argument.to_string_lossy()).collect();
            Some([&[application.as_str().into()], rest.as_slice()].concat().join(" "))
        };
        for (line, split_up) in [
            ("trybuy run app", "app"),
            ("trybuy run app a -b --c=d", "app a -b --c=d"),
            ("trybuy run app --help", "app --help"),
            ("trybuy run app -h", "app -h"),
            ("trybuy run app --data-dir x --server y", "app --data-dir x --server y"),
            ("trybuy run app -- --help", "app --help"),
            ("trybuy run app -- -- a", "app -- a"),
            ("trybuy run app a -- b", "app a -- b"),
            ("trybuy run -- app a", "app a"),
            ("trybuy run --data-dir x app a", "app a"),
        ] {
            assert_eq!(split(line).as_deref(), Some(split_up), "{line}");
        }
        for line in ["trybuy run", "trybuy run --help", "trybuy run --unknown app"] {
            assert_eq!(split(line), None, "{line}");
        }
    }
}
