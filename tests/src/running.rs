//! A program that is running, so that something can happen to it.

use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};

use anyhow::{Context as _, Result};
use rustix::process::{Pid, Signal, kill_process};

use crate::command::Outcome;
use crate::wait;

/// A running program; it is killed when this is dropped.
pub struct Running {
    child: Child,
    stdout: File,
    stderr: File,
}

impl Running {
    /// Starts a command with nothing on standard input.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn start(command: &mut Command) -> Result<Self> {
        Self::start_with(command, Stdio::null())
    }

    /// Starts a command whose standard input stays open and silent until it ends.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn waiting(command: &mut Command) -> Result<Self> {
        Self::start_with(command, Stdio::piped())
    }

    /// Output goes to files and not to pipes: whoever inherits them cannot hold up the tests.
    fn start_with(command: &mut Command, stdin: Stdio) -> Result<Self> {
        let (stdout, stderr) = (tempfile::tempfile()?, tempfile::tempfile()?);
        command.stdin(stdin).stdout(stdout.try_clone()?).stderr(stderr.try_clone()?);
        let child = command.spawn().with_context(|| format!("cannot run {command:?}"))?;
        Ok(Self { child, stdout, stderr })
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// What it has written to standard output.
    ///
    /// # Errors
    /// When that cannot be read.
    pub fn stdout(&self) -> Result<String> {
        text(&self.stdout)
    }

    /// What it has written to standard error.
    ///
    /// # Errors
    /// When that cannot be read.
    pub fn stderr(&self) -> Result<String> {
        text(&self.stderr)
    }

    /// Waits for the first line on standard output.
    ///
    /// # Errors
    /// When the program ends before it.
    pub fn first_line(&mut self) -> Result<String> {
        wait::until("a line of output", || Ok(self.stdout()?.contains('\n') || self.has_ended()?))?;
        let output = self.stdout()?;
        let line = output.split_once('\n').map(|(line, _)| line.to_owned());
        line.with_context(|| format!("it ended without a line: {:?}", self.stderr()))
    }

    /// Whether it has ended.
    ///
    /// # Errors
    /// When the system does not say.
    pub fn has_ended(&mut self) -> Result<bool> {
        Ok(self.child.try_wait()?.is_some())
    }

    /// Ends its standard input.
    pub fn end_input(&mut self) {
        drop(self.child.stdin.take());
    }

    /// Asks it to end, as `kill` does.
    ///
    /// # Errors
    /// When it has ended before.
    pub fn terminate(&self) -> Result<()> {
        Ok(kill_process(Pid::from_child(&self.child), Signal::TERM)?)
    }

    /// Kills it at once, as `kill -9` does, and waits until it is gone.
    ///
    /// # Errors
    /// When it cannot be killed.
    pub fn kill(mut self) -> Result<Outcome> {
        self.child.kill()?;
        let status = self.child.wait()?;
        self.outcome(status)
    }

    /// Waits for its end.
    ///
    /// # Errors
    /// When it does not end in time.
    pub fn wait(mut self) -> Result<Outcome> {
        let waited = wait::until("the end of a program", || self.has_ended());
        waited.with_context(|| format!("stderr: {:?}", self.stderr()))?;
        let status = self.child.wait()?;
        self.outcome(status)
    }

    fn outcome(&self, status: ExitStatus) -> Result<Outcome> {
        let (stdout, stderr) = (self.stdout()?.into_bytes(), self.stderr()?.into_bytes());
        Ok(Outcome::from(std::process::Output { status, stdout, stderr }))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// The whole file; the offset, which the program writes at, stays.
fn text(file: &File) -> Result<String> {
    let length = usize::try_from(file.metadata()?.len())?;
    let mut bytes = vec![0; length];
    file.read_exact_at(&mut bytes, 0)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// Whether a process exists and is no zombie.
pub fn is_alive(id: u32) -> bool {
    let status = std::fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
    // The state stands after the name, which stands in parentheses.
    let state = status.rsplit_once(") ").and_then(|(_, rest)| rest.chars().next());
    !matches!(state, None | Some('Z' | 'X'))
}

/// The processes whose parent is the given one.
///
/// # Errors
/// When the processes cannot be listed.
pub fn children_of(id: u32) -> Result<Vec<u32>> {
    let mut children = Vec::new();
    for entry in Path::new("/proc").read_dir()?.flatten() {
        let Some(child) = entry.file_name().to_str().and_then(|name| name.parse().ok()) else {
            continue;
        };
        let status = std::fs::read_to_string(entry.path().join("stat")).unwrap_or_default();
        let parent = status.rsplit_once(") ").and_then(|(_, rest)| rest.split(' ').nth(1));
        if parent.and_then(|parent| parent.parse().ok()) == Some(id) {
            children.push(child);
        }
    }
    Ok(children)
}
