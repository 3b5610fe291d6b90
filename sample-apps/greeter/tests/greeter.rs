//! Runs the real program under every kind of `TRYBUY_TRIAL`.

use assert_cmd::Command;

fn greeter() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_greeter"));
    command.env_remove("TRYBUY_TRIAL");
    command
}

fn trial(tail: &str) -> String {
    format!(
        r#"{{"application":"org.trybuy.greeter","name":"Greeter","release":"1.0.0","licensee_id":"L-1",{tail}}}"#
    )
}

#[test]
fn without_a_trial_it_only_greets() {
    greeter().assert().success().stdout("Hello, World!\n").stderr("");
    greeter().args(["Ada", "Grace"]).assert().success().stdout("Hello, Ada and Grace!\n");
}

#[test]
fn an_allowed_trial_shows_the_days_left() {
    let value = trial(r#""ends_at":"2026-12-22T10:00:00Z","days_left":12,"state":"allowed""#);
    greeter()
        .env("TRYBUY_TRIAL", &value)
        .arg("Ada")
        .assert()
        .success()
        .stdout("Hello, Ada!\nTrial: 12 days left (until 2026-12-22).\n")
        .stderr("");
    greeter()
        .env("TRYBUY_TRIAL", &value)
        .args(["--quiet", "Ada"])
        .assert()
        .success()
        .stdout("Hello, Ada!\n");
}

#[test]
fn a_bought_application_says_so() {
    greeter()
        .env("TRYBUY_TRIAL", trial(r#""ends_at":null,"days_left":null,"state":"allowed""#))
        .assert()
        .success()
        .stdout("Hello, World!\nLicense: full license.\n");
}

#[test]
fn a_warning_goes_to_standard_error_and_names_the_last_day() {
    greeter()
        .env(
            "TRYBUY_TRIAL",
            trial(r#""ends_at":"2026-12-22T10:00:00Z","days_left":0,"state":"warning","until":"2026-12-29T10:00:00Z""#),
        )
        .assert()
        .success()
        .stdout("Hello, World!\n")
        .stderr("greeter: warning: trial over, runs until 2026-12-29; ask its vendor for a license\n");
}

#[test]
fn malformed_facts_change_nothing() {
    let values = [
        String::new(),
        "{".to_owned(),
        "null".to_owned(),
        "[".repeat(10_000),
        "x".repeat(100_000),
        trial(r#""days_left":-1,"state":"allowed""#),
        trial(r#""days_left":1e99,"state":"allowed""#),
        trial(r#""days_left":"12","state":"allowed""#),
        trial(r#""state":"refused""#),
    ];
    for value in values {
        greeter()
            .env("TRYBUY_TRIAL", &value)
            .assert()
            .success()
            .stdout("Hello, World!\n")
            .stderr("");
    }
}

#[cfg(unix)]
#[test]
fn facts_that_are_not_text_change_nothing() {
    use std::os::unix::ffi::OsStrExt;
    greeter()
        .env("TRYBUY_TRIAL", std::ffi::OsStr::from_bytes(b"\xff\xfe{"))
        .assert()
        .success()
        .stdout("Hello, World!\n");
}

#[test]
fn exit_codes_tell_bad_names_from_bad_usage() {
    greeter().arg("").assert().code(1).stdout("");
    greeter().arg("a\u{1b}[2J").assert().code(1).stdout("");
    greeter().arg("--no-such-option").assert().code(2).stdout("");
    greeter().args(["--language", "tlh"]).assert().code(2).stdout("");
}

#[test]
fn help_and_version_succeed() {
    let help = greeter().arg("--help").assert().success();
    assert!(String::from_utf8_lossy(&help.get_output().stdout).contains("Exit codes:"));
    greeter().arg("--version").assert().success();
}
