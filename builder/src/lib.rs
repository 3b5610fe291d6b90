//! x

pub mod execution;
