//! Greets people by name and says how long its own trial lasts.
//!
//! The smallest complete application: one program, one file, the trial's facts from [`trial_facts`].
//! Exit codes: 0 greeted, 1 a name cannot be greeted, 2 wrong usage.

#![forbid(unsafe_code)]

use std::io::{self, Write};
use std::process::ExitCode;

use clap::{Parser, ValueEnum};
use trial_facts::TrialFacts;

/// The longest name, in characters, that is greeted.
const MAX_NAME: usize = 200;

/// Greets people by name.
#[derive(Debug, Parser)]
#[command(
    version,
    after_help = "Exit codes:\n  0  everyone was greeted\n  1  a name cannot be greeted\n  2  wrong usage"
)]
struct Arguments {
    /// Who to greet; several names are greeted together
    #[arg(value_name = "NAME", default_value = "World")]
    names: Vec<String>,

    /// The language of the greeting
    #[arg(short, long, value_enum, default_value_t = Language::English)]
    language: Language,

    /// Leave out the line about the trial
    #[arg(short, long)]
    quiet: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Language {
    #[value(name = "en")]
    English,
    #[value(name = "de")]
    German,
    #[value(name = "fr")]
    French,
    #[value(name = "es")]
    Spanish,
    #[value(name = "ja")]
    Japanese,
}

impl Language {
    fn hello(self) -> &'static str {
        match self {
            Self::English => "Hello",
            Self::German => "Hallo",
            Self::French => "Bonjour",
            Self::Spanish => "Hola",
            Self::Japanese => "こんにちは",
        }
    }

    fn and(self) -> &'static str {
        match self {
            Self::English => " and ",
            Self::German => " und ",
            Self::French => " et ",
            Self::Spanish => " y ",
            Self::Japanese => "、",
        }
    }
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    if let Some(problem) = arguments.names.iter().find_map(|name| problem_with(name)) {
        complain(&problem);
        return ExitCode::FAILURE;
    }
    let facts = TrialFacts::from_environment().filter(|_| !arguments.quiet);
    match greet(&arguments, facts.as_ref()) {
        // Whoever closed the pipe has read enough.
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            complain(&format!("the greeting could not be written: {error}"));
            ExitCode::FAILURE
        }
        _ => ExitCode::SUCCESS,
    }
}

/// What keeps a name from being greeted, with what to do about it.
fn problem_with(name: &str) -> Option<String> {
    if name.trim().is_empty() {
        return Some("a name is empty; give one, or none at all to greet the world".to_owned());
    }
    if name.chars().any(char::is_control) {
        return Some("a name contains control characters; leave them out".to_owned());
    }
    if name.chars().count() > MAX_NAME {
        return Some(format!("a name is longer than {MAX_NAME} characters; shorten it"));
    }
    None
}

/// The greeting goes to standard output with the days left; a warning goes to standard error.
fn greet(arguments: &Arguments, facts: Option<&TrialFacts>) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{}", greeting(&arguments.names, arguments.language))?;
    if let Some(facts) = facts {
        if facts.is_warning() {
            complain(&format!("warning: {}; ask its vendor for a license", facts.notice()));
        } else {
            writeln!(out, "{}", trial_line(facts))?;
        }
    }
    out.flush()
}

/// Says something on standard error; a closed one is no reason to fail, as `eprintln!` would.
fn complain(words: &str) {
    let _ = writeln!(io::stderr().lock(), "greeter: {words}");
}

fn greeting(names: &[String], language: Language) -> String {
    let names: Vec<&str> = names.iter().map(|name| name.trim()).collect();
    let joined = match names.split_last() {
        Some((last, rest)) if !rest.is_empty() => {
            format!("{}{}{last}", rest.join(", "), language.and())
        }
        _ => names.concat(),
    };
    format!("{}, {joined}!", language.hello())
}

fn trial_line(facts: &TrialFacts) -> String {
    match facts.end_day() {
        Some(day) => format!("Trial: {} (until {day}).", facts.notice()),
        None => format!("License: {}.", facts.notice()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn several_names_are_joined_as_the_language_joins_them() {
        let cases: [(&[&str], Language, &str); 4] = [
            (&["Ada"], Language::English, "Hello, Ada!"),
            (&["Ada", "Grace"], Language::German, "Hallo, Ada und Grace!"),
            (&["Ada", "Grace", "Mary"], Language::French, "Bonjour, Ada, Grace et Mary!"),
            (&[" Ada "], Language::Japanese, "こんにちは, Ada!"),
        ];
        for (names, language, expected) in cases {
            let names: Vec<String> = names.iter().map(ToString::to_string).collect();
            assert_eq!(greeting(&names, language), expected);
        }
    }

    #[test]
    fn only_printable_names_of_sensible_length_are_greeted() {
        assert_eq!(problem_with("Zoë"), None);
        for name in ["", "  ", "a\u{1b}[2J", "two\nlines", &"x".repeat(MAX_NAME + 1)] {
            assert!(problem_with(name).is_some(), "{name:?}");
        }
    }

    #[test]
    fn the_arguments_are_consistent() {
        use clap::CommandFactory;
        Arguments::command().debug_assert();
    }
}
