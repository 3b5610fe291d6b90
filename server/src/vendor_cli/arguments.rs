//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use clap_complete::Shell;
use trybuy_formats::api::{EventKind, Gift};
use trybuy_formats::ids::{ApplicationId, DeliveryId, Digest, Label, Note, WebhookId};
use trybuy_formats::instant::Span;
use trybuy_formats::policy::{AcceptanceKind, GraceFrom, Layout, OnExpiry};
use trybuy_formats::subject::{Scope, Subject};

use super::choices::{self, ExpirationKind};

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

/// What `policy set` changes where there is no policy yet.
const BEGINS: &str = "A new policy for a class begins as the application's own, and one for a licensee \
    as what is in force for them.";

#[derive(Subcommand)]
pub(super) enum PolicyAction {
    /// Show the policies of an application, or which one is in force for a licensee and why
    Show {
        /// The application
        application: ApplicationId,
        /// Explain what this licensee gets: a licensee id or an e-mail address
        #[arg(long, value_name = "LICENSEE", value_parser = one_licensee)]
        licensee: Option<Subject>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Change what is named and leave the rest; trials that have begun keep theirs
    #[command(override_usage = "trybuy-vendor policy set [OPTIONS] <APPLICATION>", after_help = BEGINS)]
    Set {
        /// The application
        application: ApplicationId,
        #[command(flatten)]
        target: Target,
        #[command(flatten)]
        changes: PolicyChanges,
        /// Take the whole policy from a profile
        #[arg(long, value_name = "NAME", conflicts_with_all = FIELDS, conflicts_with = "from")]
        profile: Option<Label>,
        /// Let trials that have begun follow too: they get it when their users are next online
        #[arg(long)]
        apply_to_existing: bool,
    },
    /// Remove the policy of a class or a licensee, so that the next one in the order is in force
    #[command(override_usage = "trybuy-vendor policy remove [OPTIONS] <APPLICATION>")]
    Remove {
        /// The application
        application: ApplicationId,
        #[command(flatten)]
        target: Target,
        /// Let trials that have begun follow too: they get it when their users are next online
        #[arg(long)]
        apply_to_existing: bool,
    },
    /// List the changes of an application's policies, the newest first
    History {
        /// The application
        application: ApplicationId,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

/// For whom a policy is; for everybody without one of them.
#[derive(Args)]
#[group(multiple = false)]
pub(super) struct Target {
    /// For the licensees of a class
    #[arg(long, value_name = "NAME")]
    class: Option<Label>,
    /// For one licensee: a licensee id or an e-mail address
    #[arg(long, value_name = "LICENSEE", value_parser = one_licensee)]
    licensee: Option<Subject>,
}

impl Target {
    pub(super) fn scope(&self) -> Scope {
        match (&self.class, &self.licensee) {
            (Some(class), _) => Scope::Class(class.clone()),
            (None, Some(licensee)) => Scope::Licensee(licensee.clone()),
            (None, None) => Scope::Application,
        }
    }
}

#[derive(Subcommand)]
pub(super) enum KeyAction {
    /// Make keys and print them, one a line
    Create {
        /// The application
        application: ApplicationId,
        /// How many, 1 to 1000
        #[arg(long, value_name = "NUMBER", default_value_t = 1)]
        count: u32,
        /// What they are for, in your words
        #[arg(long, value_name = "TEXT", default_value = "")]
        label: String,
        /// How long a license lasts from its purchase, for example 365d; for ever without it
        #[arg(long, value_name = "DURATION")]
        duration: Option<Span>,
        /// On how many Builders the buyer may use each
        #[arg(long, value_name = "NUMBER", default_value_t = 3)]
        builders: u32,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// List the keys of an application, and what became of them
    List {
        /// The application
        application: ApplicationId,
        /// Print comma-separated values (RFC 4180)
        #[arg(long, conflicts_with = "json")]
        csv: bool,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Revoke a key
    Revoke {
        /// Its id, as `key list` shows it
        id: String,
        /// Also end the licenses that were bought with it, when their users are next online
        #[arg(long)]
        end_licenses: bool,
    },
}

/// What is given.
#[derive(Args)]
#[group(required = true, multiple = true)]
pub(super) struct GiftArgs {
    /// So many more trials, 1 to 10
    #[arg(long, value_name = "NUMBER", conflicts_with_all = ["extend", "license", "duration"])]
    trials: Option<u32>,
    /// So much more time for the newest trial, from its end or from now, whichever is later
    #[arg(long, value_name = "DURATION", conflicts_with_all = ["license", "duration"])]
    extend: Option<Span>,
    /// The full license
    #[arg(long)]
    license: bool,
    /// How long the full license lasts; for ever without it
    #[arg(long, value_name = "DURATION", requires = "license")]
    duration: Option<Span>,
}

impl GiftArgs {
    pub(super) fn gift(&self) -> Gift {
        match (self.trials, self.extend) {
            (Some(number), _) => Gift::Trials { number },
            (None, Some(by)) => Gift::Extension { by },
            (None, None) => Gift::License { duration: self.duration },
        }
    }
}

#[derive(Subcommand)]
pub(super) enum WebhookAction {
    /// Add a webhook, and print its secret, which is shown only now
    Add {
        /// Where events are sent, for example `https://example.com/hook`
        url: String,
        /// Which events: trial.requested, trial.expired, license.purchased, trial.limit-reached; all
        /// if left out
        #[arg(long, value_name = "EVENTS", value_delimiter = ',')]
        events: Option<Vec<EventKind>>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// List your webhooks
    List {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Remove a webhook with its log
    Remove {
        /// The webhook
        webhook: WebhookId,
    },
    /// Send events again to a webhook that was disabled because its receiver answered 410
    Enable {
        /// The webhook
        webhook: WebhookId,
    },
    /// Send a ping to a webhook
    Test {
        /// The webhook
        webhook: WebhookId,
    },
    /// List what was sent, the newest first
    Deliveries {
        /// Only those to one webhook
        webhook: Option<WebhookId>,
        /// Only those whose last attempt failed
        #[arg(long)]
        failed: bool,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Send a delivery again
    Redeliver {
        /// The delivery
        delivery: DeliveryId,
    },
}

#[derive(Subcommand)]
pub(super) enum ProfileAction {
    /// List the profiles
    List {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Make a profile from a manifest, or change what is named of one
    #[command(override_usage = "trybuy-vendor profile set [OPTIONS] <NAME>")]
    Set {
        /// The profile
        name: Label,
        #[command(flatten)]
        changes: PolicyChanges,
    },
    /// Remove a profile; policies that were taken from it stay
    Remove {
        /// The profile
        name: Label,
    },
}

#[derive(Subcommand)]
pub(super) enum ClassAction {
    /// List the classes and their members
    List {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Make a class, or give it another rank
    Create {
        /// The class
        name: Label,
        /// Where somebody is in several classes, the policy of that with the lowest rank counts; 100 for
        /// a new class
        #[arg(long, value_name = "NUMBER")]
        rank: Option<u32>,
    },
    /// Remove a class that no policy is for
    Remove {
        /// The class
        name: Label,
    },
    /// Add members: licensee ids, e-mail addresses, or domains such as @example.edu
    Add {
        /// The class
        name: Label,
        /// The members
        #[arg(required = true)]
        members: Vec<Subject>,
    },
    /// Take members out
    Drop {
        /// The class
        name: Label,
        /// The members
        #[arg(required = true)]
        members: Vec<Subject>,
    },
}

#[derive(Subcommand)]
pub(super) enum BlockAction {
    /// Block somebody; trials that have begun run on
    Add {
        /// A licensee id, an e-mail address, or @ and a domain, which is all below it too
        subject: Subject,
        /// Why, for yourself: nobody else is shown it
        #[arg(long, value_name = "TEXT")]
        reason: Option<Note>,
    },
    /// List who is blocked
    List {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Take a block away
    Remove {
        /// Who, as `block list` shows it
        subject: Subject,
    },
}

#[derive(Args, Clone, PartialEq, Eq, Default)]
pub(super) struct PolicyChanges {
    /// Take the whole policy from a manifest
    #[arg(long, value_name = "MANIFEST", conflicts_with_all = FIELDS)]
    pub(super) from: Option<PathBuf>,
    /// How long a trial lasts: 30d, 12h, 45m or 5s
    #[arg(long)]
    pub(super) duration: Option<Span>,
    /// Refuse at its end, or warn and allow for a grace
    #[arg(long, value_name = "KIND", value_parser = choices::parser(choices::EXPIRATION))]
    pub(super) expiration: Option<ExpirationKind>,
    /// How long the grace of a soft expiration lasts
    #[arg(long, value_name = "DURATION")]
    pub(super) grace: Option<Span>,
    /// From when the grace is counted
    #[arg(long, value_name = "WHEN", value_parser = choices::parser(choices::GRACE_FROM))]
    pub(super) grace_from: Option<GraceFrom>,
    /// Trials per licensee, 1 to 10
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u8).range(1..=10))]
    pub(super) trials: Option<u8>,
    /// The least time between two trials of a licensee, or `none`
    #[arg(long, value_name = "DURATION", value_parser = running_limit)]
    pub(super) between: Option<LimitChange<Span>>,
    /// How the licensing terms are accepted
    #[arg(long, value_name = "KIND", value_parser = choices::parser(choices::ACCEPTANCE))]
    pub(super) acceptance: Option<AcceptanceKind>,
    /// Where the control information stands in the file that users get
    #[arg(long, value_name = "KIND", value_parser = choices::parser(choices::LAYOUT))]
    pub(super) layout: Option<Layout>,
    /// At most so many launches, or `none`
    #[arg(long, value_name = "NUMBER", value_parser = count_limit)]
    pub(super) max_launches: Option<LimitChange<u64>>,
    /// At most so much running time, or `none`
    #[arg(long, value_name = "DURATION", value_parser = running_limit)]
    pub(super) max_running: Option<LimitChange<Span>>,
    /// At most so many distinct days of use, or `none`
    #[arg(long, value_name = "NUMBER", value_parser = count_limit)]
    pub(super) max_days: Option<LimitChange<u64>>,
    /// What becomes of a program that runs at the end
    #[arg(long, value_name = "WHAT", value_parser = choices::parser(choices::ON_EXPIRY))]
    pub(super) on_expiry: Option<OnExpiry>,
}

/// The options that change single values of a policy.
const FIELDS: [&str; 12] = [
    "duration",
    "expiration",
    "grace",
    "grace_from",
    "trials",
    "between",
    "acceptance",
    "layout",
    "max_launches",
    "max_running",
    "max_days",
    "on_expiry",
];

/// A new limit; `none` takes the limit away.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct LimitChange<T>(pub(super) Option<T>);

fn one_licensee(text: &str) -> Result<Subject, &'static str> {
    match text.parse() {
        Ok(Subject::Domain(_)) => Err("a domain is a member of a class, and no licensee"),
        Ok(subject) => Ok(subject),
        Err(_) => Err("not a licensee id, and not an e-mail address"),
    }
}

fn count_limit(text: &str) -> Result<LimitChange<u64>, &'static str> {
    if text == "none" {
        return Ok(LimitChange(None));
    }
    let count = text.parse().ok().filter(|count| *count > 0);
    count.map(|count| LimitChange(Some(count))).ok_or("not a number from 1 on, and not `none`")
}

fn running_limit(text: &str) -> Result<LimitChange<Span>, &'static str> {
    if text == "none" {
        return Ok(LimitChange(None));
    }
    let span = text.parse().ok().filter(|span| *span > Span::default());
    span.map(|span| LimitChange(Some(span))).ok_or("not a duration such as 20h, and not `none`")
}
