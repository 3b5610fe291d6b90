//! The real program.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;
use trybuy_tests::command::Outcome;
use trybuy_tests::running::Running;

/// A directory in which commands are run: `data` is the data directory, `authority` the certifying authority's.
pub(crate) struct Commands {
    directory: TempDir,
}

const OFFICE: [&str; 6] =
    ["--product", "com.example.office", "--version", "5.0.0", "--platform-type", "non-windows"];

impl Commands {
    pub(crate) fn new() -> Self {
        Self { directory: tempfile::tempdir().expect("a directory") }
    }

    /// With an authority and a clearinghouse that has its certificate and offers what most tests order.
    pub(crate) fn with_clearinghouse() -> Self {
        let commands = Self::new();
        commands.succeed(&["authority", "init", "authority", "--name", "Test"]);
        commands.succeed(&["clearinghouse", "init", "--id", "main"]);
        commands.sign("data/clearinghouse/request.pem", "clearinghouse", "main", "main.pem");
        commands.install("main.pem");
        commands.add_office(&[]);
        commands
    }

    pub(crate) fn sign(&self, request: &str, role: &str, id: &str, out: &str) {
        let sign = ["authority", "sign", "authority", request, "--role", role, "--id", id];
        self.succeed(&[&sign[..], &["--out", out]].concat());
    }

    pub(crate) fn install(&self, certificate: &str) {
        let install = ["clearinghouse", "certificate", "install", certificate];
        self.succeed(&[&install[..], &["--authority", "authority/authority.pem"]].concat());
    }

    pub(crate) fn add_office(&self, more: &[&str]) {
        let rest = [
            "--feature",
            "print",
            "--feature",
            "edit",
            "--family",
            "office",
            "--manufacturer",
            "Example Inc",
            "--fee",
            "1200",
            "--currency",
            "EUR",
            "--description",
            "en=An office",
            "--description",
            "de=Ein Büro",
            "--valid-for",
            "365d",
        ];
        self.succeed(&[&["clearinghouse", "product", "add"], &OFFICE[..], &rest, more].concat());
    }

    /// A path in the directory.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        std::fs::write(self.path(name), content).expect("written");
    }

    pub(crate) fn read(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.path(name)).expect("read")
    }

    pub(crate) fn text(&self, name: &str) -> String {
        String::from_utf8(self.read(name)).expect("text")
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_trybuy-server"));
        command.args(["--data-dir", "data"]).args(arguments).stdin(Stdio::null());
        for variable in ["TRYBUY_LISTEN", "TRYBUY_ROLE", "TRYBUY_DATABASE_URL"] {
            command.env_remove(variable);
        }
        command.current_dir(self.directory.path());
        command
    }

    /// Runs a command, which has to end: a server that starts in place of being refused does not.
    pub(crate) fn run(&self, arguments: &[&str]) -> Outcome {
        Running::start(&mut self.command(arguments)).and_then(Running::wait).expect("it ends")
    }

    /// What a command prints that succeeds.
    pub(crate) fn succeed(&self, arguments: &[&str]) -> String {
        let Outcome { code, stdout, stderr } = self.run(arguments);
        assert_eq!(code, 0, "{arguments:?}: {stderr}");
        stdout
    }

    /// The same as JSON.
    pub(crate) fn json(&self, arguments: &[&str]) -> Value {
        let printed = self.succeed(&[arguments, &["--json"]].concat());
        serde_json::from_str(&printed).expect("JSON")
    }

    /// Asserts that a command fails with a slug and says what to do.
    pub(crate) fn refused(&self, arguments: &[&str], slug: &str) -> String {
        let Outcome { code, stderr: said, .. } = self.run(arguments);
        let expected = if slug == "usage" { 2 } else { 1 };
        assert_eq!(code, expected, "{arguments:?}: {said}");
        assert!(said.starts_with(&format!("error[{slug}]: ")), "{arguments:?}: {said}");
        assert!(said.contains("\nhelp: "), "{arguments:?}: {said}");
        said
    }

    pub(crate) fn serve(&self) -> Process {
        Process::start(self)
    }
}

/// A running clearinghouse; killed when dropped.
pub(crate) struct Process {
    child: Child,
    pub(crate) url: String,
}

impl Process {
    fn start(commands: &Commands) -> Self {
        let options = ["--role", "clearinghouse", "--listen", "127.0.0.1:0", "--log", "error"];
        let mut command = commands.command(&[&["serve"], &options[..]].concat());
        let mut child = command.stdout(Stdio::piped()).spawn().expect("started");
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("a pipe")).read_line(&mut line).expect("a line");
        let url = line.trim().strip_prefix("listening on ").expect("the address");
        Self { url: format!("{url}/api/v1"), child }
    }

    /// Ends it as a power failure does.
    pub(crate) fn kill(&mut self) {
        self.child.kill().expect("killed");
        self.child.wait().expect("ended");
    }

    /// Asks it to end, and says whether it did so well.
    pub(crate) fn stop(mut self) -> bool {
        let id = self.child.id().to_string();
        let sent = Command::new("kill").args(["-TERM", &id]).status().expect("kill");
        sent.success() && self.child.wait().expect("ended").success()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// Whether a file is for its owner only.
pub(crate) fn is_private(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::metadata(path).expect("there").permissions().mode() & 0o077 == 0
}
