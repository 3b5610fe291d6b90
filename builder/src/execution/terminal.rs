//! Puts the terminal back in order after a full-screen program was killed.
//!
//! A shell does that for its own jobs when they die of a signal. It cannot do it here, because it
//! sees the Builder end with an ordinary exit code.

use rustix::process::getpgrp;
use rustix::stdio::{stderr, stdin, stdout};
use rustix::termios::{OptionalActions, Termios, tcgetattr, tcgetpgrp, tcsetattr};
use std::os::fd::BorrowedFd;

/// The settings a terminal had before a program was started.
pub(super) struct TerminalSettings {
    terminal: BorrowedFd<'static>,
    settings: Termios,
}

impl TerminalSettings {
    /// Remembers the settings of the terminal, if there is one.
    pub(super) fn remember() -> Option<Self> {
        let terminal = [stdin(), stdout(), stderr()]
            .into_iter()
            .find(|stream| rustix::termios::isatty(stream))?;
        let settings = tcgetattr(terminal).ok()?;
        Some(Self { terminal, settings })
    }

    /// Sets them again. Does nothing in the background, where it would stop the Builder.
    pub(super) fn restore(&self) {
        if tcgetpgrp(self.terminal) == Ok(getpgrp()) {
            // The terminal may be gone by now, which is no fault of the launch.
            let _ = tcsetattr(self.terminal, OptionalActions::Now, &self.settings);
        }
    }
}
