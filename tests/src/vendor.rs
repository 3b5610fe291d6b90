//! A vendor with a token.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;

use crate::binaries::Binaries;
use crate::command::Outcome;

/// Somebody who publishes.
#[derive(Clone)]
pub struct Vendor {
    program: PathBuf,
    server: String,
    token: String,
}

impl Vendor {
    /// A vendor of a server.
    pub fn new(binaries: &Binaries, server: &str, token: &str) -> Self {
        let program = binaries.path("trybuy-vendor");
        Self { program, server: server.to_owned(), token: token.to_owned() }
    }

    /// `trybuy-vendor` with server and token, to be added to.
    pub fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        command.env("TRYBUY_SERVER", &self.server).env("TRYBUY_TOKEN", &self.token);
        command
    }

    /// Runs a command to its end.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn run<S: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = S>) -> Result<Outcome> {
        Outcome::of(self.command().args(arguments))
    }

    /// Publishes an application.
    ///
    /// # Errors
    /// When it fails.
    pub fn publish(&self, manifest: &Path) -> Result<Outcome> {
        self.run([OsStr::new("publish"), manifest.as_os_str()])?.success()
    }
}

/// An application to be published: a manifest with its texts, written into a folder.
pub struct Application<'a> {
    /// Application id.
    pub id: &'a str,
    /// Name for people.
    pub name: &'a str,
    /// Version.
    pub version: &'a str,
    /// The program's file.
    pub program: &'a Path,
    /// The lines of `[trial]`.
    pub trial: &'a str,
    /// `zstd` or `none`.
    pub compression: &'a str,
}

/// Trials of a day with the acceptance that needs no answer.
pub const EASY_TRIAL: &str = r#"
duration = "1d"
expiration = "hard"
trials = 1
acceptance = "passive"
layout = "leading"
"#;

impl Application<'_> {
    /// Writes the manifest and its texts; answers the manifest's path.
    ///
    /// # Errors
    /// When the folder cannot be written.
    pub fn write(&self, folder: &Path) -> Result<PathBuf> {
        std::fs::create_dir_all(folder)?;
        std::fs::write(folder.join("guide.md"), format!("# {}\n\nA guide.\n", self.name))?;
        std::fs::write(folder.join("TERMS.md"), format!("Terms of {}.\n", self.name))?;
        let Self { id, name, version, program, trial, compression } = self;
        let program = program.display();
        let manifest = format!(
            r#"[application]
id = "{id}"
name = "{name}"
version = "{version}"
summary = "{name} for the tests"
documentation = "guide.md"
terms = "TERMS.md"

[[program]]
platform = "x86_64-linux"
kind = "native"
path = "{program}"
compression = "{compression}"

[trial]
{trial}"#
        );
        let path = folder.join("trybuy.toml");
        std::fs::write(&path, manifest)?;
        Ok(path)
    }
}
