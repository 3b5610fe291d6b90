//! `trybuy-server`: the server of trybuy in every role.

use std::process::ExitCode;

fn main() -> ExitCode {
    trybuy_server::cli::run(std::env::args_os())
}
