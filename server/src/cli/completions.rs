//! `trybuy-server completions`

use anyhow::Result;
use clap::CommandFactory as _;
use clap_complete::Shell;

use super::arguments::Arguments;
use super::output;

/// Prints the completions for a shell.
pub(super) fn run(shell: Shell) -> Result<()> {
    let mut command = Arguments::command();
    let name = command.get_name().to_owned();
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut command, name, &mut script);
    output::print(&String::from_utf8_lossy(&script))
}
