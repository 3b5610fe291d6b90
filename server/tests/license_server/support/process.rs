//! The real program.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;
use trybuy_tests::command::Outcome;
use trybuy_tests::running::Running;

/// The real program in a directory of its own.
pub(crate) struct Program {
    pub(crate) directory: TempDir,
}

/// A running server; it is ended by a signal when dropped.
pub(crate) struct Serving {
    child: Child,
    pub(crate) url: String,
}

impl Program {
    pub(crate) fn new() -> Self {
        Self { directory: tempfile::tempdir().expect("a directory") }
    }

    pub(crate) fn path(&self, name: &str) -> String {
        self.directory.path().join(name).to_str().expect("UTF-8").to_owned()
    }

    /// A license server that runs, and what it logs in a file.
    pub(crate) fn serve_with_log(&self) -> (Serving, String) {
        let log = self.path("server.log");
        let file = std::fs::File::create(&log).expect("a file");
        (self.start("license-server", "info", file.into()), log)
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_trybuy-server"));
        command.arg("--data-dir").arg(self.directory.path().join("data")).args(arguments);
        command.current_dir(self.directory.path()).stdin(Stdio::null());
        for variable in ["TRYBUY_LISTEN", "TRYBUY_DATABASE_URL", "TRYBUY_ROLE"] {
            command.env_remove(variable);
        }
        command
    }

    /// Runs a command, which has to end: a server that starts in place of being refused does not.
    pub(crate) fn run(&self, arguments: &[&str]) -> Outcome {
        outcome(&mut self.command(arguments))
    }

    /// What a command prints that succeeds.
    pub(crate) fn done(&self, arguments: &[&str]) -> String {
        self.done_with(arguments, &[])
    }

    /// The same with variables of the environment.
    pub(crate) fn done_with(&self, arguments: &[&str], variables: &[(&str, &str)]) -> String {
        let mut command = self.command(arguments);
        let Outcome { code, stdout, stderr } = outcome(command.envs(variables.iter().copied()));
        assert_eq!(code, 0, "{arguments:?}: {stderr}");
        stdout
    }

    /// What it prints as JSON.
    pub(crate) fn json(&self, arguments: &[&str]) -> Value {
        serde_json::from_str(&self.done(arguments)).expect("JSON")
    }

    /// Asserts that a command fails with a slug, and says what to do.
    pub(crate) fn refused(&self, arguments: &[&str], slug: &str) -> String {
        let Outcome { code, stderr: error, .. } = self.run(arguments);
        let expected = if slug == "usage" { 2 } else { 1 };
        assert_eq!(code, expected, "{arguments:?}: {error}");
        assert!(error.contains(&format!("error[{slug}]")), "{arguments:?}: {error}");
        assert!(error.contains("help: "), "{error}");
        error
    }

    /// A license server that runs.
    pub(crate) fn serve(&self) -> Serving {
        self.serve_as("license-server")
    }

    /// The same of another role.
    pub(crate) fn serve_as(&self, role: &str) -> Serving {
        self.start(role, "off", Stdio::inherit())
    }

    fn start(&self, role: &str, level: &str, log: Stdio) -> Serving {
        let arguments = ["serve", "--role", role, "--listen", "127.0.0.1:0", "--log", level];
        let mut command = self.command(&arguments);
        let mut child = command.stdout(Stdio::piped()).stderr(log).spawn().expect("started");
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("a pipe")).read_line(&mut line).expect("a line");
        let url = line.trim().strip_prefix("listening on ").expect("the address");
        Serving { url: format!("{url}/api/v1"), child }
    }

    pub(crate) fn data(&self) -> std::path::PathBuf {
        self.directory.path().join("data")
    }

    pub(crate) fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> String {
        let path = self.path(name);
        std::fs::write(Path::new(&path), bytes).expect("written");
        path
    }
}

fn outcome(command: &mut Command) -> Outcome {
    Running::start(command).and_then(Running::wait).expect("it ends")
}

impl Serving {
    /// Ends it as an operator does.
    pub(crate) fn stop(mut self) {
        self.end();
    }

    fn end(&mut self) {
        let id = self.child.id().to_string();
        drop(Command::new("kill").args(["-TERM", &id]).status());
        drop(self.child.wait());
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(None)) {
            self.end();
        }
    }
}
