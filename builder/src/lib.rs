//! The Application Builder (T&B 112): tries, keeps and launches applications.
//!
//! | module | box or step of the source |
//! |---|---|
//! | [`keys`] | key pair 113, made on the machine in step 404 |
//! | [`license`] | Builder license and licensee id 103, license handling 115, steps 402-416 |
//! | [`decoder`] | program decoder 114, steps 426-434 |
//! | [`execution`] | program execution 116 |
//! | [`library`] | stored trials, in the client storage format |
//! | [`client`] | the server, steps 406-422 |
//! | [`licensing`] | the client 30 of the licensing system (SL Fig. 3) |
//! | [`clock`] | the trusted time of steps 316 and 428 |
//!
//! The binary calls [`main`]; everything else is public for the tests and the menu to come.

pub mod cli;
pub mod client;
pub mod clock;
pub mod data_dir;
pub mod decoder;
pub mod error;
pub mod execution;
pub mod keys;
pub mod library;
pub mod license;
pub mod licensing;
pub mod messages;
pub mod output;

mod commands;

/// The version of this Builder.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

pub use commands::main;
