//! The mark beside the database: one that cannot be used, and what the server and commands do then.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::commands::{installed, with_pack};
use crate::support::Program;

const SERVE: [&str; 7] =
    ["serve", "--role", "license-server", "--listen", "127.0.0.1:0", "--log", "off"];
const VERIFY: [&str; 3] = ["license-server", "audit", "verify"];
const NO_LICENSE: &str = "01900000-0000-7000-8000-000000000000.1";
const ACCEPT: [&str; 3] = ["license-server", "restored", "accept"];

fn mark(program: &Program) -> PathBuf {
    program.data().join("license-server/records.mark")
}

fn remove(path: &Path) {
    if path.is_dir() {
        std::fs::remove_dir(path).expect("removed");
    } else {
        std::fs::remove_file(path).expect("removed");
    }
}

/// Fails with the mark's name and what to do.
fn refused(program: &Program, command: &[&str]) -> String {
    let said = program.refused(command, "local-file");
    assert!(said.contains("license-server/records.mark is damaged"), "{said}");
    assert!(said.contains("restore it from your copy, or remove it"), "{said}");
    said
}

#[test]
fn a_damaged_mark_is_named_with_a_remedy_that_works() {
    let program = installed();
    program.serve().stop();
    let mark = mark(&program);
    let copy = std::fs::read(&mark).expect("a mark");
    let text = std::str::from_utf8(&copy).expect("UTF-8");
    let altered = |from: &str, to: &str| {
        assert!(text.contains(from), "{text}");
        Some(text.replacen(from, to, 1).into_bytes())
    };
    for damage in [
        Some(Vec::new()),
        Some(b"\xff\xfe\x00".to_vec()),
        Some(b"{\"records\":5}".to_vec()),
        altered("\"records\":0", "\"records\":9"),
        altered("\"mac\":\"0", "\"mac\":\"1"),
        text.lines().next().map(|unauthenticated| unauthenticated.as_bytes().to_vec()),
        // A directory.
        None,
    ] {
        for remedy in [
            |mark: &Path, _: &[u8]| assert!(!mark.exists()),
            |mark: &Path, copy: &[u8]| std::fs::write(mark, copy).expect("restored"),
        ] {
            remove(&mark);
            match &damage {
                Some(bytes) => std::fs::write(&mark, bytes).expect("damaged"),
                None => std::fs::create_dir(&mark).expect("damaged"),
            }
            refused(&program, &VERIFY);
            refused(&program, &SERVE);
            remove(&mark);
            remedy(&mark, &copy);
            program.serve().stop();
            assert_eq!(std::fs::read(&mark).expect("a mark"), copy);
            assert_eq!(program.done(&VERIFY), "all 0 records are as they were written\n");
        }
    }
}

#[test]
fn commands_say_what_they_did_or_refused_and_that_the_mark_cannot_be_used() {
    let program = with_pack();
    let mark = mark(&program);
    std::fs::write(&mark, "nonsense").expect("damaged");
    let install = ["license-server", "pack", "install", "pack"];
    let ran = program.run(&install);
    assert!(ran.stdout.starts_with("installed "), "{ran}");
    assert!(ran.stderr.contains("records.mark is damaged"), "{ran}");
    assert_eq!(ran.code, 1);
    let nobody = "7".repeat(64);
    for (command, slug) in [
        (&install[..], "pack-installed"),
        (&["license-server", "revoke", NO_LICENSE, "--reason", "Sold"], "not-found"),
        (
            &[
                "license-server",
                "readmit",
                &nobody,
                "--product",
                "com.example.desk",
                "--reason",
                "x",
            ],
            "not-found",
        ),
    ] {
        let said = refused(&program, command);
        assert!(said.contains(&format!("error[{slug}]")), "{said}");
    }
    remove(&mark);
    program.refused(&install, "pack-installed");
    assert!(mark.exists());
}

/// The license server is a restored one, and its mark is the one of before.
fn restored(program: &Program) -> Vec<u8> {
    let database = program.data().join("trybuy.sqlite3");
    let backup = std::fs::read(&database).expect("read");
    program.done(&["license-server", "pack", "install", "pack"]);
    program.serve().stop();
    std::fs::write(&database, backup).expect("restored");
    std::fs::read(mark(program)).expect("a mark")
}

#[test]
fn a_mark_of_before_the_last_acceptance_is_said_to_be_one() {
    let program = with_pack();
    let old = restored(&program);
    program.serve().stop();
    let mark = mark(&program);
    std::fs::write(&mark, "nonsense").expect("damaged");
    let ran = program.run(&ACCEPT);
    assert_eq!(ran.stdout, "new licenses are given out again\n", "{ran}");
    assert_eq!(ran.code, 1);
    for (there, expected) in [
        (Some(&old), "; records.mark is from before it was last accepted"),
        (None, "; there is no records.mark"),
    ] {
        remove(&mark);
        if let Some(old) = there {
            std::fs::write(&mark, old).expect("put back");
        }
        let said = program.done(&VERIFY);
        assert!(
            said.starts_with(&format!("all 2 records are as they were written{expected}")),
            "{said}"
        );
    }
    std::fs::write(&mark, &old).expect("put back");
    program.serve().stop();
    assert_eq!(program.done(&VERIFY), "all 2 records are as they were written\n");
}

/// Waits until something is logged, and answers how often something else was.
async fn logged(log: &str, awaited: &str, counted: &str) -> usize {
    let begun = Instant::now();
    loop {
        let text = std::fs::read_to_string(log).expect("a log");
        if text.contains(awaited) {
            return text.matches(counted).count();
        }
        assert!(begun.elapsed() < Duration::from_secs(20), "{awaited}: {text}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn that_the_database_was_restored_is_logged_once() {
    let program = with_pack();
    restored(&program);
    let (serving, log) = program.serve_with_log();
    let restored = "the database was restored from a backup: no new licenses are given out";
    logged(&log, restored, "").await;
    // It looks a last time when it ends.
    serving.stop();
    assert_eq!(logged(&log, restored, restored).await, 1);
    let (serving, log) = program.serve_with_log();
    logged(&log, restored, "").await;
    program.done(&ACCEPT);
    assert_eq!(logged(&log, "it is accepted that the database was restored", restored).await, 1);
    serving.stop();
}

#[tokio::test]
async fn a_mark_that_is_damaged_meanwhile_is_logged_once() {
    let program = installed();
    let (serving, log) = program.serve_with_log();
    let mark = mark(&program);
    let good = std::fs::read(&mark).expect("a mark");
    std::fs::write(&mark, "nonsense").expect("damaged");
    logged(&log, "records.mark is damaged", "").await;
    std::fs::write(&mark, good).expect("mended");
    assert_eq!(logged(&log, "the number of records is kept again", "kept later").await, 1);
    std::fs::write(&mark, "nonsense").expect("damaged");
    while logged(&log, "", "kept later").await < 2 {}
    // It looks a last time when it ends.
    serving.stop();
    assert_eq!(logged(&log, "", "kept later").await, 2);
}
