//! What `key` and `grant` take.

use clap::{Args, Subcommand};
use trybuy_formats::api::Gift;
use trybuy_formats::ids::ApplicationId;
use trybuy_formats::instant::Span;

use super::number;

#[derive(Subcommand)]
pub(in crate::vendor_cli) enum KeyAction {
    /// Make keys and print them, one a line
    Create {
        /// The application
        application: ApplicationId,
        /// How many, 1 to 1000
        #[arg(long, value_name = "NUMBER", default_value_t = 1, allow_negative_numbers = true, value_parser = number(1..=1000_u32))]
        count: u32,
        /// What they are for, in your words
        #[arg(long, value_name = "TEXT", default_value = "")]
        label: String,
        /// How long a license lasts from its purchase, for example 365d; for ever without it
        #[arg(long, value_name = "DURATION", allow_hyphen_values = true)]
        duration: Option<Span>,
        /// On how many Builders the buyer may use each, 1 to 100
        #[arg(long, value_name = "NUMBER", default_value_t = 3, allow_negative_numbers = true, value_parser = number(1..=100_u32))]
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
pub(in crate::vendor_cli) struct GiftArgs {
    /// So many more trials, 1 to 10
    #[arg(long, value_name = "NUMBER", conflicts_with_all = ["extend", "license", "duration"], allow_negative_numbers = true, value_parser = number(1..=10_u32))]
    trials: Option<u32>,
    /// So much more time for the newest trial, from its end or from now, whichever is later
    #[arg(long, value_name = "DURATION", conflicts_with_all = ["license", "duration"], allow_hyphen_values = true)]
    extend: Option<Span>,
    /// The full license
    #[arg(long)]
    license: bool,
    /// How long the full license lasts; for ever without it
    #[arg(long, value_name = "DURATION", requires = "license", allow_hyphen_values = true)]
    duration: Option<Span>,
}

impl GiftArgs {
    pub(in crate::vendor_cli) fn gift(&self) -> Gift {
        match (self.trials, self.extend) {
            (Some(number), _) => Gift::Trials { number },
            (None, Some(by)) => Gift::Extension { by },
            (None, None) => Gift::License { duration: self.duration },
        }
    }
}
