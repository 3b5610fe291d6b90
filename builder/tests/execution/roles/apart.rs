//! A Builder that does some work apart.

use std::process::ExitCode;

use trybuy::execution::harden_process;

use super::{say, wait_for_end_of_input};

/// `ACTION [ARGUMENT]`
pub(crate) fn play(arguments: &[String]) -> ExitCode {
    let process = harden_process().unwrap();
    if arguments[0] == "threads" {
        std::thread::spawn(std::thread::park);
    }
    let answer = process.apart(|| match arguments[0].as_str() {
        "answer" => arguments[1].clone(),
        "panic" => panic!("on purpose"),
        "raise" => {
            signal_hook::low_level::raise(arguments[1].parse().unwrap()).unwrap();
            String::new()
        }
        "hold" => hold(&arguments[1]),
        "threads" => String::new(),
        other => panic!("no action {other}"),
    });
    match answer {
        Ok(answer) => say(&format!("answer {answer}")),
        Err(error) => say(&format!("error {error:?}")),
    }
    ExitCode::SUCCESS
}

/// Keeps something in its memory until the end of input.
fn hold(marker: &str) -> String {
    let kept = std::hint::black_box(marker.repeat(2));
    say(&format!("ready {}", std::process::id()));
    wait_for_end_of_input();
    drop(kept);
    "done".to_owned()
}
