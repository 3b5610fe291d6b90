//! A Builder with a data directory of its own: a user on a machine.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result};
use serde_json::Value;

use crate::binaries::Binaries;
use crate::command::Outcome;

/// A user's Builder.
#[derive(Clone)]
pub struct Builder {
    program: PathBuf,
    data_dir: PathBuf,
}

impl Builder {
    /// A Builder that has not been set up, on a data directory that need not exist.
    pub fn new(binaries: &Binaries, data_dir: &Path) -> Self {
        Self { program: binaries.path("trybuy"), data_dir: data_dir.to_owned() }
    }

    /// Its data directory.
    pub fn data_dir(&self) -> &Path {
        &self.data_dir
    }

    /// The stored file of an application, in the client storage format.
    pub fn stored_file(&self, application: &str) -> PathBuf {
        self.data_dir.join("library").join(application).join("app.trybuy")
    }

    /// `trybuy` with its data directory, to be added to.
    pub fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        command.arg("--data-dir").arg(&self.data_dir).env_remove("TRYBUY_SERVER");
        command
    }

    /// Runs a command of the Builder to its end.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn run<S: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = S>) -> Result<Outcome> {
        Outcome::of(self.command().args(arguments))
    }

    /// `trybuy setup`, accepting the Builder's terms.
    ///
    /// # Errors
    /// When it fails.
    pub fn setup(&self, url: &str, name: &str, email: &str) -> Result<Outcome> {
        let terms = ["--name", name, "--email", email, "--accept-terms"];
        self.run([["setup", url].as_slice(), &terms].concat())?.success()
    }

    /// `trybuy list --json`: the line of one application.
    ///
    /// # Errors
    /// When the list fails or does not hold it.
    pub fn listed(&self, application: &str) -> Result<Value> {
        let list = self.run(["list", "--json"])?.success()?.json()?;
        let lines = list.as_array().context("a list")?;
        let line = lines.iter().find(|line| line["application"] == application);
        line.cloned().with_context(|| format!("{application} is not in {list}"))
    }
}
