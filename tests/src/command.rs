//! Running a program to its end and looking at what it said.

use std::fmt;
use std::io::Write as _;
use std::os::unix::process::ExitStatusExt as _;
use std::process::{Command, Output, Stdio};

use anyhow::{Context as _, Result, ensure};

/// What a program that has ended left behind.
#[derive(Clone, PartialEq, Eq)]
pub struct Outcome {
    /// Its exit code; 128 + signal if it was killed.
    pub code: i32,
    /// Its standard output.
    pub stdout: String,
    /// Its standard error.
    pub stderr: String,
}

impl Outcome {
    /// Runs a command to its end, with nothing on standard input.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn of(command: &mut Command) -> Result<Self> {
        command.stdin(Stdio::null());
        let output = command.output().with_context(|| format!("cannot run {command:?}"))?;
        Ok(Self::from(output))
    }

    /// Runs a command to its end, with the given bytes on standard input.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn with_input(command: &mut Command, input: &[u8]) -> Result<Self> {
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().with_context(|| format!("cannot run {command:?}"))?;
        let mut stdin = child.stdin.take().context("standard input is a pipe")?;
        let writer = std::thread::spawn({
            let input = input.to_owned();
            // A program may well end before it has read everything: a broken pipe is no fault.
            move || drop(stdin.write_all(&input))
        });
        let output = child.wait_with_output()?;
        drop(writer.join());
        Ok(Self::from(output))
    }

    /// The outcome, if the program ended with 0.
    ///
    /// # Errors
    /// Otherwise, with all that it said.
    pub fn success(self) -> Result<Self> {
        ensure!(self.code == 0, "it failed: {self}");
        Ok(self)
    }

    /// The outcome, if the program ended with that code and `error[slug]` on standard error.
    ///
    /// # Errors
    /// Otherwise, with all that it said.
    pub fn refused(self, code: i32, slug: &str) -> Result<Self> {
        let named = self.stderr.contains(&format!("error[{slug}]: "));
        let helpful = self.stderr.contains("help: ");
        ensure!(
            self.code == code && named && helpful,
            "expected code {code} with error[{slug}] and help, but: {self}"
        );
        Ok(self)
    }

    /// Standard output as JSON.
    ///
    /// # Errors
    /// When it is not JSON.
    pub fn json(&self) -> Result<serde_json::Value> {
        serde_json::from_str(&self.stdout).with_context(|| format!("not JSON: {self}"))
    }
}

impl From<Output> for Outcome {
    fn from(output: Output) -> Self {
        let killed = || output.status.signal().map_or(-1, |signal| 128 + signal);
        Self {
            code: output.status.code().unwrap_or_else(killed),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { code, stdout, stderr } = self;
        write!(f, "exit code {code}\n--- stdout\n{stdout}\n--- stderr\n{stderr}")
    }
}
