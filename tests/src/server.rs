//! A real server process on a port of its own.

use std::ffi::OsStr;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context as _, Result, ensure};
use rustix::process::{Pid, Signal, kill_process};

use crate::binaries::Binaries;
use crate::command::Outcome;
use crate::wait;

/// How a server is started, again and again on the same data.
#[derive(Clone)]
pub struct ServerSetup {
    program: PathBuf,
    data_dir: PathBuf,
    listen: String,
    role: Option<&'static str>,
    variables: Vec<(String, String)>,
}

impl ServerSetup {
    /// Makes the data directory with its keys and database (`trybuy-server init`).
    ///
    /// # Errors
    /// When the server refuses.
    pub fn init(binaries: &Binaries, data_dir: &Path, variables: &[(&str, &str)]) -> Result<Self> {
        let setup = Self::existing(binaries, data_dir, variables);
        setup.run(["init"])?.success()?;
        Ok(setup)
    }

    /// A data directory that has been made.
    pub fn existing(binaries: &Binaries, data_dir: &Path, variables: &[(&str, &str)]) -> Self {
        let own = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        Self {
            program: binaries.path("trybuy-server"),
            data_dir: data_dir.to_owned(),
            listen: "127.0.0.1:0".to_owned(),
            role: None,
            variables: variables.iter().map(own).collect(),
        }
    }

    /// The data directory.
    pub fn data_dir(&self) -> &Path {
        &self.data_dir
    }

    /// The same with another variable in its environment.
    #[must_use]
    pub fn with_variable(mut self, name: &str, value: &str) -> Self {
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The same by a clock that is wrong by what a file says, as `faketime` reads it.
    #[must_use]
    pub fn by_clock(self, library: &str, file: &Path) -> Self {
        self.with_variable("LD_PRELOAD", library)
            .with_variable("FAKETIME_TIMESTAMP_FILE", &file.display().to_string())
            .with_variable("FAKETIME_NO_CACHE", "1")
            .with_variable("FAKETIME_DONT_FAKE_MONOTONIC", "1")
    }

    /// The same in another role than the catalog.
    #[must_use]
    pub fn in_role(self, role: &'static str) -> Self {
        Self { role: Some(role), ..self }
    }

    /// Runs a command of the server to its end.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn run<S: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = S>) -> Result<Outcome> {
        Outcome::of(self.command().args(arguments))
    }

    /// A vendor's token.
    ///
    /// # Errors
    /// When the server refuses.
    pub fn vendor_token(&self, name: &str) -> Result<String> {
        let made = self.run(["token", "create", "--role", "vendor", "--name", name])?.success()?;
        Ok(made.stdout.trim().to_owned())
    }

    /// Starts the server and waits until it answers.
    ///
    /// # Errors
    /// When it ends before.
    pub fn serve(&self) -> Result<Server> {
        let mut command = self.command();
        command.args(["serve", "--listen", &self.listen]);
        command.args(self.role.iter().flat_map(|role| ["--role", role]));
        command.stdin(Stdio::null()).stdout(Stdio::piped());
        let log = std::fs::File::create(self.data_dir.join("server.log"))?;
        let mut child = command.stderr(log).spawn().context("cannot start the server")?;
        let stdout = child.stdout.take().context("standard output is a pipe")?;
        let mut lines = BufReader::new(stdout).lines();
        let line = lines.next().context("the server ended before it listened")??;
        let url = line.strip_prefix("listening on ").context("not the address line")?.to_owned();
        Ok(Server { child, url, stays: false })
    }

    /// Starts it where another one was that has ended.
    ///
    /// # Errors
    /// When it ends before it answers.
    pub fn serve_again(&self, ended: &Server) -> Result<Server> {
        Self { listen: ended.address().to_owned(), ..self.clone() }.serve()
    }

    /// `trybuy-server` with its data directory, to be added to.
    pub fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        command.arg("--data-dir").arg(&self.data_dir);
        let named = self.variables.iter().map(|(name, value)| (name, value));
        command.env_remove("TRYBUY_SERVER").envs(named);
        command
    }
}

/// A running server; it is killed when this is dropped.
pub struct Server {
    child: Child,
    url: String,
    stays: bool,
}

impl Server {
    /// Its address, `http://HOST:PORT`.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Its address without the scheme, `HOST:PORT`.
    pub fn address(&self) -> &str {
        self.url.split_once("://").map_or(&self.url, |(_, address)| address)
    }

    /// Its process id.
    pub fn process_id(&self) -> u32 {
        self.child.id()
    }

    /// Kills it at once, as `kill -9` does, and waits until it is gone.
    ///
    /// # Errors
    /// When it cannot be killed.
    pub fn kill(mut self) -> Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }

    /// Kills it at once, as `kill -9` does; its address stays known.
    ///
    /// # Errors
    /// When it cannot be killed.
    pub fn end(&mut self) -> Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }

    /// Asks it to end, as `kill` does, and waits until it is gone; its address stays known.
    ///
    /// # Errors
    /// When it does not end in time, or not with 0.
    pub fn terminate(&mut self) -> Result<()> {
        kill_process(Pid::from_child(&self.child), Signal::TERM)?;
        wait::until("the end of the server", || Ok(self.child.try_wait()?.is_some()))?;
        let status = self.child.wait()?;
        ensure!(status.success(), "the server ended with {status}");
        Ok(())
    }

    /// Lets it stand still.
    ///
    /// # Errors
    /// When it cannot be told.
    pub fn pause(&self) -> Result<()> {
        Ok(kill_process(Pid::from_child(&self.child), Signal::STOP)?)
    }

    /// Lets it go on.
    ///
    /// # Errors
    /// When it cannot be told.
    pub fn resume(&self) -> Result<()> {
        Ok(kill_process(Pid::from_child(&self.child), Signal::CONT)?)
    }

    /// Leaves it running when this is dropped.
    pub fn leave(mut self) {
        self.stays = true;
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if self.stays {
            return;
        }
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
