//! `trybuy-server completions`

use std::io;

use clap::CommandFactory as _;
use clap_complete::Shell;

use super::arguments::Arguments;

/// Prints the completions for a shell.
pub(super) fn run(shell: Shell) {
    let mut command = Arguments::command();
    let name = command.get_name().to_owned();
    clap_complete::generate(shell, &mut command, name, &mut io::stdout());
}
