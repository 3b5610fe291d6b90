//! What is done apart is out of the reach of others, and ends with the Builder.

use rustix::process::{Pid, Signal};

use crate::Case;
use crate::attacks;
use crate::process::{Running, Watched, finish, role, text};

pub(crate) const CASES: &[Case] = &[
    ("work_apart_answers", work_apart_answers),
    ("work_apart_that_ends_early_is_told", work_apart_that_ends_early_is_told),
    ("work_apart_withstands_every_attack", work_apart_withstands_every_attack),
    ("work_apart_ends_with_the_builder", work_apart_ends_with_the_builder),
    ("no_work_is_done_apart_beside_threads", no_work_is_done_apart_beside_threads),
];

fn work_apart_answers() {
    let answer = "a \"quoted\" ü".repeat(1000);
    assert_eq!(text(&finish(role(&["apart", "answer", &answer]))), format!("answer {answer}\n"));
}

fn work_apart_that_ends_early_is_told() {
    let error = |arguments: &[&str]| text(&finish(role(&[&["apart"], arguments].concat())));
    assert_eq!(error(&["panic"]), "error Apart { ending: Code(101) }\n");
    assert_eq!(error(&["raise", "9"]), "error Apart { ending: Signal(9) }\n");
    // More than an answer may have.
    let long = "x".repeat(100_000);
    assert!(error(&["answer", &long]).starts_with("error Apart"));
}

fn work_apart_withstands_every_attack() {
    let mut builder = Running::start(role(&["apart", "hold", "marker"]));
    let apart = Pid::from_raw(builder.output.expect_ready()).unwrap();
    assert_ne!(apart, builder.pid());
    assert_eq!(attacks::successful(apart), [""; 0]);
    builder.input = None;
    builder.output.expect("answer done");
}

fn work_apart_ends_with_the_builder() {
    let mut builder = Running::start(role(&["apart", "hold", "marker"]));
    let apart = Watched::new(builder.output.expect_ready());
    builder.send(Signal::KILL);
    assert!(apart.ends());
}

fn no_work_is_done_apart_beside_threads() {
    assert!(text(&finish(role(&["apart", "threads"]))).contains("beside threads"));
}
