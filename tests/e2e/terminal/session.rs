//! A pseudo-terminal with a program in it, and a screen that shows what it draws.

use std::io::{Read as _, Write};
use std::num::NonZero;
use std::process::Command;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};

use trybuy_tests::wait::{self, PATIENCE};

const ROWS: u16 = 24;
const COLUMNS: u16 = 80;

/// A running program and its screen. Dropping it kills the program.
pub(super) struct Session {
    master: Box<dyn MasterPty + Send>,
    keyboard: Box<dyn Write + Send>,
    output: Receiver<Vec<u8>>,
    screen: vt100::Parser,
    child: Box<dyn Child + Send + Sync>,
}

impl Session {
    /// Starts a command in a terminal of 80 columns and 24 rows.
    pub(super) fn start(command: &Command) -> Result<Self> {
        let pair = native_pty_system().openpty(size(COLUMNS, ROWS))?;
        let mut inside = CommandBuilder::new(command.get_program());
        inside.args(command.get_args());
        inside.cwd("/");
        inside.env_remove("TRYBUY_SERVER");
        inside.env_remove("NO_COLOR");
        inside.env("TERM", "xterm-256color");
        let child = pair.slave.spawn_command(inside)?;
        drop(pair.slave);
        let mut reader = pair.master.try_clone_reader()?;
        let keyboard = pair.master.take_writer()?;
        let (sender, output) = channel();
        std::thread::spawn(move || {
            let mut buffer = [0; 65_536];
            while let Ok(count @ 1..) = reader.read(&mut buffer) {
                if sender.send(buffer[..count].to_vec()).is_err() {
                    break;
                }
            }
        });
        let screen = vt100::Parser::new(side(ROWS)?, side(COLUMNS)?, 0);
        Ok(Self { master: pair.master, keyboard, output, screen, child })
    }

    /// The process id of the command.
    pub(super) fn process_id(&self) -> Result<u32> {
        self.child.process_id().context("a process id")
    }

    /// What is on the screen, as far as it was waited for.
    pub(super) fn screen(&self) -> &vt100::Screen {
        self.screen.screen()
    }

    /// Waits until the screen shows words.
    pub(super) fn wait_for(&mut self, words: &str) -> Result<()> {
        self.wait_until(words, |screen| screen.contents().contains(words))
    }

    /// Waits until the screen is as wanted.
    pub(super) fn wait_until(
        &mut self,
        what: &str,
        wanted: impl Fn(&vt100::Screen) -> bool,
    ) -> Result<()> {
        let deadline = Instant::now() + PATIENCE;
        while !wanted(self.screen.screen()) {
            let left = deadline.saturating_duration_since(Instant::now());
            let Ok(bytes) = self.output.recv_timeout(left) else {
                bail!("no {what}; the screen is:\n{}", self.screen.screen().contents());
            };
            self.screen.process(&bytes);
        }
        Ok(())
    }

    /// Presses keys.
    pub(super) fn press(&mut self, keys: &str) -> Result<()> {
        self.keyboard.write_all(keys.as_bytes())?;
        Ok(self.keyboard.flush()?)
    }

    /// Changes the size of the terminal.
    pub(super) fn resize(&mut self, columns: u16, rows: u16) -> Result<()> {
        self.screen.screen_mut().set_size(side(rows)?, side(columns)?);
        self.master.resize(size(columns, rows))
    }

    /// Waits for the end of the program and answers its exit code, as a shell would say it; what it
    /// drew last is on the screen then.
    pub(super) fn wait_for_end(&mut self) -> Result<u32> {
        let deadline = Instant::now() + PATIENCE;
        // The terminal closes with the last process that has it open.
        loop {
            match self.output.recv_timeout(Duration::from_millis(50)) {
                Ok(bytes) => self.screen.process(&bytes),
                Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) => ensure!(
                    Instant::now() < deadline,
                    "it does not end; the screen is:\n{}",
                    self.screen.screen().contents()
                ),
            }
        }
        wait::until("the end", || Ok(self.child.try_wait()?.is_some()))?;
        let status = self.child.wait()?;
        match status.signal() {
            Some("Interrupt") => Ok(128 + 2),
            Some(signal) => bail!("it was killed: {signal}"),
            None => Ok(status.exit_code()),
        }
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn size(columns: u16, rows: u16) -> PtySize {
    PtySize { rows, cols: columns, pixel_width: 0, pixel_height: 0 }
}

fn side(length: u16) -> Result<NonZero<u16>> {
    NonZero::new(length).context("a terminal has at least one cell")
}
