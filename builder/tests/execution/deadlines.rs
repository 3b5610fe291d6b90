//! A program whose time is over ends.

use rustix::process::Signal;

use crate::Case;
use crate::process::{Running, Watched, errors, exit_code, finish, launch_payload};

pub(crate) const CASES: &[Case] = &[
    ("a_program_is_asked_to_end_at_its_deadline", a_program_is_asked_to_end_at_its_deadline),
    ("what_goes_by_the_clock_is_told", what_goes_by_the_clock_is_told),
    ("a_program_that_does_not_end_is_killed", a_program_that_does_not_end_is_killed),
    (
        "a_program_that_ends_before_its_deadline_is_left_alone",
        a_program_that_ends_before_its_deadline_is_left_alone,
    ),
    (
        "stopping_the_launcher_does_not_stop_the_deadline",
        stopping_the_launcher_does_not_stop_the_deadline,
    ),
];

/// Longer than any of these programs runs, in milliseconds.
const LONG: &str = "600000";

fn a_program_is_asked_to_end_at_its_deadline() {
    let finished = finish(launch_payload(&["--deadline", "20", LONG], &["pause"]));
    assert_eq!(finished.status.code(), Some(128 + 15));
    assert!(errors(&finished).contains("deadline_reached: true"), "{}", errors(&finished));
}

fn what_goes_by_the_clock_is_told() {
    let options = ["--tick", "10", "--notice", "100", "--deadline", "200", LONG];
    let said = errors(&finish(launch_payload(&options, &["pause"])));
    let place = |word| said.find(word).unwrap_or_else(|| panic!("no {word} in {said}"));
    assert!(place("Tick") < place("DeadlineNear"), "{said}");
    assert!(place("DeadlineNear") < place("DeadlineReached"), "{said}");
    assert!(said.matches("Tick").count() > 3, "{said}");
}

fn a_program_that_does_not_end_is_killed() {
    let command = launch_payload(&["--deadline", "500", "20"], &["stubborn"]);
    assert_eq!(exit_code(command), 128 + 9);
}

fn a_program_that_ends_before_its_deadline_is_left_alone() {
    let finished = finish(launch_payload(&["--deadline", LONG, LONG], &["exit", "4"]));
    assert_eq!(finished.status.code(), Some(4));
    assert!(errors(&finished).contains("deadline_reached: false"), "{}", errors(&finished));
}

fn stopping_the_launcher_does_not_stop_the_deadline() {
    let mut launcher = Running::start(launch_payload(&["--deadline", "1000", "0"], &["stubborn"]));
    let program = Watched::new(launcher.output.expect_ready());
    launcher.send(Signal::STOP);
    assert!(program.ends());
    launcher.send(Signal::CONT);
    // The program's own timer, or the launcher's if the launcher was stopped too late.
    let code = launcher.wait().code().unwrap();
    assert!([128 + 14, 128 + 9].contains(&code), "{code}");
}
