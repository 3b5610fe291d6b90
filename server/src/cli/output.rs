//! What the commands print on standard output.

use std::io::{self, Write as _};

use anyhow::{Context as _, Result};

/// Prints lines. Whoever reads them may have seen enough, as `head` has: that is no failure.
pub(super) fn print(lines: &str) -> Result<()> {
    match print_to_a_reader(lines) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => other.context("standard output cannot be written"),
    }
}

/// Prints lines that are lost unless somebody reads them.
pub(super) fn print_to_a_reader(lines: &str) -> io::Result<()> {
    let mut output = io::stdout().lock();
    output.write_all(lines.as_bytes())?;
    output.flush()
}
