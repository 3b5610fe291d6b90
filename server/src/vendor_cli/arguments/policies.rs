//! What `policy` and `profile` take.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use trybuy_formats::ids::{ApplicationId, Label};
use trybuy_formats::instant::Span;
use trybuy_formats::limits;
use trybuy_formats::policy::{AcceptanceKind, GraceFrom, Layout, OnExpiry, is_duration};
use trybuy_formats::subject::{Scope, Subject};

use super::{number, one_licensee};
use crate::vendor_cli::choices::{self, ExpirationKind};

/// What `policy set` changes where there is no policy yet.
const BEGINS: &str = "A new policy for a class begins as the application's own, and one for a licensee \
    as what is in force for them.";

#[derive(Subcommand)]
pub(in crate::vendor_cli) enum PolicyAction {
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
pub(in crate::vendor_cli) struct Target {
    /// For the licensees of a class
    #[arg(long, value_name = "NAME")]
    class: Option<Label>,
    /// For one licensee: a licensee id or an e-mail address
    #[arg(long, value_name = "LICENSEE", value_parser = one_licensee)]
    licensee: Option<Subject>,
}

impl Target {
    pub(in crate::vendor_cli) fn scope(&self) -> Scope {
        match (&self.class, &self.licensee) {
            (Some(class), _) => Scope::Class(class.clone()),
            (None, Some(licensee)) => Scope::Licensee(licensee.clone()),
            (None, None) => Scope::Application,
        }
    }
}

#[derive(Subcommand)]
pub(in crate::vendor_cli) enum ProfileAction {
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

#[derive(Args, Clone, PartialEq, Eq, Default)]
pub(in crate::vendor_cli) struct PolicyChanges {
    /// Take the whole policy from a manifest
    #[arg(long, value_name = "MANIFEST", conflicts_with_all = FIELDS)]
    pub(in crate::vendor_cli) from: Option<PathBuf>,
    /// How long a trial lasts: 30d, 12h, 45m or 5s
    #[arg(long, allow_hyphen_values = true)]
    pub(in crate::vendor_cli) duration: Option<Span>,
    /// Refuse at its end, or warn and allow for a grace
    #[arg(long, value_name = "KIND", value_parser = choices::parser(choices::EXPIRATION))]
    pub(in crate::vendor_cli) expiration: Option<ExpirationKind>,
    /// How long the grace of a soft expiration lasts
    #[arg(long, value_name = "DURATION", allow_hyphen_values = true)]
    pub(in crate::vendor_cli) grace: Option<Span>,
    /// From when the grace is counted
    #[arg(long, value_name = "WHEN", value_parser = choices::parser(choices::GRACE_FROM))]
    pub(in crate::vendor_cli) grace_from: Option<GraceFrom>,
    /// Trials per licensee, 1 to 10
    #[arg(long, value_name = "NUMBER", allow_negative_numbers = true, value_parser = number(1..=10_u8))]
    pub(in crate::vendor_cli) trials: Option<u8>,
    /// The least time between two trials of a licensee, or `none`
    #[arg(long, value_name = "DURATION", allow_hyphen_values = true, value_parser = time_limit)]
    pub(in crate::vendor_cli) between: Option<LimitChange<Span>>,
    /// How the licensing terms are accepted
    #[arg(long, value_name = "KIND", value_parser = choices::parser(choices::ACCEPTANCE))]
    pub(in crate::vendor_cli) acceptance: Option<AcceptanceKind>,
    /// Where the control information stands in the file that users get
    #[arg(long, value_name = "KIND", value_parser = choices::parser(choices::LAYOUT))]
    pub(in crate::vendor_cli) layout: Option<Layout>,
    /// At most so many launches, or `none`
    #[arg(long, value_name = "NUMBER", allow_negative_numbers = true, value_parser = count_limit)]
    pub(in crate::vendor_cli) max_launches: Option<LimitChange<u64>>,
    /// At most so much running time, or `none`
    #[arg(long, value_name = "DURATION", allow_hyphen_values = true, value_parser = time_limit)]
    pub(in crate::vendor_cli) max_running: Option<LimitChange<Span>>,
    /// At most so many distinct days of use, or `none`
    #[arg(long, value_name = "NUMBER", allow_negative_numbers = true, value_parser = count_limit)]
    pub(in crate::vendor_cli) max_days: Option<LimitChange<u64>>,
    /// What becomes of a program that runs at the end
    #[arg(long, value_name = "WHAT", value_parser = choices::parser(choices::ON_EXPIRY))]
    pub(in crate::vendor_cli) on_expiry: Option<OnExpiry>,
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
pub(in crate::vendor_cli) struct LimitChange<T>(pub(in crate::vendor_cli) Option<T>);

fn count_limit(text: &str) -> Result<LimitChange<u64>, String> {
    if text == "none" {
        return Ok(LimitChange(None));
    }
    let count = number(1..=limits::INTEGER)(text);
    count.map(|count| LimitChange(Some(count))).map_err(|wrong| format!("{wrong}, and not `none`"))
}

fn time_limit(text: &str) -> Result<LimitChange<Span>, &'static str> {
    if text == "none" {
        return Ok(LimitChange(None));
    }
    let span = text.parse().ok().filter(|span| is_duration(*span));
    let wrong = "not a duration such as 20h from 1s to 36525d, and not `none`";
    span.map(|span| LimitChange(Some(span))).ok_or(wrong)
}
