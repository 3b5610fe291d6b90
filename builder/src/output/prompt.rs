//! Questions, asked on a terminal only: a script never hangs.

use std::io::{self, BufRead as _, IsTerminal as _, Read as _, Write as _};

use trybuy_formats::terminal_text as text;

/// The longest answer that is read, in bytes.
const ANSWER_CAP: u64 = 4096;

/// Whether there is somebody to ask.
pub(crate) fn is_possible() -> bool {
    io::stdin().is_terminal() && io::stderr().is_terminal()
}

/// Asks a question and reads one line; none at the end of the input. The caller has checked
/// [`is_possible`].
pub(crate) fn ask(question: &str) -> Option<String> {
    let mut to = io::stderr().lock();
    let asked = write!(to, "{} ", text::one_line(question)).and_then(|()| to.flush());
    drop(to);
    let mut line = String::new();
    let read = io::stdin().lock().take(ANSWER_CAP).read_line(&mut line);
    match (asked, read) {
        (Ok(()), Ok(1..)) => Some(line.trim().to_owned()),
        _ => None,
    }
}

/// Asks for a yes; everything else is a no.
pub(crate) fn confirm(question: &str) -> bool {
    matches!(choice(&format!("{question} [y/N]")).as_deref(), Some("y" | "yes"))
}

/// Asks for a no: a yes or just Return goes on, everything else, also the end of the input, does
/// not.
pub(crate) fn go_on(question: &str) -> bool {
    matches!(choice(&format!("{question} [Y/n]")).as_deref(), Some("" | "y" | "yes"))
}

fn choice(question: &str) -> Option<String> {
    ask(question).map(|answer| answer.to_lowercase())
}
