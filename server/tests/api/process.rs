//! The real program: its commands, its end by signals, its start after a crash.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// A data directory that `init` made.
fn init() -> TempDir {
    let directory = tempfile::tempdir().expect("a directory");
    let made = run(directory.path(), &["init"]);
    assert!(made.status.success(), "{}", stderr(&made));
    directory
}

fn command(data_dir: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_trybuy-server"));
    command.arg("--data-dir").arg(data_dir).args(arguments).stdin(Stdio::null());
    for variable in ["TRYBUY_LISTEN", "TRYBUY_NAME", "TRYBUY_DATABASE_URL", "TRYBUY_PUBLIC_URL"] {
        command.env_remove(variable);
    }
    command
}

fn run(data_dir: &Path, arguments: &[&str]) -> Output {
    command(data_dir, arguments).output().expect("run")
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// A running server; killed when dropped.
struct Process {
    child: Child,
    address: String,
}

impl Process {
    fn serve(data_dir: &Path) -> Self {
        let mut child = command(data_dir, &["serve", "--listen", "127.0.0.1:0", "--log", "error"])
            .stdout(Stdio::piped())
            .spawn()
            .expect("started");
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("a pipe")).read_line(&mut line).expect("a line");
        let address = line.trim().strip_prefix("listening on http://").expect("the address");
        Self { address: address.to_owned(), child }
    }

    fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(&self.address).expect("connected");
        stream.set_read_timeout(Some(Duration::from_secs(10))).expect("set");
        stream
    }

    /// The answer to a request that asks to close the connection.
    fn ask(&self, head: &str) -> String {
        let mut stream = self.connect();
        write!(stream, "{head}\r\nHost: x\r\nConnection: close\r\n\r\n").expect("sent");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("an answer");
        answer
    }

    fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        let sent = Command::new("kill").args([name, &id]).status().expect("kill");
        assert!(sent.success());
    }

    fn wait(&mut self) -> ExitStatus {
        self.child.wait().expect("ended")
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn token(data_dir: &Path) -> String {
    let made = run(data_dir, &["token", "create", "--role", "vendor", "--name", "Vendor"]);
    assert!(made.status.success(), "{}", stderr(&made));
    let text = String::from_utf8(made.stdout).expect("UTF-8");
    let token = text.trim().to_owned();
    assert_eq!(text, format!("{token}\n"), "the token alone");
    assert!(token.starts_with("tbv_"), "{token}");
    token
}

/// Begins an upload and leaves it open.
fn begin_upload(process: &Process, token: &str) -> TcpStream {
    let mut stream = process.connect();
    let policy = serde_json::to_string(&crate::support::policy()).expect("JSON");
    let path = "/api/v1/vendor/applications/com.example.sketch/releases/1.0.0/x86_64-linux";
    write!(
        stream,
        "PUT {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\nTrial-Policy: {policy}\r\n\
         Content-Length: 1000000\r\n\r\nhalf of it"
    )
    .expect("sent");
    stream
}

fn spooled(data_dir: &Path) -> usize {
    std::fs::read_dir(data_dir.join("blobs/spool")).expect("the spool").count()
}

fn until(mut holds: impl FnMut() -> bool) {
    let begin = Instant::now();
    while !holds() {
        assert!(begin.elapsed() < Duration::from_secs(10), "it does not hold");
        std::thread::yield_now();
    }
}

#[test]
fn init_refuses_to_overwrite_and_repeats_what_was_cut_off() {
    let directory = init();
    let again = run(directory.path(), &["init"]);
    assert_eq!(again.status.code(), Some(1));
    let text = stderr(&again);
    assert!(text.starts_with("error[already-set-up]: "), "{text}");
    assert!(text.contains("\nhelp: "), "{text}");

    // As if init had been cut off before its last step.
    let key = std::fs::read(directory.path().join("signature.key")).expect("a key");
    std::fs::remove_file(directory.path().join("server.toml")).expect("removed");
    std::fs::remove_file(directory.path().join("master.secret")).expect("removed");
    let serve = run(directory.path(), &["serve", "--listen", "127.0.0.1:0"]);
    assert!(stderr(&serve).contains("error[not-set-up]: "), "{}", stderr(&serve));
    assert!(run(directory.path(), &["init"]).status.success());
    assert!(std::fs::read(directory.path().join("signature.key")).expect("a key") == key);
    assert_eq!(std::fs::read(directory.path().join("master.secret")).expect("a secret").len(), 32);
}

#[test]
fn a_command_line_that_is_wrong_is_a_usage_error() {
    let directory = tempfile::tempdir().expect("a directory");
    for arguments in
        [&["serve", "--nonsense"][..], &["token", "create", "--role", "king", "--name", "x"]]
    {
        let output = run(directory.path(), arguments);
        assert_eq!(output.status.code(), Some(2));
        assert!(stderr(&output).starts_with("error[usage]: "), "{}", stderr(&output));
        assert!(stderr(&output).contains("\nhelp: "), "{}", stderr(&output));
    }
    let output = run(directory.path(), &["completions", "bash"]);
    assert!(output.status.success() && !output.stdout.is_empty());
}

#[test]
fn a_token_works_until_it_is_revoked() {
    let directory = init();
    let made = run(directory.path(), &["token", "create", "--role", "vendor", "--name", "Vendor"]);
    let token = String::from_utf8(made.stdout.clone()).expect("UTF-8").trim().to_owned();
    let said = stderr(&made);
    let id = said.split(' ').nth(1).expect("its id");
    let process = Process::serve(directory.path());
    let ask = || {
        process
            .ask(&format!("GET /api/v1/vendor/releases HTTP/1.1\r\nAuthorization: Bearer {token}"))
    };
    assert!(ask().starts_with("HTTP/1.1 200"));
    assert!(run(directory.path(), &["token", "revoke", id]).status.success());
    let listed = run(directory.path(), &["token", "list", "--json"]).stdout;
    let listed: serde_json::Value = serde_json::from_slice(&listed).expect("JSON");
    assert_eq!((&listed[0]["id"], &listed[0]["name"]), (&id.into(), &"Vendor".into()));
    assert!(listed[0]["revoked_at"].is_string());
    let listed = run(directory.path(), &["token", "list"]).stdout;
    let listed = String::from_utf8(listed).expect("UTF-8");
    assert!(listed.contains("revoked") && !listed.contains(&token), "{listed}");
    assert!(ask().starts_with("HTTP/1.1 401"));
    let again = run(directory.path(), &["token", "revoke", id]);
    assert!(stderr(&again).starts_with("error[not-found]: "), "{}", stderr(&again));
}

#[test]
fn a_further_token_of_a_vendor_is_said_to_be_one() {
    let directory = init();
    let create = |name: &str| {
        let made = run(directory.path(), &["token", "create", "--role", "vendor", "--name", name]);
        assert!(made.status.success(), "{}", stderr(&made));
        stderr(&made)
    };
    assert!(!create("Ada").contains("note: "));
    assert!(!create("Bob").contains("note: "));
    let said = create("Ada");
    assert!(said.contains("note: Ada has 1 other valid token: "), "{said}");
    let id = said.split(' ').nth(1).expect("its id");
    assert!(run(directory.path(), &["token", "revoke", id]).status.success());
    assert!(create("Ada").contains("1 other valid token: "), "a revoked one does not count");
}

#[test]
fn a_database_that_is_gone_is_not_taken_for_an_empty_one() {
    let directory = init();
    token(directory.path());
    let database = directory.path().join("trybuy.sqlite3");
    let elsewhere = directory.path().join("elsewhere.sqlite3");
    std::fs::rename(&database, &elsewhere).expect("moved");
    for arguments in [&["serve", "--listen", "127.0.0.1:0"][..], &["token", "list"]] {
        let refused = run(directory.path(), arguments);
        let text = stderr(&refused);
        assert!(text.contains("error[local-file]: there is no database at "), "{text}");
        assert!(text.contains("\nhelp: ") && text.contains("--database-url"), "{text}");
        assert!(!database.exists(), "none was made");
    }
    std::fs::write(&database, b"").expect("written");
    let refused = run(directory.path(), &["token", "list"]);
    assert!(stderr(&refused).contains("there is no database at "), "{}", stderr(&refused));
    let url = format!("sqlite:{}", elsewhere.display());
    for arguments in
        [["token", "--database-url", &url, "list"], ["token", "list", "--database-url", &url]]
    {
        let listed = run(directory.path(), &arguments);
        assert!(String::from_utf8_lossy(&listed.stdout).contains("Vendor"), "{}", stderr(&listed));
    }
    assert!(run(directory.path(), &["migrate"]).status.success());
    assert!(run(directory.path(), &["token", "list"]).status.success());
}

#[test]
fn a_damaged_database_is_named_at_once() {
    let directory = init();
    std::fs::write(directory.path().join("trybuy.sqlite3"), "no database".repeat(1000))
        .expect("written");
    for arguments in [&["serve", "--listen", "127.0.0.1:0"][..], &["token", "list"]] {
        let text = stderr(&run(directory.path(), arguments));
        assert!(text.contains("error[local-file]: ") && text.contains("not a database"), "{text}");
        assert!(text.contains("\nhelp: restore it from your backup"), "{text}");
    }
}

#[test]
fn init_leaves_a_directory_of_others_alone() {
    let directory = tempfile::tempdir().expect("a directory");
    std::fs::create_dir(directory.path().join("lost+found")).expect("made");
    let notes = directory.path().join("notes.txt");
    std::fs::write(&notes, "of somebody").expect("written");
    let refused = run(directory.path(), &["init"]);
    let text = stderr(&refused);
    assert!(text.starts_with("error[local-file]: ") && text.contains("notes.txt"), "{text}");
    assert!(text.contains("\nhelp: "), "{text}");
    assert_eq!(std::fs::read_dir(directory.path()).expect("listed").count(), 2);
    std::fs::remove_file(notes).expect("removed");
    assert!(run(directory.path(), &["init"]).status.success(), "an empty file system is no one's");
}

#[test]
fn output_that_cannot_be_written_is_a_failure_and_a_reader_that_left_is_none() {
    let directory = init();
    token(directory.path());
    let with = |arguments: &[&str], stdout: Stdio| {
        let mut command = command(directory.path(), arguments);
        command.stdout(stdout).stderr(Stdio::piped()).spawn().expect("started")
    };
    let full = || std::fs::File::options().write(true).open("/dev/full").expect("there").into();
    let closed = || Stdio::from(std::io::pipe().expect("a pipe").1);
    let create = ["token", "create", "--role", "vendor", "--name", "Vendor"];
    for arguments in [&["--help"][..], &["token", "list"], &["completions", "bash"]] {
        let failed = with(arguments, full()).wait_with_output().expect("ended");
        assert_eq!(failed.status.code(), Some(1), "{arguments:?}");
        assert!(stderr(&failed).contains("standard output"), "{}", stderr(&failed));
        let left = with(arguments, closed()).wait_with_output().expect("ended");
        assert!(left.status.success(), "{arguments:?}: {}", stderr(&left));
    }
    for stdout in [full(), closed()] {
        let lost = with(&create, stdout).wait_with_output().expect("ended");
        assert!(
            stderr(&lost).contains("help: run `trybuy-server token revoke "),
            "{}",
            stderr(&lost)
        );
    }
}

#[test]
fn a_file_that_is_gone_is_named_with_what_to_do() {
    for name in ["signature.key", "master.secret", "builder-terms.md"] {
        let directory = init();
        std::fs::remove_file(directory.path().join(name)).expect("removed");
        let text = stderr(&run(directory.path(), &["serve", "--listen", "127.0.0.1:0"]));
        assert!(text.contains("error[local-file]: ") && text.contains(name), "{text}");
        assert!(text.contains("\nhelp: restore it from your copy"), "{text}");
    }
}

#[test]
fn a_blob_that_a_killed_server_left_is_removed_and_one_of_a_release_is_not() {
    let directory = init();
    let blobs = directory.path().join("blobs");
    drop(Process::serve(directory.path()));
    // As if it had been killed between the blob and the transaction.
    let key = "0192f0a0-0000-7000-8000-000000000000";
    std::fs::write(blobs.join(key), b"a release").expect("written");
    std::fs::write(blobs.join("spool").join(format!("claim-{key}")), b"").expect("written");
    let unclaimed = blobs.join("0192f0a0-0000-7000-8000-000000000001");
    std::fs::write(&unclaimed, b"of another database").expect("written");
    let process = Process::serve(directory.path());
    assert!(process.ask("GET /healthz HTTP/1.1").starts_with("HTTP/1.1 200"));
    assert!(!blobs.join(key).exists(), "no release refers to it");
    assert!(unclaimed.exists(), "nobody said that it was unfinished");
    assert_eq!(spooled(directory.path()), 0);
}

#[test]
fn a_killed_server_starts_again_without_what_was_half_uploaded() {
    let directory = init();
    let token = token(directory.path());
    let mut process = Process::serve(directory.path());
    let stream = begin_upload(&process, &token);
    until(|| spooled(directory.path()) == 1);
    process.signal("-KILL");
    process.wait();
    drop(stream);
    assert_eq!(spooled(directory.path()), 1, "nobody was there to remove it");
    let process = Process::serve(directory.path());
    assert_eq!(spooled(directory.path()), 0);
    assert!(process.ask("GET /healthz HTTP/1.1").starts_with("HTTP/1.1 200"));
}

#[test]
fn the_first_signal_lets_requests_end_and_the_second_does_not() {
    let directory = init();
    let token = token(directory.path());
    let mut process = Process::serve(directory.path());
    let mut stream = begin_upload(&process, &token);
    until(|| spooled(directory.path()) == 1);
    process.signal("-TERM");
    until(|| TcpStream::connect(&process.address).is_err());
    assert!(process.child.try_wait().expect("looked").is_none(), "a request is running");
    stream.write_all(&vec![0; 1_000_000 - 10]).expect("the upload goes on");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    assert!(answer.starts_with("HTTP/1.1 422"), "{answer}");
    assert!(process.wait().success());

    let mut process = Process::serve(directory.path());
    let stream = begin_upload(&process, &token);
    until(|| spooled(directory.path()) == 1);
    process.signal("-INT");
    until(|| TcpStream::connect(&process.address).is_err());
    process.signal("-INT");
    assert!(process.wait().success());
    drop(stream);
}
