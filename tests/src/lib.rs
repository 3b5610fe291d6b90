//! The world in which trybuy is tried out for real: its programs are built, a real server process
//! is started, real Builders with data directories of their own use it.
//!
//! The end-to-end tests in `tests/e2e/` and the demonstration (`cargo demo`) are written on it.

pub mod binaries;
pub mod builder;
pub mod command;
pub mod company;
pub mod component;
pub mod disk;
pub mod files;
pub mod measure;
pub mod nginx;
pub mod object_storage;
pub mod opened_memory;
pub mod postgres;
pub mod proxy;
pub mod running;
pub mod second_decoder;
pub mod server;
pub mod vendor;
pub mod wait;
pub mod world;
