//! The license server role, tried over real connections against a license server in this process with a clock that is
//! moved by hand, and against the real program where commands and processes matter.

mod backups;
mod challenges;
mod commands;
mod files;
mod gateways;
mod health;
mod images;
mod listing;
mod marks;
mod orders;
mod packs;
mod renewals;
mod revocations;
mod support;
mod upgrades;
