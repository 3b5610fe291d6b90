//! Reads numbers from standard input, one a line, and prints what they amount to.
//!
//! A filter as filters should be: constant memory, results on standard output, complaints on standard error, exit codes
//! that scripts can rely on, and silence when the reader of a pipe has gone.
//!
//! [`lines`] splits the input, [`summary`] and [`quantiles`] add up, [`histogram`] draws, [`report`] writes.

#![forbid(unsafe_code)]

mod arguments;
mod histogram;
mod lines;
mod quantiles;
mod report;
mod summary;

use std::io::{self, BufReader, IsTerminal, Write};
use std::process::ExitCode;

use clap::Parser;
use trial_facts::TrialFacts;

use crate::arguments::Arguments;
use crate::lines::{Lines, NotANumber};
use crate::report::Report;
use crate::summary::Summary;

/// The exit code when a line is not a number.
const NOT_A_NUMBER: u8 = 1;
/// The exit code when reading or writing failed.
const INPUT_OUTPUT: u8 = 3;
/// How many skipped lines are reported one by one; the others are only counted.
const REPORTED: u64 = 10;
/// Bytes read at once: large enough that system calls do not count beside parsing.
const BUFFER: usize = 256 * 1024;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let facts = TrialFacts::from_environment();
    if let Some(facts) = facts.as_ref().filter(|facts| facts.is_warning()) {
        complain(format_args!("warning: {}; ask its vendor for a license", facts.notice()));
    }
    if arguments.trial {
        let notice =
            facts.map_or_else(|| "not started as a trial".to_owned(), |facts| facts.notice());
        return write_out(&format!("{notice}\n"), 0);
    }
    match add_up(&arguments) {
        Ok((report, code)) => write_out(&report, code),
        Err(Failure::NotANumber(problem)) => {
            complain(format_args!(
                "{problem}; correct the line, or leave such lines out with --skip"
            ));
            ExitCode::from(NOT_A_NUMBER)
        }
        Err(Failure::Reading(error)) => {
            complain(format_args!("standard input could not be read: {error}"));
            ExitCode::from(INPUT_OUTPUT)
        }
    }
}

enum Failure {
    NotANumber(NotANumber),
    Reading(io::Error),
}

/// Reads all of standard input; the report as text, and the exit code it comes with.
fn add_up(arguments: &Arguments) -> Result<(String, u8), Failure> {
    let stdin = io::stdin().lock();
    if stdin.is_terminal() {
        complain(format_args!("reading numbers from the keyboard, one a line; Ctrl-D ends them"));
    }
    let mut lines = Lines::new(BufReader::with_capacity(BUFFER, stdin), arguments.column());
    let mut summary = Summary::default();
    let mut skipped = 0;
    while let Some(line) = lines.next_number().map_err(Failure::Reading)? {
        match line {
            Ok(number) => summary.add(number),
            Err(problem) if arguments.skip => {
                skipped += 1;
                if skipped <= REPORTED {
                    complain(format_args!("{problem}; skipped"));
                }
            }
            Err(problem) => return Err(Failure::NotANumber(problem)),
        }
    }
    if skipped > REPORTED {
        complain(format_args!("{skipped} lines skipped in all"));
    }
    let report = Report::new(summary, skipped, &arguments.percentiles, arguments.histogram);
    let text = if arguments.json { report.json() } else { report.to_string() };
    Ok((text, if skipped > 0 { NOT_A_NUMBER } else { 0 }))
}

/// Writes to standard output; a reader that has gone is no failure.
fn write_out(text: &str, code: u8) -> ExitCode {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            complain(format_args!("the result could not be written: {error}"));
            ExitCode::from(INPUT_OUTPUT)
        }
        _ => ExitCode::from(code),
    }
}

/// Says something on standard error; where nobody listens, nothing is lost but the words.
fn complain(words: std::fmt::Arguments<'_>) {
    // `eprintln!` would abort the sums when standard error is closed.
    let _ = writeln!(io::stderr().lock(), "tally: {words}");
}
