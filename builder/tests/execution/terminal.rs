//! Programs in a terminal.

use std::fs;
use std::io::{BufRead, BufReader, Write};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use crate::Case;
use crate::expect::{Output, wait_until};
use crate::process::{Watched, ourselves};

pub(crate) const CASES: &[Case] = &[
    ("interrupt_key_reaches_the_program_once", interrupt_key_reaches_the_program_once),
    ("interrupt_key_ends_a_loop_of_the_shell", interrupt_key_ends_a_loop_of_the_shell),
    ("a_change_of_size_reaches_the_program_once", a_change_of_size_reaches_the_program_once),
    ("suspend_key_and_fg_work_in_a_shell", suspend_key_and_fg_work_in_a_shell),
    (
        "a_program_that_stops_itself_gives_the_shell_back",
        a_program_that_stops_itself_gives_the_shell_back,
    ),
    (
        "a_killed_program_leaves_the_terminal_in_order",
        a_killed_program_leaves_the_terminal_in_order,
    ),
    ("closing_the_terminal_reaches_the_program", closing_the_terminal_reaches_the_program),
    ("the_keys_work_for_what_a_program_left", the_keys_work_for_what_a_program_left),
];

/// A process in a terminal of its own. Dropping it closes the terminal, which ends the process.
struct Terminal {
    master: Box<dyn MasterPty + Send>,
    keys: Box<dyn Write + Send>,
    screen: Output,
    child: Box<dyn Child + Send + Sync>,
}

impl Terminal {
    fn start(mut command: CommandBuilder) -> Self {
        // Not the home folder of whoever started the tests.
        command.cwd("/");
        let terminal = native_pty_system().openpty(PtySize::default()).unwrap();
        let child = terminal.slave.spawn_command(command).unwrap();
        drop(terminal.slave);
        Self {
            keys: terminal.master.take_writer().unwrap(),
            screen: Output::new(terminal.master.try_clone_reader().unwrap()),
            master: terminal.master,
            child,
        }
    }

    /// An interactive shell with job control.
    fn shell() -> Self {
        let mut command = CommandBuilder::new("/bin/sh");
        command.args(["-i"]);
        command.env("PS1", "prompt> ");
        command.env("ENV", "");
        command.env("LAUNCHER", ourselves());
        let mut shell = Self::start(command);
        shell.screen.expect("prompt> ");
        shell
    }

    fn send(&self, signal: Signal) {
        let launcher = self.child.process_id().unwrap().cast_signed();
        kill_process(Pid::from_raw(launcher).unwrap(), signal).unwrap();
    }

    /// Does something that makes the terminal send a signal, waits until the program has got it,
    /// and only then lets the launcher handle it: a second signal from the launcher, while the
    /// first is pending, would not be seen.
    fn with_late_launcher(&mut self, act: impl FnOnce(&mut Self), wanted: &str) {
        self.send(Signal::STOP);
        act(self);
        self.screen.expect(wanted);
        self.send(Signal::CONT);
        // It handles one after the other.
        self.send(Signal::USR1);
        self.screen.expect("got 10\r\n");
    }

    fn press(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).unwrap();
    }
}

/// A launcher with a payload, directly in the terminal.
fn launched(payload: &[&str]) -> Terminal {
    let mut command = CommandBuilder::new(ourselves());
    command.args(["launcher"]);
    command.arg(ourselves());
    command.args(["payload"]);
    command.args(payload);
    Terminal::start(command)
}

fn interrupt_key_reaches_the_program_once() {
    let mut terminal = launched(&["count", "2", "10"]);
    terminal.screen.expect_ready();
    terminal.with_late_launcher(|terminal| terminal.press("\x03"), "got 2\r\n");
    terminal.press("enough\n");
    terminal.screen.expect("total 2 1\r\n");
    assert!(terminal.child.wait().unwrap().success());
}

fn interrupt_key_ends_a_loop_of_the_shell() {
    let mut shell = Terminal::shell();
    let launch = "\"$LAUNCHER\" launcher \"$LAUNCHER\" payload pause";
    shell.press(&format!("while true; do {launch}; echo ag\"\"ain; done\n"));
    shell.screen.expect_ready();
    shell.press("\x03");
    let between = shell.screen.expect("prompt> ");
    assert!(!between.contains("again\r\n"), "{between}");
    shell.press("echo code $?\n");
    shell.screen.expect("code 130\r\n");
}

