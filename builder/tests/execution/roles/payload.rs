//! The programs that are launched.

use std::collections::BTreeMap;
use std::os::unix::ffi::OsStrExt;
use std::process::ExitCode;

use rustix::process::{Signal, kill_current_process_group};
use signal_hook::consts::{SIGTERM, SIGWINCH};
use signal_hook::iterator::exfiltrator::WithOrigin;
use signal_hook::iterator::exfiltrator::origin::Origin;
use signal_hook::iterator::{Signals, SignalsInfo};

use super::{say, wait_for_end_of_input};

pub(crate) fn play(arguments: &[String]) -> ExitCode {
    let Some((action, arguments)) = arguments.split_first() else {
        return ExitCode::FAILURE;
    };
    match action.as_str() {
        "report" => report(),
        "exit" => return arguments[0].parse::<u8>().unwrap().into(),
        "raise" => signal_hook::low_level::raise(arguments[0].parse().unwrap()).unwrap(),
        "abort" => std::process::abort(),
        "cat" => drop(std::io::copy(&mut std::io::stdin(), &mut std::io::stdout()).unwrap()),
        "descriptors" => descriptors(),
        "hold" => hold(&arguments[0]),
        "pause" => pause(),
        "stubborn" => stubborn(),
        "count" => count(arguments),
        other => say(&format!("no action {other}")),
    }
    ExitCode::SUCCESS
}

/// Says what it was started with.
fn report() {
    for argument in std::env::args() {
        say(&format!("argument {argument}"));
    }
    for (name, value) in std::env::vars_os() {
        let value = String::from_utf8_lossy(value.as_bytes());
        say(&format!("variable {}={value}", name.to_string_lossy()));
    }
}

fn descriptors() {
    for entry in std::fs::read_dir("/proc/self/fd").unwrap() {
        let entry = entry.unwrap();
        // The one that lists the folder is not among those we were started with.
        if std::fs::metadata(entry.path()).is_ok_and(|file| !file.is_dir()) {
            say(&format!("descriptor {}", entry.file_name().display()));
        }
    }
}

fn ready() {
    say(&format!("ready {}", std::process::id()));
}

/// Keeps something in its memory until the end of input.
fn hold(marker: &str) {
    let kept = std::hint::black_box(marker.repeat(2));
    ready();
    wait_for_end_of_input();
    drop(kept);
}

fn pause() {
    ready();
    loop {
        std::thread::park();
    }
}

/// Like [`pause`], and does not let itself be asked to end.
fn stubborn() {
    let mut signals = Signals::new([SIGTERM]).unwrap();
    ready();
    for _ in signals.forever() {
        say("asked to end");
    }
}

/// Says which of the given signals arrive. The line "group" on standard input makes it signal its
/// own group; any other line makes it say how often each has arrived, and end.
fn count(numbers: &[String]) {
    let numbers = numbers.iter().map(|number| number.parse::<i32>().unwrap());
    let mut counts: BTreeMap<i32, u32> = numbers.map(|number| (number, 0)).collect();
    // With their origin every one is received by itself, and not once for several.
    let mut signals = SignalsInfo::<WithOrigin>::new(counts.keys()).unwrap();
    let handle = signals.handle();
    let input = std::thread::spawn(move || {
        let mut lines = std::io::stdin().lines();
        while lines.next().is_some_and(|line| line.unwrap() == "group") {
            kill_current_process_group(Signal::USR1).unwrap();
        }
        handle.close();
    });
    ready();
    for Origin { signal, .. } in signals.forever() {
        *counts.entry(signal).or_default() += 1;
        say(&format!("got {signal}"));
        if signal == SIGWINCH {
            let size = rustix::termios::tcgetwinsize(rustix::stdio::stdin());
            let size = size.map(|size| format!("size {}x{}", size.ws_col, size.ws_row));
            say(&size.unwrap_or_else(|_| "no terminal".to_owned()));
        }
    }
    input.join().unwrap();
    // Closing ends the loop even if more have arrived.
    for Origin { signal, .. } in signals.pending() {
        *counts.entry(signal).or_default() += 1;
    }
    for (signal, count) in counts {
        say(&format!("total {signal} {count}"));
    }
    say("end of totals");
}
