//! JSON on standard output.

use std::io::Write;

use serde::Serialize;

use super::failure::Failure;

/// Prints a value as indented JSON.
pub(super) fn print<T: Serialize>(value: &T, out: &mut dyn Write) -> Result<(), Failure> {
    serde_json::to_writer_pretty(&mut *out, value)
        .map_err(|error| Failure::output(error.into()))?;
    writeln!(out).map_err(Failure::output)
}
