//! Runs the real filter: a table of inputs, and what pipes do to it.

use std::io::Write;
use std::process::{Command as Process, Stdio};

use assert_cmd::Command;

fn tally(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tally"));
    command.env_remove("TRYBUY_TRIAL").args(arguments);
    command
}

struct Case {
    arguments: &'static [&'static str],
    input: &'static str,
    code: i32,
    output: &'static str,
    complaints: &'static str,
}

const ONE_TO_THREE: &str = "count   3\nsum     6\nmin     1\nmax     3\nmean    2\nstddev  1\nmedian  2\np90     2.8\np99     2.98\n";

const CASES: &[Case] = &[
    Case { arguments: &[], input: "1\n2\n3\n", code: 0, output: ONE_TO_THREE, complaints: "" },
    Case {
        arguments: &[],
        input: "3\r\n\r\n 1 \n2",
        code: 0,
        output: ONE_TO_THREE,
        complaints: "",
    },
    Case {
        arguments: &[],
        input: "1\nx\n3\n",
        code: 1,
        output: "",
        complaints: "tally: line 2: \"x\" is not a number; correct the line, or leave such lines out with --skip\n",
    },
    Case {
        arguments: &["--skip"],
        input: "1\nx\n2\n\n3\ny\n",
        code: 1,
        output: ONE_TO_THREE,
        complaints: "tally: line 2: \"x\" is not a number; skipped\ntally: line 6: \"y\" is not a number; skipped\n",
    },
    Case {
        arguments: &["--skip"],
        input: "1\n2\n3\n",
        code: 0,
        output: ONE_TO_THREE,
        complaints: "",
    },
    Case {
        arguments: &["-f", "2", "-d", ",", "-p", "0,100"],
        input: "a,4\nb,6\n",
        code: 0,
        output: "count   2\nsum     10\nmin     4\nmax     6\nmean    5\nstddev  1.41421356237\nmedian  5\np0      4\np100    6\n",
        complaints: "",
    },
    Case {
        arguments: &[],
        input: "",
        code: 0,
        output: "count   0\nsum     0\nmin     -\nmax     -\nmean    -\nstddev  -\nmedian  -\np90     -\np99     -\n",
        complaints: "",
    },
    Case {
        arguments: &["--trial"],
        input: "",
        code: 0,
        output: "not started as a trial\n",
        complaints: "",
    },
];

#[test]
fn each_input_gives_its_output_and_exit_code() {
    for case in CASES {
        tally(case.arguments)
            .write_stdin(case.input)
            .assert()
            .code(case.code)
            .stdout(case.output)
            .stderr(case.complaints);
    }
}

#[test]
fn programs_get_one_json_object() {
    let assert = tally(&["--json", "-p", "50"]).write_stdin("2\n4\n").assert().success();
    let object: serde_json::Value =
        serde_json::from_slice(&assert.get_output().stdout).expect("it is JSON");
    let expected = serde_json::json!({
        "count": 2, "skipped": 0, "exact": true, "sum": 6.0, "min": 2.0, "max": 4.0, "mean": 3.0,
        "stddev": 2_f64.sqrt(), "median": 3.0, "p50": 3.0,
    });
    assert_eq!(object, expected);
}

#[test]
fn wrong_usage_exits_with_two() {
    for arguments in [
        &["--no-such-option"][..],
        &["--field", "0"],
        &["--delimiter", ","],
        &["--field", "1", "--delimiter", "ab"],
        &["--percentile", "101"],
        &["--percentile", "nan"],
        &["--histogram", "0"],
        &["file"],
    ] {
        tally(arguments).write_stdin("1\n").assert().code(2).stdout("");
    }
}

#[test]
fn many_bad_lines_are_reported_briefly() {
    let assert = tally(&["--skip"]).write_stdin("x\n".repeat(1_000)).assert().code(1);
    let complaints = String::from_utf8_lossy(&assert.get_output().stderr).into_owned();
    assert_eq!(complaints.lines().count(), 11);
    assert!(complaints.ends_with("tally: 1000 lines skipped in all\n"));
}

#[test]
fn a_large_input_is_added_up_exactly() {
    let input: String = (1..=300_000).map(|number| format!("{number}\n")).collect();
    let assert = tally(&[]).write_stdin(input).assert().success();
    let output = String::from_utf8_lossy(&assert.get_output().stdout).into_owned();
    assert!(output.starts_with("count   300000\nsum     45000150000\n"), "{output}");
    assert!(output.contains("median  150000.5\n"), "{output}");
}

#[test]
fn a_closed_standard_output_is_no_reason_to_complain() {
    let mut child = Process::new(env!("CARGO_BIN_EXE_tally"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    // The reading end goes before there is anything to write.
    drop(child.stdout.take());
    let mut input = child.stdin.take().expect("standard input is a pipe");
    input.write_all(b"1\n2\n").expect("the program reads");
    drop(input);
    let output = child.wait_with_output().expect("the program ends");
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    assert_eq!(output.status.code(), Some(0));
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_reported() {
    let full =
        std::fs::OpenOptions::new().write(true).open("/dev/full").expect("Linux has /dev/full");
    let status = Process::new(env!("CARGO_BIN_EXE_tally"))
        .stdin(Stdio::null())
        .stdout(full)
        .stderr(Stdio::null())
        .status()
        .expect("the program starts");
    assert_eq!(status.code(), Some(3));
}

#[test]
fn the_trial_is_shown_without_disturbing_the_result() {
    let facts = |tail: &str| {
        format!(
            r#"{{"application":"org.trybuy.tally","name":"Tally","release":"1.0.0","licensee_id":"L",{tail}}}"#
        )
    };
    let allowed = facts(r#""ends_at":"2026-12-22T10:00:00Z","days_left":1,"state":"allowed""#);
    tally(&["--trial"]).env("TRYBUY_TRIAL", &allowed).assert().success().stdout("1 day left\n");
    tally(&[])
        .env("TRYBUY_TRIAL", &allowed)
        .write_stdin("1\n2\n3\n")
        .assert()
        .success()
        .stdout(ONE_TO_THREE)
        .stderr("");
    let warning = facts(r#""state":"warning","until":"2026-12-29T10:00:00Z""#);
    let assert = tally(&[])
        .env("TRYBUY_TRIAL", warning)
        .write_stdin("1\n2\n3\n")
        .assert()
        .success()
        .stdout(ONE_TO_THREE);
    assert!(String::from_utf8_lossy(&assert.get_output().stderr).contains("runs until 2026-12-29"));
    for malformed in ["", "{", "null", "{\"state\":7}"] {
        tally(&[])
            .env("TRYBUY_TRIAL", malformed)
            .write_stdin("1\n2\n3\n")
            .assert()
            .success()
            .stdout(ONE_TO_THREE)
            .stderr("");
    }
}
