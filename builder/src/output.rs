//! What the Builder writes, and how: results to standard output, everything else to standard error.
//!
//! Whatever came from a server, a file or the command line goes through [`text`] on its way to a
//! terminal. A reader that closes its end (`trybuy list | head -1`) is no failure.

pub mod progress;
pub mod prompt;
pub mod table;

use std::io::{self, IsTerminal as _, Write as _};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use serde::Serialize;
use trybuy_formats::terminal_text as text;

use crate::error::Error;
use crate::messages;

/// Writes lines of text to standard output.
///
/// # Errors
/// `local-file` when they cannot be written.
pub(crate) fn print(text_of_lines: &str) -> Result<(), Error> {
    write(&text::lines(text_of_lines))
}

/// Writes a value as JSON to standard output.
///
/// # Errors
/// As [`print()`].
pub(crate) fn print_json<T: Serialize>(value: &T) -> Result<(), Error> {
    let json = serde_json::to_string_pretty(value)
        .expect("the types that are printed have no keys that JSON cannot hold");
    write(&text::json(&json))
}

fn write(safe: &str) -> Result<(), Error> {
    let mut out = io::stdout().lock();
    match writeln!(out, "{safe}").and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(messages::output_lost(error))
        }
        _ => Ok(()),
    }
}

/// Writes a notice to standard error.
pub(crate) fn notice(text_of_lines: &str) {
    let _ = writeln!(io::stderr().lock(), "{}", text::lines(text_of_lines));
}

/// Writes a warning to standard error, marked as one.
pub(crate) fn warn(what: &str, help: &str) {
    write_marked("warning", "33", what, help);
}

/// Writes a warning as [`warn`] does, unless nobody takes it now: a terminal that was stopped
/// (Ctrl-S), or a pipe that nobody reads, must not hold up a Builder that watches a program.
pub(crate) fn warn_at_once(what: &str, help: &str) {
    let stderr = io::stderr();
    let mut events = [PollFd::new(&stderr, PollFlags::OUT)];
    let is_ready = poll(&mut events, Some(&Timespec::default()));
    if is_ready.is_ok_and(|ready| ready == 1) && events[0].revents().contains(PollFlags::OUT) {
        warn(what, help);
    }
}

/// Writes a failure to standard error: `error[slug]: what happened` and `help: what to do`.
pub(crate) fn report(error: &Error) {
    write_marked(&format!("error[{}]", error.slug()), "31", &error.explain(), error.help());
}

fn write_marked(mark: &str, colour: &str, what: &str, help: &str) {
    let (mark, help_mark) = if colours() {
        (format!("\x1b[1;{colour}m{mark}\x1b[0m"), "\x1b[1mhelp\x1b[0m")
    } else {
        (mark.to_owned(), "help")
    };
    let mut lines = format!("{mark}: {}\n", text::one_line(what));
    if !help.is_empty() {
        lines.push_str(&format!("{help_mark}: {}\n", text::one_line(help)));
    }
    // At once, so that two processes on one terminal do not mix their words.
    let _ = io::stderr().lock().write_all(lines.as_bytes());
}

/// Colours only on a terminal that wants them (<https://no-color.org>).
fn colours() -> bool {
    io::stderr().is_terminal()
        && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
        && std::env::var_os("TERM").is_none_or(|value| value != "dumb")
}
