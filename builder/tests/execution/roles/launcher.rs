//! A minimal Builder: loads a program into memory and launches it.

use std::collections::VecDeque;
use std::io::Read;
use std::process::ExitCode;
use std::time::Duration;

use trybuy::execution::{
    Deadline, ExecutionError, HardenedProcess, LaunchGuard, LaunchSpec, MemoryFile, Occasion,
    SealedProgram, diagnose, end_by_interrupt, harden_process, launch,
};

use super::{say, wait_for_end_of_input, wait_for_line};

/// `[OPTION…] PROGRAM [ARGUMENT…]`
struct Options {
    /// `--late`: before anything else, say "born" and wait for a line.
    late: bool,
    /// `--hold`: with the program in memory, say "held" and wait for the end of input.
    hold: bool,
    /// `--twice`: launch it, say "again", and launch it again.
    twice: bool,
    /// `--idle`: after the program has ended, say "idle" and wait for the end of input.
    idle: bool,
    /// `--partial`: leave the last byte of the program unwritten.
    partial: bool,
    /// `--notice MILLISECONDS`, before `--deadline AFTER GRACE`; `--tick MILLISECONDS`
    notice: Duration,
    /// `-` for PROGRAM reads it from standard input.
    program: String,
    spec: LaunchSpec,
}

pub(crate) fn play(arguments: Vec<String>) -> ExitCode {
    let options = Options::parse(arguments.into());
    if options.late {
        say("born");
        wait_for_line();
    }
    let process = harden_process().unwrap();
    // What a careless library would do: a descriptor without close-on-exec.
    let _careless = rustix::io::dup(rustix::stdio::stdin()).unwrap();
    match options.run(&process) {
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
            late: false,
            hold: false,
            twice: false,
            idle: false,
            partial: false,
            notice: Duration::ZERO,
            program: String::new(),
            spec: LaunchSpec::new("program"),
        };
        while let Some(argument) = arguments.pop_front() {
            let mut value = || arguments.pop_front().unwrap();
            match argument.as_str() {
                "--late" => options.late = true,
                "--hold" => options.hold = true,
                "--twice" => options.twice = true,
                "--idle" => options.idle = true,
                "--partial" => options.partial = true,
                "--name" => options.spec.program_name = value().into(),
                "--facts" => options.spec.trial_facts = value(),
                "--notice" => {
                    options.notice = Duration::from_millis(value().parse().unwrap());
                }
                "--tick" => {
                    options.spec.tick = Some(Duration::from_millis(value().parse().unwrap()));
                }
                "--deadline" => {
                    let [after, grace] = [value(), value()]
                        .map(|milliseconds| Duration::from_millis(milliseconds.parse().unwrap()));
                    options.spec.deadline = Some(Deadline { after, grace, notice: options.notice });
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

    fn run(self, process: &HardenedProcess) -> Result<u8, ExecutionError> {
        let guard = process.authorize_launch()?;
        let program = self.load(process)?;
        if self.hold {
            say("held");
            wait_for_end_of_input();
        }
        let mut exit = launch(&guard, program, &self.spec, &mut tell)?;
        if self.twice {
            say("again");
            exit = launch(&guard, self.load(process)?, &self.spec, &mut tell)?;
        }
        eprintln!("{exit:?}");
        if self.idle {
            say("idle");
            wait_for_end_of_input();
        }
        if exit.interrupted {
            end_by_interrupt();
        }
        Ok(exit.code())
    }

    /// Loads the program in a process apart.
    fn load(&self, process: &HardenedProcess) -> Result<SealedProgram, ExecutionError> {
        let guard = process.authorize_launch()?;
        let file = MemoryFile::create(&guard, "program")?;
        process.apart(|| self.fill(&guard, &file))?;
        file.into_program()
    }

    /// Writes it from two threads, half each, as a decoder would.
    fn fill(&self, guard: &LaunchGuard, file: &MemoryFile) {
        let mut bytes = Vec::new();
        if self.program == "-" {
            std::io::stdin().read_to_end(&mut bytes).unwrap();
        } else {
            bytes = std::fs::read(&self.program).unwrap();
        }
        let writer = file.writer(guard, bytes.len() as u64).unwrap();
        if self.partial {
            bytes.pop();
        }
        let (first, second) = bytes.split_at(bytes.len() / 2);
        std::thread::scope(|scope| {
            scope.spawn(|| writer.write_at(0, first).unwrap());
            writer.write_at(first.len() as u64, second).unwrap();
        });
        assert_eq!(writer.seal().is_ok(), !self.partial);
    }
}

fn tell(occasion: Occasion) {
    eprintln!("{occasion:?}");
}
