//! `trybuy-vendor`: publish applications that people can try, and decide how long.

use std::process::ExitCode;

fn main() -> ExitCode {
    trybuy_server::vendor_cli::run(std::env::args_os())
}
