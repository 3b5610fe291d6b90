//! Processes of a test.

use std::fs::File;
use std::io::Write;
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Output as Finished, Stdio};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, Signal, kill_process, pidfd_open, pidfd_send_signal};

use crate::expect::{Output, PATIENCE};

/// This executable.
pub(crate) fn ourselves() -> PathBuf {
    std::env::current_exe().unwrap()
}

/// This executable in a role.
pub(crate) fn role(arguments: &[&str]) -> Command {
    let mut command = Command::new(ourselves());
    command.args(arguments);
    command
}

/// A launcher with these options and the program after them.
pub(crate) fn launcher(arguments: &[&str]) -> Command {
    let mut command = role(&["launcher"]);
    command.args(arguments);
    command
}

/// A launcher that launches this executable as a payload.
pub(crate) fn launch_payload(options: &[&str], payload: &[&str]) -> Command {
    let mut command = launcher(options);
    command.arg(ourselves()).arg("payload").args(payload);
    command
}

/// Runs a command to its end, with nothing on its standard input.
pub(crate) fn finish(mut command: Command) -> Finished {
    command.stdin(Stdio::null()).output().unwrap()
}

/// The exit code of a command; its output goes into the message if it was killed.
pub(crate) fn exit_code(command: Command) -> i32 {
    let finished = finish(command);
    finished.status.code().unwrap_or_else(|| panic!("killed: {finished:?}"))
}

/// Standard output as text.
pub(crate) fn text(finished: &Finished) -> String {
    String::from_utf8_lossy(&finished.stdout).into_owned()
}

/// Standard error as text.
pub(crate) fn errors(finished: &Finished) -> String {
    String::from_utf8_lossy(&finished.stderr).into_owned()
}

/// A running command whose output is read as it comes. Dropping it kills it.
pub(crate) struct Running {
    child: Child,
    pub(crate) input: Option<ChildStdin>,
    pub(crate) output: Output,
}

impl Running {
    pub(crate) fn start(mut command: Command) -> Self {
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let input = child.stdin.take();
        let output = Output::new(child.stdout.take().unwrap());
        Self { child, input, output }
    }

    pub(crate) fn pid(&self) -> Pid {
        Pid::from_child(&self.child)
    }

    pub(crate) fn send(&self, signal: Signal) {
        kill_process(self.pid(), signal).unwrap();
    }

    pub(crate) fn say(&mut self, line: &str) {
        let input = self.input.as_mut().unwrap();
        writeln!(input, "{line}").unwrap();
    }

    /// Ends its input, waits for it, and returns how it ended.
    pub(crate) fn wait(&mut self) -> std::process::ExitStatus {
        self.input = None;
        let watched = Watched::new(self.pid().as_raw_nonzero().get());
        assert!(watched.ends(), "the process does not end");
        self.child.wait().unwrap()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Some process whose end can be waited for.
pub(crate) struct Watched(rustix::fd::OwnedFd);

impl Watched {
    pub(crate) fn new(pid: i32) -> Self {
        let pid = Pid::from_raw(pid).unwrap();
        Self(pidfd_open(pid, PidfdFlags::empty()).unwrap())
    }

    /// Ends it, so that a failed test leaves nothing behind.
    pub(crate) fn kill(&self) {
        let _ = pidfd_send_signal(&self.0, Signal::KILL);
    }

    pub(crate) fn ends(&self) -> bool {
        self.ends_within(PATIENCE)
    }

    pub(crate) fn has_ended(&self) -> bool {
        self.ends_within(Duration::ZERO)
    }

    fn ends_within(&self, limit: Duration) -> bool {
        let limit = Timespec::try_from(limit).unwrap();
        let descriptor = self.0.as_fd();
        let mut events = [PollFd::new(&descriptor, PollFlags::IN)];
        poll(&mut events, Some(&limit)).unwrap() == 1
    }
}

/// Whether a program of that name can be found, for tests that need tools not everyone has.
pub(crate) fn has_tool(name: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path).any(|folder| folder.join(name).exists());
    if !found {
        eprintln!("{name} is not installed: this part of the test is left out");
    }
    found
}

/// Compiles a C program without any library, to be run without a loader.
pub(crate) fn static_program(folder: &Path, source: &str) -> PathBuf {
    let [input, output] = ["static.c", "static"].map(|name| folder.join(name));
    File::create(&input).unwrap().write_all(source.as_bytes()).unwrap();
    let compiled = Command::new("cc").arg("-static").arg("-o").args([&output, &input]).output();
    let compiled = compiled.unwrap();
    assert!(compiled.status.success(), "{}", errors(&compiled));
    output
}
