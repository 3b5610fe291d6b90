//! The clearinghouse: its API over a real connection, and its commands as a real process.

mod certificates;
mod commands;
mod crashes;
mod orders;
mod packs;
mod payments;
mod support;
