//! `trybuy connect`: a local door to the service behind a gateway.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, ExitStatus, Stdio};

use anyhow::{Context as _, Result};
use rustix::process::{Pid, Signal, kill_process};

use super::gateway::Gateway;
use crate::builder::Builder;

/// A running door; it ends when this is dropped.
pub struct Door {
    child: Child,
    url: String,
}

impl Door {
    /// Opens one for a client, and waits until it answers.
    ///
    /// # Errors
    /// When it ends before.
    pub fn open(client: &Builder, gateway: &Gateway) -> Result<Self> {
        let mut command = client.command();
        command.args(["connect", gateway.url(), "--ca"]).arg(gateway.certificate());
        command.stdin(Stdio::null()).stdout(Stdio::piped());
        let mut child = command.spawn().context("cannot run trybuy")?;
        let stdout = child.stdout.take().context("standard output is a pipe")?;
        let line = BufReader::new(stdout).lines().next().context("it ended")??;
        let url = line.strip_prefix("listening on ").context("not the address line")?.to_owned();
        Ok(Self { child, url })
    }

    /// Its address, `http://HOST:PORT`.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Asks it to close, and waits until it has.
    ///
    /// # Errors
    /// When it cannot be asked.
    pub fn close(&mut self) -> Result<ExitStatus> {
        kill_process(Pid::from_child(&self.child), Signal::TERM)?;
        Ok(self.child.wait()?)
    }
}

impl Drop for Door {
    fn drop(&mut self) {
        self.child.kill().ok();
        drop(self.child.wait());
    }
}
