//! The roles this executable plays as a process of a test.

mod apart;
mod deceived;
mod launcher;
mod payload;
mod unprotected;

use std::ffi::OsString;
use std::io::Write;
use std::process::ExitCode;

/// Plays a role, or returns `None` if there is none of that name.
pub(crate) fn play(role: &str, arguments: Vec<OsString>) -> Option<ExitCode> {
    let arguments: Vec<_> =
        arguments.into_iter().map(|argument| argument.into_string().unwrap()).collect();
    match role {
        "apart" => Some(apart::play(&arguments)),
        "deceived" => Some(deceived::play(&arguments)),
        "launcher" => Some(launcher::play(arguments)),
        "doctor" => Some(launcher::doctor()),
        "payload" => Some(payload::play(&arguments)),
        "unprotected" => Some(unprotected::play(&arguments)),
        _ => None,
    }
}

/// Prints a line at once, also into a pipe.
fn say(line: &str) {
    let mut output = std::io::stdout().lock();
    writeln!(output, "{line}").unwrap();
    output.flush().unwrap();
}

/// Waits for a line on standard input.
fn wait_for_line() {
    std::io::stdin().read_line(&mut String::new()).unwrap();
}

/// Waits for the end of standard input.
fn wait_for_end_of_input() {
    std::io::copy(&mut std::io::stdin(), &mut std::io::sink()).unwrap();
}