fn a_change_of_size_reaches_the_program_once() {
    let mut terminal = launched(&["count", "10", "28"]);
    terminal.screen.expect_ready();
    let size = PtySize { rows: 33, cols: 111, ..PtySize::default() };
    let resize = |terminal: &mut Terminal| terminal.master.resize(size).unwrap();
    terminal.with_late_launcher(resize, "got 28\r\nsize 111x33\r\n");
    terminal.press("enough\n");
    terminal.screen.expect("total 28 1\r\n");
}

fn suspend_key_and_fg_work_in_a_shell() {
    let mut shell = Terminal::shell();
    shell.press("\"$LAUNCHER\" launcher \"$LAUNCHER\" payload count 18\n");
    shell.screen.expect_ready();
    shell.press("\x1a");
    shell.screen.expect("prompt> ");
    shell.press("jobs\n");
    shell.screen.expect("Stopped");
    shell.screen.expect("prompt> ");
    shell.press("fg\n");
    shell.screen.expect("got 18\r\n");
    shell.press("enough\n");
    shell.screen.expect("total 18 1\r\n");
    shell.screen.expect("prompt> ");
    shell.press("echo code $?\n");
    shell.screen.expect("code 0\r\n");
}

fn a_program_that_stops_itself_gives_the_shell_back() {
    let mut shell = Terminal::shell();
    shell.press("\"$LAUNCHER\" launcher /bin/sh -c 'kill -STOP $$; echo con\"\"tinued; exit 5'\n");
    shell.screen.expect("prompt> ");
    shell.press("fg\n");
    shell.screen.expect("continued\r\n");
    shell.screen.expect("prompt> ");
    shell.press("echo code $?\n");
    shell.screen.expect("code 5\r\n");
}

fn a_killed_program_leaves_the_terminal_in_order() {
    let mut command = CommandBuilder::new("/bin/sh");
    let script = "\"$0\" launcher /bin/sh -c 'stty raw -echo; kill -KILL $$'; \
                  echo code $?; stty -a; echo end";
    command.args(["-c", script]);
    command.arg(ourselves());
    let mut terminal = Terminal::start(command);
    terminal.screen.expect("code 137\r\n");
    let settings = terminal.screen.expect("end");
    assert!(settings.contains(" icanon") && settings.contains(" echo "), "{settings}");
}

fn closing_the_terminal_reaches_the_program() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("hangup");
    let mut command = CommandBuilder::new(ourselves());
    command.args(["launcher", "/bin/sh", "-c"]);
    // The terminal is gone by then, so it can only leave a note. The shell sees the end of its
    // input as well, perhaps first, and then waits for the signal.
    command.arg(
        "trap 'echo gone >\"$0\"; kill $! 2>/dev/null; exit' HUP; echo ready; \
         while read line; do :; done; sleep 20 & wait $!",
    );
    command.arg(&file);
    command.cwd("/");
    let terminal = native_pty_system().openpty(PtySize::default()).unwrap();
    let mut child = terminal.slave.spawn_command(command).unwrap();
    drop(terminal.slave);
    // Read here and not in a thread, because the terminal closes with its last descriptor.
    let mut screen = BufReader::new(terminal.master.try_clone_reader().unwrap());
    screen.read_line(&mut String::new()).unwrap();
    drop((screen, terminal.master));
    let ended = Watched::new(child.process_id().unwrap().cast_signed()).ends();
    let _ = child.kill();
    child.wait().unwrap();
    assert!(ended);
    assert_eq!(fs::read_to_string(file).unwrap(), "gone\n");
}

fn the_keys_work_for_what_a_program_left() {
    let mut shell = Terminal::shell();
    // It has left the terminal, so that no key reaches it without the launcher.
    let daemon =
        "trap \"echo as\"\"ked; exit\" TERM; echo rea\"\"dy $$; while :; do sleep 0.05; done";
    shell.press(&format!("export DAEMON='{daemon}'\n"));
    shell.screen.expect("prompt> ");
    let launch = "\"$LAUNCHER\" launcher --tick 600000 /bin/sh -c";
    shell.press(&format!("{launch} 'setsid sh -c \"$DAEMON\" & exit 3'\n"));
    shell.screen.expect_ready();
    shell.screen.expect("OthersRunOn");
    let launcher = shell.master.process_group_leader();
    shell.press("\x1a");
    shell.screen.expect("prompt> ");
    shell.press("fg\n");
    wait_until("in the foreground", || shell.master.process_group_leader() == launcher);
    shell.press("\x03");
    shell.screen.expect("asked\r\n");
    shell.screen.expect("prompt> ");
    shell.press("echo code $?\n");
    shell.screen.expect("code 3\r\n");
}
