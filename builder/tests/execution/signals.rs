//! Signals reach the program, once.

use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::Command;

use rustix::process::Signal;

use crate::Case;
use crate::process::{Running, Watched, exit_code, launch_payload, ourselves};

pub(crate) const CASES: &[Case] = &[
    (
        "signals_to_the_launcher_reach_the_program_once",
        signals_to_the_launcher_reach_the_program_once,
    ),
    (
        "a_program_that_ends_by_a_signal_ends_the_launcher",
        a_program_that_ends_by_a_signal_ends_the_launcher,
    ),
    ("signals_that_were_ignored_stay_ignored", signals_that_were_ignored_stay_ignored),
    ("the_program_dies_with_the_launcher", the_program_dies_with_the_launcher),
    ("after_the_program_signals_mean_what_they_did", after_the_program_signals_mean_what_they_did),
    (
        "a_program_that_signals_its_group_is_not_signalled_twice",
        a_program_that_signals_its_group_is_not_signalled_twice,
    ),
];

fn signals_to_the_launcher_reach_the_program_once() {
    let signals = [
        Signal::HUP,
        Signal::INT,
        Signal::QUIT,
        Signal::TERM,
        Signal::USR1,
        Signal::USR2,
        Signal::WINCH,
        Signal::TSTP,
        Signal::ALARM,
        Signal::IO,
        Signal::PROF,
        Signal::SYS,
        Signal::TRAP,
        Signal::URG,
        Signal::VTALARM,
        Signal::XCPU,
    ];
    let numbers = signals.map(|signal| signal.as_raw().to_string());
    let mut count = vec!["count"];
    count.extend(numbers.iter().map(String::as_str));
    let mut launcher = Running::start(launch_payload(&[], &count));
    launcher.output.expect_ready();
    for signal in signals {
        launcher.send(signal);
        launcher.output.expect(&format!("got {}\n", signal.as_raw()));
    }
    launcher.say("enough");
    let totals = launcher.output.expect("end of totals\n");
    for number in numbers {
        assert!(totals.contains(&format!("total {number} 1\n")), "{totals}");
    }
    assert_eq!(launcher.wait().code(), Some(0));
}

fn a_program_that_ends_by_a_signal_ends_the_launcher() {
    let mut launcher = Running::start(launch_payload(&[], &["pause"]));
    let program = Watched::new(launcher.output.expect_ready());
    launcher.send(Signal::TERM);
    assert_eq!(launcher.wait().code(), Some(128 + 15));
    assert!(program.ends());
}

fn signals_that_were_ignored_stay_ignored() {
    let hangup = |trap: &str| {
        let mut shell = Command::new("/bin/sh");
        let script = format!("{trap} exec \"$0\" launcher /bin/sh -c 'kill -HUP $$; exit 7'");
        shell.args(["-c", &script]).arg(ourselves());
        exit_code(shell)
    };
    assert_eq!(hangup(""), 128 + 1);
    assert_eq!(hangup("trap '' HUP;"), 7);
}

fn the_program_dies_with_the_launcher() {
    let mut launcher = Running::start(launch_payload(&[], &["stubborn"]));
    let program = Watched::new(launcher.output.expect_ready());
    launcher.send(Signal::KILL);
    let died = program.ends();
    program.kill();
    assert!(died);
}

fn after_the_program_signals_mean_what_they_did() {
    let mut launcher = Running::start(launch_payload(&["--idle"], &["exit", "0"]));
    launcher.output.expect("idle\n");
    launcher.send(Signal::TERM);
    let input = launcher.input.take();
    assert_eq!(launcher.wait().signal(), Some(15));
    drop(input);
}

fn a_program_that_signals_its_group_is_not_signalled_twice() {
    let mut command = launch_payload(&[], &["count", "10", "12"]);
    // A group of its own, so that only the launcher and the program are signalled.
    command.process_group(0);
    let mut launcher = Running::start(command);
    launcher.output.expect_ready();
    // A second signal while the first is pending would not be seen, so the launcher must be late.
    launcher.send(Signal::STOP);
    launcher.say("group");
    launcher.output.expect("got 10\n");
    launcher.send(Signal::CONT);
    // It handles one after the other.
    launcher.send(Signal::USR2);
    launcher.output.expect("got 12\n");
    launcher.say("enough");
    launcher.output.expect("total 10 1\n");
}
