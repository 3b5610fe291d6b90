//! Programs run as if they had been started from a file.

use std::io::Write;
use std::process::{Command, Stdio};

use tempfile::TempDir;

use crate::Case;
use crate::process::{
    errors, exit_code, finish, launch_payload, launcher, ourselves, static_program, text,
};

pub(crate) const CASES: &[Case] = &[
    ("every_exit_code_is_passed_on", every_exit_code_is_passed_on),
    ("death_by_signal_is_128_plus_the_signal", death_by_signal_is_128_plus_the_signal),
    ("static_programs_run", static_programs_run),
    ("name_and_arguments_arrive_unchanged", name_and_arguments_arrive_unchanged),
    ("facts_of_the_trial_arrive", facts_of_the_trial_arrive),
    ("variables_that_inject_code_do_not_arrive", variables_that_inject_code_do_not_arrive),
    ("other_variables_arrive", other_variables_arrive),
    ("pipelines_work", pipelines_work),
    ("only_inherited_descriptors_reach_the_program", only_inherited_descriptors_reach_the_program),
    ("a_second_program_runs_after_the_first", a_second_program_runs_after_the_first),
    ("what_happened_is_reported", what_happened_is_reported),
];

fn every_exit_code_is_passed_on() {
    for code in 0..=255 {
        let script = format!("exit {code}");
        assert_eq!(exit_code(launcher(&["/bin/sh", "-c", &script])), code);
    }
}

fn death_by_signal_is_128_plus_the_signal() {
    for signal in [1, 2, 3, 6, 9, 10, 11, 13, 14, 15] {
        let script = format!("kill -{signal} $$");
        assert_eq!(exit_code(launcher(&["/bin/sh", "-c", &script])), 128 + signal);
    }
}

fn static_programs_run() {
    let folder = TempDir::new().unwrap();
    let program = static_program(folder.path(), "int main(int n, char **v) { return 40 + n; }");
    let program = program.to_str().unwrap();
    assert_eq!(exit_code(launcher(&[program])), 41);
    assert_eq!(exit_code(launcher(&[program, "a", "b"])), 43);
}

fn name_and_arguments_arrive_unchanged() {
    let odd = ["two words", "", "--flag=ü", "new\nline", "'\"$(x)"];
    let report = [["report"].as_slice(), &odd].concat();
    let finished = finish(launch_payload(&["--name", "my sketch"], &report));
    let wanted = [["my sketch", "payload", "report"].as_slice(), &odd].concat();
    let wanted: String = wanted.iter().map(|argument| format!("argument {argument}\n")).collect();
    assert!(text(&finished).starts_with(&wanted), "{}", text(&finished));
}

fn facts_of_the_trial_arrive() {
    let facts = r#"{"application":"com.example.sketch","days_left":12}"#;
    let mut command = launch_payload(&["--facts", facts], &["report"]);
    command.env("TRYBUY_TRIAL", "somebody else's");
    let report = text(&finish(command));
    let arrived: Vec<_> = report.lines().filter(|line| line.contains("TRYBUY_TRIAL")).collect();
    assert_eq!(arrived, [format!("variable TRYBUY_TRIAL={facts}")]);
}

fn variables_that_inject_code_do_not_arrive() {
    const LIBRARY: &str = "/nowhere/thief.so";
    let variables = ["LD_PRELOAD", "LD_AUDIT", "LD_LIBRARY_PATH", "GCONV_PATH", "BASH_ENV"];
    let with_variables = |mut command: Command| {
        command.envs(variables.map(|name| (name, LIBRARY)));
        command.env("GLIBC_TUNABLES", "glibc.malloc.check=0");
        finish(command)
    };
    let direct = with_variables(crate::process::role(&["payload", "report"]));
    assert!(text(&direct).contains("variable LD_PRELOAD="));
    // The loader complains once for every process that it would have loaded the library into.
    let complaints = |finished| errors(finished).matches("cannot be preloaded").count();

    let launched = with_variables(launch_payload(&[], &["report"]));
    assert!(launched.status.success(), "{}", errors(&launched));
    for name in ["LD_", "GCONV_", "BASH_ENV", "GLIBC_TUNABLES"] {
        assert!(!text(&launched).contains(&format!("variable {name}")), "{name}");
    }
    assert_eq!(complaints(&launched), complaints(&direct), "one for the launcher alone");
}

fn other_variables_arrive() {
    let mut command = launch_payload(&[], &["report"]);
    command.env("SKETCH_COLOUR", "blue");
    assert!(text(&finish(command)).contains("variable SKETCH_COLOUR=blue\n"));
}

fn pipelines_work() {
    let bytes: Vec<u8> = (0..1_000_000_u32).flat_map(u32::to_le_bytes).collect();
    let mut command = launch_payload(&[], &["cat"]);
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    let finished = std::thread::scope(|scope| {
        scope.spawn(|| {
            input.write_all(&bytes).unwrap();
            drop(input);
        });
        child.wait_with_output().unwrap()
    });
    assert!(finished.status.success());
    assert!(finished.stdout == bytes, "{} bytes came back", finished.stdout.len());
}

fn only_inherited_descriptors_reach_the_program() {
    let descriptors = |script: &str| {
        let mut shell = Command::new("/bin/sh");
        shell.args(["-c", script]).arg(ourselves());
        let report = text(&finish(shell));
        let mut descriptors: Vec<_> = report.lines().map(str::to_owned).collect();
        descriptors.sort_unstable();
        descriptors
    };
    let direct = descriptors("exec \"$0\" payload descriptors 7</dev/null");
    assert!(direct.contains(&"descriptor 7".to_owned()), "{direct:?}");
    let launched = descriptors("exec \"$0\" launcher \"$0\" payload descriptors 7</dev/null");
    assert_eq!(launched, direct);
}

fn a_second_program_runs_after_the_first() {
    let finished = finish(launcher(&["--twice", "/bin/sh", "-c", "echo ran; exit 3"]));
    assert_eq!(text(&finished), "ran\nagain\nran\n");
    assert_eq!(finished.status.code(), Some(3));
}

fn what_happened_is_reported() {
    let finished = finish(launcher(&["/bin/sh", "-c", "exit 9"]));
    let report = errors(&finished);
    assert!(report.contains("ending: Code(9)"), "{report}");
    assert!(report.contains("deadline_reached: false"), "{report}");
    let killed = errors(&finish(launcher(&["/bin/sh", "-c", "kill -9 $$"])));
    assert!(killed.contains("ending: Signal(9)"), "{killed}");
}
