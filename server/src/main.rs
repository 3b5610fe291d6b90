//! `trybuy-server`: the catalog that programs are tried from, and its trial licensing.

use std::process::ExitCode;

fn main() -> ExitCode {
    trybuy_server::cli::run(std::env::args_os())
}
