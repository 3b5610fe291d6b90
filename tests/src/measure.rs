//! The measurements of `docs/performance.md`.

pub mod downloads;
pub mod gateway;
pub mod grants;
mod http;
pub mod launch;
pub mod list;
pub mod load;
mod process;
pub mod renewals;
mod sample_program;
mod statistics;
