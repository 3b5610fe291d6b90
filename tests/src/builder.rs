//! A Builder with a data directory of its own: a user on a machine.

use std::ffi::OsStr;
use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;
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
    is_nobodys: bool,
}

/// The user and group without any rights.
const NOBODY: u32 = 65534;

impl Builder {
    /// A Builder that has not been set up, on a data directory that need not exist.
    pub fn new(binaries: &Binaries, data_dir: &Path) -> Self {
        let program = binaries.path("trybuy");
        Self { program, data_dir: data_dir.to_owned(), is_nobodys: false }
    }

    /// A Builder of the user `nobody`, with program and data directory in a folder that is given
    /// to them. Only root can start it.
    ///
    /// # Errors
    /// When the folder cannot be written.
    pub fn of_nobody(binaries: &Binaries, folder: &Path) -> Result<Self> {
        // Built programs may be where only their owner looks.
        std::fs::create_dir_all(folder)?;
        let program = folder.join("trybuy");
        std::fs::copy(binaries.path("trybuy"), &program)?;
        let data_dir = folder.join("data");
        std::fs::create_dir(&data_dir)?;
        std::fs::set_permissions(folder, Permissions::from_mode(0o755))?;
        std::os::unix::fs::chown(&data_dir, Some(NOBODY), Some(NOBODY))?;
        Ok(Self { program, data_dir, is_nobodys: true })
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
        let mut command =
            if self.is_nobodys { as_nobody(&self.program) } else { Command::new(&self.program) };
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

/// A program to be run by the user `nobody`, without any of root's rights.
pub fn as_nobody(program: &Path) -> Command {
    let mut command = Command::new("setpriv");
    command.args([format!("--reuid={NOBODY}"), format!("--regid={NOBODY}")]);
    command.args(["--clear-groups", "--inh-caps=-all", "--bounding-set=-all", "--"]);
    command.arg(program).current_dir("/");
    command
}
