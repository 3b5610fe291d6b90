//! What `class` and `block` take.

use clap::Subcommand;
use trybuy_formats::ids::{Label, Note};
use trybuy_formats::subject::Subject;

use super::number;

#[derive(Subcommand)]
pub(in crate::vendor_cli) enum ClassAction {
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
        #[arg(long, value_name = "NUMBER", allow_negative_numbers = true, value_parser = number(0..=u32::MAX))]
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
pub(in crate::vendor_cli) enum BlockAction {
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
