//! What a program starts is part of it where its time is limited.

use std::fs;
use std::path::Path;
use std::process::Command;

use rustix::process::Signal;

use crate::Case;
use crate::expect::wait_until;
use crate::process::{Running, Watched, errors, finish, launcher, ourselves};

pub(crate) const CASES: &[Case] = &[
    ("without_a_limit_a_daemon_outlives_the_launch", without_a_limit_a_daemon_outlives_the_launch),
    ("a_daemon_counts_as_the_program_until_it_ends", a_daemon_counts_as_the_program_until_it_ends),
    ("a_deadline_ends_all_that_a_program_started", a_deadline_ends_all_that_a_program_started),
    (
        "a_deadline_ends_what_a_program_that_has_ended_left",
        a_deadline_ends_what_a_program_that_has_ended_left,
    ),
    ("what_is_started_while_all_is_ended_ends", what_is_started_while_all_is_ended_ends),
    ("those_that_ended_are_not_left_as_zombies", those_that_ended_are_not_left_as_zombies),
    ("signals_reach_what_the_program_left", signals_reach_what_the_program_left),
    (
        "children_of_whoever_became_the_launcher_are_left_alone",
        children_of_whoever_became_the_launcher_are_left_alone,
    ),
];

/// Longer than any of these programs runs, in milliseconds.
const LONG: &str = "600000";

fn shell<'a>(options: &[&'a str], script: &'a str) -> Vec<&'a str> {
    [options, &["/bin/sh", "-c", script]].concat()
}

fn without_a_limit_a_daemon_outlives_the_launch() {
    let mut launcher = Running::start(launcher(&shell(
        &[],
        "setsid sh -c 'echo ready $$; exec sleep 600' & exit 3",
    )));
    let daemon = Watched::new(launcher.output.expect_ready());
    let code = launcher.wait().code();
    let outlived = !daemon.has_ended();
    daemon.kill();
    assert_eq!((code, outlived), (Some(3), true));
}

fn a_daemon_counts_as_the_program_until_it_ends() {
    // The daemon itself takes the time; nothing here waits for another process.
    let script = "setsid sh -c 'sleep 1.2; echo last' & exit 3";
    let finished = finish(launcher(&shell(&["--tick", LONG], script)));
    let report = errors(&finished);
    assert_eq!(finished.status.code(), Some(3), "{report}");
    let running = report.split("running: ").nth(1).unwrap();
    assert!(running.starts_with("1.") && running.contains("s,"), "{report}");
}

/// Each says that it is ready and what it is: one that only waits, one that ignores what asks it to
/// end, one that is stopped, and one that has left the session and whose parent has ended.
const ALL_KINDS: &str = "
    sh -c 'echo ready $$; exec sleep 600' &
    sh -c 'trap \"\" TERM; echo ready $$; while :; do sleep 600; done' &
    sh -c 'echo ready $$; kill -STOP $$' &
    sh -c 'setsid sh -c \"echo ready \\$\\$; exec sleep 600\" &'
";

fn ends_all_kinds(then: &str, code: i32) {
    let script = format!("{ALL_KINDS}\n{then}");
    let options = ["--deadline", "1500", "100"];
    let mut launcher = Running::start(launcher(&shell(&options, &script)));
    let all = [(); 4].map(|()| Watched::new(launcher.output.expect_ready()));
    let ended_with = launcher.wait().code();
    let left = all.iter().filter(|process| !process.has_ended()).count();
    all.iter().for_each(Watched::kill);
    assert_eq!((ended_with, left), (Some(code), 0));
}

fn a_deadline_ends_all_that_a_program_started() {
    ends_all_kinds("sleep 600; exit 9", 128 + 15);
}

fn a_deadline_ends_what_a_program_that_has_ended_left() {
    ends_all_kinds("exit 3", 3);
}

fn what_is_started_while_all_is_ended_ends() {
    // Nobody else sleeps for so long.
    let length = format!("600.0{}", std::process::id());
    let script = format!(
        "setsid sh -c 'trap \"\" TERM; n=0; echo ready $$; \
         while [ $n -lt 500 ]; do sleep {length} & n=$((n+1)); done; wait' & exit 3"
    );
    let finished = finish(launcher(&shell(&["--deadline", "100", "0"], &script)));
    assert_eq!(finished.status.code(), Some(3), "{}", errors(&finished));
    assert_eq!(processes(|id| command_line(id).contains(&length)).len(), 0);
}

fn those_that_ended_are_not_left_as_zombies() {
    let script = "for n in 1 2 3 4 5; do (sleep 0.01 &); done; echo ready $$; read line";
    let mut launcher = Running::start(launcher(&shell(&["--tick", LONG], script)));
    launcher.output.expect_ready();
    let parent = launcher.pid().as_raw_nonzero().get().to_string();
    let is_child = |id: &str| parent_of(id).as_ref() == Some(&parent);
    wait_until("only the program is a child", || processes(is_child).len() == 1);
    launcher.say("enough");
    assert_eq!(launcher.wait().code(), Some(0));
}

fn signals_reach_what_the_program_left() {
    let script = "echo ready $$; setsid sh -c 'trap \"echo asked; exit\" TERM; echo ready $$; \
                  while :; do sleep 0.05; done' & exit 3";
    let mut launcher = Running::start(launcher(&shell(&["--tick", LONG], script)));
    let program = launcher.output.expect_ready();
    let daemon = Watched::new(launcher.output.expect_ready());
    wait_until("the program was waited for", || !Path::new(&format!("/proc/{program}")).exists());
    launcher.send(Signal::TERM);
    launcher.output.expect("asked\n");
    assert!(daemon.ends());
    assert_eq!(launcher.wait().code(), Some(3));
}

fn children_of_whoever_became_the_launcher_are_left_alone() {
    let script = "sh -c 'echo ready $$; exec sleep 600' & \
                  exec \"$0\" launcher --deadline 300 0 /bin/sh -c 'sleep 600; exit 9'";
    let mut command = Command::new("/bin/sh");
    command.args(["-c", script]).arg(ourselves());
    let mut launcher = Running::start(command);
    let other = Watched::new(launcher.output.expect_ready());
    let code = launcher.wait().code().unwrap();
    let spared = !other.has_ended();
    other.kill();
    assert!(spared);
    assert!([128 + 15, 128 + 9].contains(&code), "{code}");
}

/// The numbers of the processes that are wanted.
fn processes(is_wanted: impl Fn(&str) -> bool) -> Vec<String> {
    let entries = fs::read_dir("/proc").unwrap().flatten();
    let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
    names.filter(|name| name.parse::<u32>().is_ok() && is_wanted(name)).collect()
}

fn parent_of(id: &str) -> Option<String> {
    let stat = fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
    stat.rsplit_once(')')?.1.split_whitespace().nth(1).map(str::to_owned)
}

fn command_line(id: &str) -> String {
    fs::read_to_string(format!("/proc/{id}/cmdline")).unwrap_or_default()
}
