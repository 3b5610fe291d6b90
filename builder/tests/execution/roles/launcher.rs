//! A minimal Builder: loads a program into memory and launches it.

use std::collections::VecDeque;
use std::io::Read;
use std::process::ExitCode;
use std::time::Duration;

use trybuy::execution::{
    Deadline, ExecutionError, LaunchGuard, LaunchSpec, MemoryFile, SealedProgram, diagnose,
    harden_process, launch,
};

use super::{say, wait_for_end_of_input};

/// `[OPTION…] PROGRAM [ARGUMENT…]`
struct Options {
    /// `--hold`: with the program in memory, say "held" and wait for the end of input.
    hold: bool,
    /// `--twice`: launch it, say "again", and launch it again.
    twice: bool,
    /// `--idle`: after the program has ended, say "idle" and wait for the end of input.
    idle: bool,
    /// `--partial`: leave the last byte of the program unwritten.
    partial: bool,
    /// `-` for PROGRAM reads it from standard input.
    program: String,
    spec: LaunchSpec,
}

pub(crate) fn play(arguments: Vec<String>) -> ExitCode {
    let process = harden_process().unwrap();
    // What a careless library would do: a descriptor without close-on-exec.
    let _careless = rustix::io::dup(rustix::stdio::stdin()).unwrap();
    let options = Options::parse(arguments.into());
    let result = process.authorize_launch().and_then(|guard| options.run(&guard));
    match result {
        Ok(code) => code.into(),
        Err(error) => {
            eprintln!("{error:?}\n{error}\n{}", error.advice());
            126.into()
        }
    }
}

pub(crate) fn doctor() -> ExitCode {
    let checks = diagnose(&harden_process().unwrap());
    say(&serde_json::to_string(&checks).unwrap());
    ExitCode::SUCCESS
}

impl Options {
    fn parse(mut arguments: VecDeque<String>) -> Self {
        let mut options = Self {
            hold: false,
            twice: false,
            idle: false,
            partial: false,
            program: String::new(),
            spec: LaunchSpec::new("program"),
        };
        while let Some(argument) = arguments.pop_front() {
            let mut value = || arguments.pop_front().unwrap();
            match argument.as_str() {
                "--hold" => options.hold = true,
                "--twice" => options.twice = true,
                "--idle" => options.idle = true,
                "--partial" => options.partial = true,
                "--name" => options.spec.program_name = value().into(),
                "--facts" => options.spec.trial_facts = value(),
                "--deadline" => {
                    let [after, grace] = [value(), value()]
                        .map(|milliseconds| Duration::from_millis(milliseconds.parse().unwrap()));
                    options.spec.deadline = Some(Deadline { after, grace });
                }
                _ => {
                    options.program = argument;
                    options.spec = options.spec.with_arguments(arguments);
                    break;
                }
            }
        }
        options
    }

    fn run(self, guard: &LaunchGuard) -> Result<u8, ExecutionError> {
        let program = self.load(guard)?;
        if self.hold {
            say("held");
            wait_for_end_of_input();
        }
        let mut exit = launch(guard, program, &self.spec)?;
        if self.twice {
            say("again");
            exit = launch(guard, self.load(guard)?, &self.spec)?;
        }
        eprintln!("{exit:?}");
        if self.idle {
            say("idle");
            wait_for_end_of_input();
        }
        Ok(exit.code())
    }

    /// Loads the program from two threads, half each, as a decoder would.
    fn load(&self, guard: &LaunchGuard) -> Result<SealedProgram, ExecutionError> {
        let mut bytes = Vec::new();
        if self.program == "-" {
            std::io::stdin().read_to_end(&mut bytes).unwrap();
        } else {
            bytes = std::fs::read(&self.program).unwrap();
        }
        let file = MemoryFile::create(guard, "program", bytes.len() as u64)?;
        if self.partial {
            bytes.pop();
        }
        let (first, second) = bytes.split_at(bytes.len() / 2);
        std::thread::scope(|scope| {
            scope.spawn(|| file.write_at(0, first).unwrap());
            file.write_at(first.len() as u64, second).unwrap();
        });
        file.seal()
    }
}
