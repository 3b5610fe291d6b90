//! Runs the real program in a real pseudo-terminal, and without one.

#[path = "support/terminal.rs"]
mod terminal;

use assert_cmd::Command;
use terminal::Session;

const ALLOWED: &str = r#"{"application":"org.trybuy.lumen","name":"Lumen","release":"1.0.0","licensee_id":"L","ends_at":"2026-12-22T10:00:00Z","days_left":12,"state":"allowed"}"#;
const WARNING: &str = r#"{"application":"org.trybuy.lumen","name":"Lumen","release":"1.0.0","licensee_id":"L","ends_at":"2026-12-22T10:00:00Z","days_left":0,"state":"warning","until":"2026-12-29T10:00:00Z"}"#;

fn lumen(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lumen"));
    command.env_remove("TRYBUY_TRIAL").args(arguments);
    command
}

#[test]
fn q_quits_and_gives_the_terminal_back() {
    let mut session = Session::start(80, 24, &[("TRYBUY_TRIAL", ALLOWED)]);
    session.wait_for("12 days left");
    assert!(session.in_full_screen());
    session.send("q");
    assert_eq!(session.exit_code(), 0);
    session.assert_restored();
}

#[test]
fn control_c_leaves_cleanly() {
    let mut session = Session::start(80, 24, &[]);
    session.wait_for("The whole set");
    session.send("\x03");
    assert_eq!(session.exit_code(), 0);
    session.assert_restored();
}

#[test]
fn a_resize_redraws_the_status_line_at_the_new_bottom() {
    let mut session = Session::start(80, 24, &[("TRYBUY_TRIAL", WARNING)]);
    session.wait_for("trial over, runs until 2026-12-29");
    for (columns, rows) in [(200, 50), (60, 6)] {
        session.resize(columns, rows);
        session.wait_until(|screen| {
            screen.rows(0, columns).nth(usize::from(rows) - 1).is_some_and(|line| {
                line.trim_end().ends_with("2026-12-29") && line.len() > usize::from(columns) - 3
            })
        });
    }
    session.send("q");
    assert_eq!(session.exit_code(), 0);
}

#[test]
fn the_smallest_terminals_are_no_trouble() {
    for (columns, rows) in [(20, 6), (14, 1), (2, 2)] {
        let mut session = Session::start(columns, rows, &[("TRYBUY_TRIAL", ALLOWED)]);
        session.wait_until(vt100::Screen::alternate_screen);
        session.send("?gt123fij+-pc0bq");
        assert_eq!(session.exit_code(), 0, "{columns}x{rows}");
        session.assert_restored();
    }
}

#[test]
fn no_color_means_no_colour() {
    let mut session = Session::start(80, 24, &[("NO_COLOR", "1"), ("COLORTERM", "truecolor")]);
    session.wait_for("The whole set");
    session.send("?");
    session.wait_for("quit");
    assert!(!session.has_colour());
    session.send("q");
    assert_eq!(session.exit_code(), 0);
}

#[test]
fn colours_are_used_where_there_are_some() {
    for environment in [("COLORTERM", "truecolor"), ("TERM", "tmux-256color")] {
        let mut session = Session::start(80, 24, &[environment]);
        session.wait_for("The whole set");
        assert!(session.has_colour());
        session.send("q");
        assert_eq!(session.exit_code(), 0);
    }
}

#[test]
fn malformed_trial_facts_change_nothing() {
    for value in ["", "{", "null", "[[[[", r#"{"state":"allowed","days_left":-1}"#] {
        let mut session = Session::start(80, 24, &[("TRYBUY_TRIAL", value)]);
        session.wait_for("q quit");
        session.send("q");
        assert_eq!(session.exit_code(), 0, "{value:?}");
    }
}

#[test]
fn without_a_terminal_it_says_what_to_do() {
    let assert = lumen(&[]).write_stdin("").assert().code(1).stdout("");
    assert!(String::from_utf8_lossy(&assert.get_output().stderr).contains("--print 80x24"));
}

#[test]
fn a_printed_picture_has_the_size_asked_for() {
    let assert = lumen(&["--place", "3", "--print", "60x20"]).assert().success().stderr("");
    let picture = String::from_utf8_lossy(&assert.get_output().stdout).into_owned();
    assert_eq!(picture.lines().count(), 20);
    assert!(picture.lines().all(|line| line.len() == 60));
}

#[test]
fn wrong_usage_exits_with_two() {
    for arguments in [&["--place", "99"][..], &["--print", "80"], &["--no-such-option"]] {
        lumen(arguments).assert().code(2).stdout("");
    }
}
