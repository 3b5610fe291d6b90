//! What a launcher would be without hardening: shows that the attacks work where nothing stops
//! them.

use std::process::ExitCode;

use rustix::fs::{MemfdFlags, Mode};

use super::{say, wait_for_end_of_input};

/// Keeps a marker in a memory file that nobody may open.
pub(crate) fn play(arguments: &[String]) -> ExitCode {
    let file = rustix::fs::memfd_create("program", MemfdFlags::CLOEXEC).unwrap();
    rustix::fs::fchmod(&file, Mode::XUSR).unwrap();
    rustix::io::write(&file, arguments[0].as_bytes()).unwrap();
    say("held");
    wait_for_end_of_input();
    ExitCode::SUCCESS
}
