//! The HTTP API of the catalog role, tried over real connections against a server in this process with a
//! clock that is moved by hand, and against the real program where processes matter.

mod blocks;
mod catalog;
mod connections;
mod document;
mod downloads;
mod emails;
mod existing_trials;
mod licensing;
mod offline;
mod offline_emails;
mod people;
mod policies;
mod process;
mod publishing;
mod purchases;
mod registration;
mod same_trial;
mod server_clock;
mod shutdown;
mod signatures;
mod support;
mod used_up;
mod vendors;
mod webhooks;
