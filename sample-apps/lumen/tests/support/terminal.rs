//! A pseudo-terminal with the program in it, and a screen that shows what it draws.

use std::io::{Read, Write};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};

/// How long anything may take before the test has failed; generous, because debug builds share the machine.
const PATIENCE: Duration = Duration::from_secs(30);

/// A running program and its screen.
pub(crate) struct Session {
    master: Box<dyn MasterPty + Send>,
    keyboard: Box<dyn Write + Send>,
    output: Receiver<Vec<u8>>,
    screen: vt100::Parser,
    child: Box<dyn Child + Send + Sync>,
}

impl Session {
    /// Starts the program in a terminal of this size, with these variables and no others that matter.
    pub(crate) fn start(columns: u16, rows: u16, environment: &[(&str, &str)]) -> Self {
        let pair =
            native_pty_system().openpty(size(columns, rows)).expect("there is a pseudo-terminal");
        let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_lumen"));
        for name in ["TRYBUY_TRIAL", "NO_COLOR", "COLORTERM"] {
            command.env_remove(name);
        }
        command.env("TERM", "xterm-256color");
        environment.iter().for_each(|(name, value)| command.env(name, value));
        let child = pair.slave.spawn_command(command).expect("the program starts");
        let mut reader = pair.master.try_clone_reader().expect("the terminal can be read");
        let keyboard = pair.master.take_writer().expect("the terminal can be written to");
        let (sender, output) = channel();
        std::thread::spawn(move || {
            let mut buffer = [0; 65_536];
            while let Ok(count @ 1..) = reader.read(&mut buffer) {
                if sender.send(buffer[..count].to_vec()).is_err() {
                    break;
                }
            }
        });
        let screen = vt100::Parser::new(side(rows), side(columns), 0);
        Self { master: pair.master, keyboard, output, screen, child }
    }

    /// Waits until the screen shows `words`.
    pub(crate) fn wait_for(&mut self, words: &str) {
        self.wait_until(|screen| screen.contents().contains(words));
    }

    /// Waits until the screen is as wanted.
    pub(crate) fn wait_until(&mut self, wanted: impl Fn(&vt100::Screen) -> bool) {
        let deadline = Instant::now() + PATIENCE;
        while !wanted(self.screen.screen()) {
            let left = deadline.saturating_duration_since(Instant::now());
            let bytes = self.output.recv_timeout(left);
            assert!(bytes.is_ok(), "in vain; the screen is:\n{}", self.screen.screen().contents());
            self.screen.process(&bytes.unwrap_or_default());
        }
    }

    /// Types.
    pub(crate) fn send(&mut self, keys: &str) {
        self.keyboard.write_all(keys.as_bytes()).expect("the terminal takes keys");
    }

    /// Changes the size of the terminal.
    pub(crate) fn resize(&mut self, columns: u16, rows: u16) {
        self.screen.screen_mut().set_size(side(rows), side(columns));
        self.master.resize(size(columns, rows)).expect("the terminal can be resized");
    }

    /// Waits for the end of the program; what it drew last is on the screen then.
    pub(crate) fn exit_code(&mut self) -> u32 {
        let code = self.child.wait().expect("the program ends").exit_code();
        while let Ok(bytes) = self.output.recv_timeout(Duration::from_millis(200)) {
            self.screen.process(&bytes);
        }
        code
    }

    /// Whether the program has the terminal for itself.
    pub(crate) fn in_full_screen(&self) -> bool {
        self.screen.screen().alternate_screen()
    }

    /// Whether any cell has a colour.
    pub(crate) fn has_colour(&self) -> bool {
        let screen = self.screen.screen();
        let (rows, columns) = screen.size();
        let coloured = |colour| colour != vt100::Color::Default;
        (0..rows.get())
            .flat_map(|row| (0..columns.get()).map(move |column| (row, column)))
            .filter_map(|(row, column)| screen.cell(row, column))
            .any(|cell| coloured(cell.fgcolor()) || coloured(cell.bgcolor()))
    }

    /// Checks that nothing of the program is left in the terminal.
    pub(crate) fn assert_restored(&self) {
        let screen = self.screen.screen();
        assert!(!screen.alternate_screen(), "still in the alternate screen");
        assert!(!screen.hide_cursor(), "the cursor is still hidden");
        assert_eq!(screen.mouse_protocol_mode(), vt100::MouseProtocolMode::None);
    }
}

fn size(columns: u16, rows: u16) -> PtySize {
    PtySize { rows, cols: columns, pixel_width: 0, pixel_height: 0 }
}

fn side(length: u16) -> std::num::NonZero<u16> {
    std::num::NonZero::new(length).expect("tests use terminals with at least one cell")
}
