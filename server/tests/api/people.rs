//! A person's data, with the real program.

use std::path::Path;
use std::process::{Command, Output, Stdio};

use trybuy_formats::api::TrialAnswer;

use crate::support::{TestBuilder, TestServer};

const EMAIL: &str = "Zora+x@peculiar.example";

/// The program on the data of a server that runs in this process.
fn run(server: &TestServer, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_trybuy-server"));
    command.arg("--data-dir").arg(server.path()).args(arguments).stdin(Stdio::null());
    command.env_remove("TRYBUY_DATABASE_URL").output().expect("run")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// A server whose keys and configuration are in its directory as well, for the program to find.
async fn server() -> TestServer {
    let server = TestServer::with_sketch().await;
    std::fs::write(server.path().join("server.toml"), "").expect("written");
    std::fs::write(server.path().join("master.secret"), [7; 32]).expect("written");
    let key = server.app.keys.signature().to_pkcs8().expect("a key");
    std::fs::write(server.path().join("signature.key"), &*key).expect("written");
    server
}

fn holds(directory: &Path, trace: &str) -> bool {
    std::fs::read_dir(directory).expect("a directory").any(|entry| {
        let path = entry.expect("an entry").path();
        let is_database = path.to_string_lossy().contains("sqlite3");
        is_database && {
            let bytes = std::fs::read(path).expect("read").to_ascii_lowercase();
            bytes.windows(trace.len()).any(|window| window == trace.as_bytes())
        }
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_is_shown_and_deleted_while_the_server_runs() {
    let server = server().await;
    let builder = TestBuilder::register_as(&server, 0, EMAIL).await;
    let trial: TrialAnswer = builder.try_it(&server).await;
    let licensee = builder.license.licensee_ids[0].to_string();
    for who in ["zora@peculiar.example", &licensee] {
        let shown = run(&server, &["person", "show", who, "--json"]);
        assert!(shown.status.success(), "{}", text(&shown.stderr));
        let shown: serde_json::Value = serde_json::from_slice(&shown.stdout).expect("JSON");
        assert_eq!(shown["licensee_ids"][0], licensee.as_str());
        assert_eq!(shown["builders"][0]["email"], EMAIL);
        assert_eq!(shown["trials"][0]["trial_id"], trial.trial.id.to_string());
    }
    let shown = text(&run(&server, &["person", "show", EMAIL]).stdout);
    assert!(shown.contains(EMAIL) && shown.contains("com.example.sketch"), "{shown}");

    let refused = run(&server, &["person", "delete", EMAIL]);
    assert!(text(&refused.stderr).contains("help: add `--yes`"), "{}", text(&refused.stderr));
    assert!(holds(server.path(), "peculiar"), "nothing was deleted");
    let deleted = run(&server, &["person", "delete", EMAIL, "--yes"]);
    assert!(deleted.status.success(), "{}", text(&deleted.stderr));
    assert!(!holds(server.path(), "peculiar"), "{}", text(&deleted.stderr));

    // The Builder is revoked, and who comes back has had the trial.
    assert_eq!(builder.ask(&server, None).await.status, 403);
    let back = TestBuilder::register_as(&server, 1, EMAIL).await;
    assert_eq!(back.license.licensee_ids[0].to_string(), licensee);
    server.pass(10 * 86_400);
    assert_eq!(back.ask_accepting(&server).await.status, 403);
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_not_there_is_not_found() {
    let server = server().await;
    for (who, slug) in [
        ("nobody@example.com", "not-found"),
        ("019b0000-0000-7000-8000-000000000000", "not-found"),
        ("@example.com", "usage"),
    ] {
        for arguments in [["person", "show", who, "--json"], ["person", "delete", who, "--yes"]] {
            let refused = run(&server, &arguments);
            let said = text(&refused.stderr);
            assert!(said.starts_with(&format!("error[{slug}]: ")), "{said}");
            assert!(said.contains("\nhelp: "), "{said}");
        }
    }
}
