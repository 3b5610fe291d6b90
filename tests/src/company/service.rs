//! A real web application behind a gateway: Python's `http.server`, which nobody here wrote.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use anyhow::{Context as _, Result};

/// A running web application that serves the files of a folder; it ends when this is dropped.
pub struct Service {
    child: Child,
    url: String,
}

impl Service {
    /// Starts one on a port of its own.
    ///
    /// # Errors
    /// When Python cannot be started.
    pub fn start(folder: &Path) -> Result<Self> {
        let mut command = Command::new("python3");
        command.args(["-u", "-m", "http.server", "--bind", "127.0.0.1", "--protocol", "HTTP/1.1"]);
        command.args(["--directory".as_ref(), folder.as_os_str()]).arg("0");
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().context("cannot run python3")?;
        let stdout = child.stdout.take().context("standard output is a pipe")?;
        let line = BufReader::new(stdout).lines().next().context("python3 ended")??;
        // "Serving HTTP on 127.0.0.1 port 34567 (http://127.0.0.1:34567/) ..."
        let url = line.split(['(', ')']).nth(1).context("no address of the service")?;
        Ok(Self { child, url: url.trim_end_matches('/').to_owned() })
    }

    /// Its address, `http://HOST:PORT`.
    pub fn url(&self) -> &str {
        &self.url
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        self.child.kill().ok();
        drop(self.child.wait());
    }
}
