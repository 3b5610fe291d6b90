//! The command line.

mod policies;
mod purchases;
mod subjects;
mod webhooks;

use std::fmt::Display;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::str::FromStr;

use clap::{Args, Parser, Subcommand};
use clap_complete::Shell;
use trybuy_formats::ids::{ApplicationId, Digest};
use trybuy_formats::subject::Subject;

pub(super) use self::policies::{LimitChange, PolicyAction, PolicyChanges, ProfileAction};
pub(super) use self::purchases::{GiftArgs, KeyAction};
pub(super) use self::subjects::{BlockAction, ClassAction};
pub(super) use self::webhooks::WebhookAction;

/// One of the gifts, of which only the license has a duration.
const GRANT: &str = "trybuy-vendor grant --licensee <LICENSEE> \
    <--trials <NUMBER>|--extend <DURATION>|--license [--duration <DURATION>]> <APPLICATION>";

/// Publish applications that people can try, and decide how long
#[derive(Parser)]
#[command(name = "trybuy-vendor", version, max_term_width = 100, disable_help_subcommand = true)]
pub(super) struct Cli {
    #[command(flatten)]
    pub(super) connection: ConnectionArgs,
    #[command(subcommand)]
    pub(super) command: Command,
}

/// Which server, and as whom. Without `Debug`: it may hold the token.
#[derive(Args)]
#[command(next_help_heading = "Connection")]
pub(super) struct ConnectionArgs {
    /// The server, for example `https://try.example.com`
    #[arg(long, global = true, value_name = "URL", env = "TRYBUY_SERVER", hide_env_values = true)]
    pub(super) server: Option<String>,
    /// The vendor's token; better in the environment or a file, where others do not see it [env: TRYBUY_TOKEN]
    // Read from the environment by `Connection`, so that no message of the parser can show it.
    #[arg(long, global = true, value_name = "TOKEN", conflicts_with = "token_file")]
    pub(super) token: Option<String>,
    /// A file with the vendor's token; `-` for standard input
    #[arg(long, global = true, value_name = "FILE")]
    pub(super) token_file: Option<PathBuf>,
    /// Send the token unencrypted to a server on another machine
    #[arg(long, global = true)]
    pub(super) insecure_http: bool,
}

#[derive(Subcommand)]
pub(super) enum Command {
    /// Publish a release: check the manifest, package each program and upload it
    ///
    /// Repeating it is safe: what is on the server already stays as it is.
    Publish(PublishArgs),
    /// List the releases on the server, the newest first
    Releases {
        /// Only those of one application
        application: Option<ApplicationId>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Show or change the policy of an application's trials
    Policy {
        #[command(subcommand)]
        action: PolicyAction,
    },
    /// Keep policies with a name, to be set for applications
    Profile {
        #[command(subcommand)]
        action: ProfileAction,
    },
    /// Put licensees into classes, which have policies of their own
    Class {
        #[command(subcommand)]
        action: ClassAction,
    },
    /// Make, list and revoke keys that buy an application
    Key {
        #[command(subcommand)]
        action: KeyAction,
    },
    /// Give one licensee more trials, more time, or the full license
    #[command(override_usage = GRANT)]
    Grant {
        /// The application
        application: ApplicationId,
        /// A licensee id or an e-mail address, of somebody who has asked for the application
        #[arg(long, value_name = "LICENSEE")]
        licensee: Subject,
        #[command(flatten)]
        gift: GiftArgs,
    },
    /// List who asked for trials, the oldest request first
    Requests {
        /// The application
        application: ApplicationId,
        /// Print comma-separated values (RFC 4180)
        #[arg(long, conflicts_with = "json")]
        csv: bool,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Print the terms that somebody accepted, by their digest in `requests`
    Terms {
        /// The application
        application: ApplicationId,
        /// SHA-256 of the text
        digest: Digest,
    },
    /// Have your own server told what happens, by itself
    Webhook {
        #[command(subcommand)]
        action: WebhookAction,
    },
    /// Say who gets no new trial of your applications
    Block {
        #[command(subcommand)]
        action: BlockAction,
    },
    /// Print a completion script for a shell
    Completions {
        /// The shell
        shell: Shell,
    },
}

#[derive(Args)]
pub(super) struct PublishArgs {
    /// The manifest, usually trybuy.toml
    pub(super) manifest: PathBuf,
    /// Only check, and show what would be published; needs no server
    #[arg(long)]
    pub(super) dry_run: bool,
}

/// Reads a number of a range, which is named where it is another one.
fn number<T>(range: RangeInclusive<T>) -> impl Fn(&str) -> Result<T, String> + Clone
where
    T: FromStr + PartialOrd + Display + Clone,
{
    move |text| {
        let number = text.parse().ok().filter(|number| range.contains(number));
        number.ok_or_else(|| format!("not a number from {} to {}", range.start(), range.end()))
    }
}

fn one_licensee(text: &str) -> Result<Subject, &'static str> {
    match text.parse() {
        Ok(Subject::Domain(_)) => Err("a domain is a member of a class, and no licensee"),
        Ok(subject) => Ok(subject),
        Err(_) => Err("not a licensee id, and not an e-mail address"),
    }
}
