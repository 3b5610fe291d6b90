//! A launched program cannot be copied by its user. Every attack is also tried on a process that
//! nothing protects, where it must succeed.

use std::fs::{self, File};
use std::process::{Command, Stdio};

use rustix::process::{Pid, Signal};
use rustix::thread::{
    CapabilitySet, capabilities, remove_capability_from_bounding_set, set_capabilities,
};
use tempfile::TempDir;

use crate::Case;
use crate::attacks;
use crate::process::{
    Running, errors, exit_code, finish, has_tool, launch_payload, launcher, ourselves, role, text,
};
use crate::unprivileged::CLOSED_COPY;

pub(crate) const CASES: &[Case] = &[
    ("a_running_program_withstands_every_attack", a_running_program_withstands_every_attack),
    ("a_debugger_cannot_attach_to_a_program", a_debugger_cannot_attach_to_a_program),
    (
        "a_launcher_with_a_decoded_program_withstands_every_attack",
        a_launcher_with_a_decoded_program_withstands_every_attack,
    ),
    (
        "a_program_never_passes_through_memory_that_was_opened_before_the_first_act",
        a_program_never_passes_through_memory_that_was_opened_before_the_first_act,
    ),
    (
        "an_executable_that_its_user_cannot_read_is_closed_from_its_birth",
        an_executable_that_its_user_cannot_read_is_closed_from_its_birth,
    ),
    (
        "a_launcher_that_only_seems_to_be_closed_decodes_nothing",
        a_launcher_that_only_seems_to_be_closed_decodes_nothing,
    ),
    ("no_file_is_written", no_file_is_written),
    ("a_crash_leaves_no_core_dump", a_crash_leaves_no_core_dump),
    ("core_dumps_are_limited_to_one_byte", core_dumps_are_limited_to_one_byte),
];

/// What holds for root as well, as long as it may not trace (as in containers).
pub(crate) const ROOT_CASES: &[Case] = &[(
    "a_program_of_root_is_protected_from_root_without_tracing",
    a_program_of_root_is_protected_from_root_without_tracing,
)];

/// Nothing else on this machine contains it; it is put together at run time, so that it is not in
/// this executable either.
fn marker() -> String {
    format!("marker-{}-{}", std::process::id(), "of-the-program")
}

fn a_running_program_withstands_every_attack() {
    let marker = marker();
    let mut direct = Running::start(role(&["payload", "hold", &marker]));
    let mut launched = Running::start(launch_payload(&[], &["hold", &marker]));
    let direct = Pid::from_raw(direct.output.expect_ready()).unwrap();
    let program = Pid::from_raw(launched.output.expect_ready()).unwrap();

    assert_eq!(attacks::successful(direct), attacks::all());
    assert!(attacks::finds_in_memory(direct, &marker));
    assert_eq!(attacks::successful(program), [""; 0]);
    assert!(!attacks::finds_in_memory(program, &marker));
    assert_eq!(attacks::successful(launched.pid()), [""; 0], "the launcher");
}

fn a_debugger_cannot_attach_to_a_program() {
    if !has_tool("gdb") {
        return;
    }
    let attaches = |pid: i32| {
        let mut debugger = Command::new("gdb");
        debugger.args(["-nx", "-batch", "-p", &pid.to_string(), "-ex", "info registers"]);
        let finished = finish(debugger);
        String::from_utf8_lossy(&finished.stdout).contains("0x")
            && !String::from_utf8_lossy(&finished.stderr).contains("not permitted")
    };
    let mut direct = Running::start(role(&["payload", "pause"]));
    assert!(attaches(direct.output.expect_ready()));
    let mut launched = Running::start(launch_payload(&[], &["pause"]));
    assert!(!attaches(launched.output.expect_ready()));
    assert!(!attaches(launched.pid().as_raw_nonzero().get()), "the launcher");
}

fn a_launcher_with_a_decoded_program_withstands_every_attack() {
    let marker = marker();
    let mut unprotected = Running::start(role(&["unprotected", &marker]));
    unprotected.output.expect("held");
    assert!(attacks::finds_in_open_files(unprotected.pid(), &marker));

    let folder = TempDir::new().unwrap();
    let file = folder.path().join("program");
    fs::write(&file, &marker).unwrap();
    let mut launcher = Running::start(launcher(&["--hold", file.to_str().unwrap()]));
    launcher.output.expect("held");
    assert!(!attacks::finds_in_open_files(launcher.pid(), &marker));
    assert_eq!(attacks::successful(launcher.pid()), [""; 0]);
}

fn a_program_never_passes_through_memory_that_was_opened_before_the_first_act() {
    let (of_the_program, of_the_launcher) = (marker(), "facts-of-the-trial");
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("program");
    fs::write(&file, of_the_program.repeat(10_000)).unwrap();
    let options = ["--late", "--hold", "--facts", of_the_launcher, file.to_str().unwrap()];
    let mut launcher = Running::start(launcher(&options));
    launcher.output.expect("born");
    let opened = attacks::OpenedMemory::of(launcher.pid());
    launcher.say("go on");
    launcher.output.expect("held");
    assert!(opened.holds(of_the_launcher), "what is read is the launcher's memory");
    assert!(!opened.holds(&of_the_program));
}

fn an_executable_that_its_user_cannot_read_is_closed_from_its_birth() {
    let closed = ourselves().with_file_name(CLOSED_COPY);
    if !closed.exists() {
        eprintln!("only root can make such a file: this test is left out");
        return;
    }
    let program = closed.with_file_name("execution");
    let mut command = Command::new(&closed);
    command.args(["launcher", "--late"]).arg(&program).args(["payload", "exit", "7"]);
    let mut launcher = Running::start(command);
    launcher.output.expect("born");
    assert_eq!(attacks::successful(launcher.pid()), [""; 0]);
    launcher.say("go on");
    assert_eq!(launcher.wait().code(), Some(7));
}

fn a_launcher_that_only_seems_to_be_closed_decodes_nothing() {
    let ourselves = ourselves();
    // It runs until it is ended: one that has ended before it is looked at is open to nobody any more.
    let program = "echo ran; ulimit -t 5; while :; do :; done";
    let launch = ["launcher", "/bin/sh", "-c", program];
    let deceived = |call| {
        let executed = [&["deceived", call, ourselves.to_str().unwrap()], &launch[..]].concat();
        finish(role(&executed))
    };
    let exposed = deceived("prctl");
    assert_eq!((exposed.status.code(), text(&exposed).as_str()), (Some(126), ""));
    assert!(errors(&exposed).starts_with("Exposed\n"), "{}", errors(&exposed));
    let unprotected = deceived("fchmod");
    assert_eq!(unprotected.status.code(), Some(126), "{}", errors(&unprotected));
    assert!(errors(&unprotected).starts_with("Unprotected\n"), "{}", errors(&unprotected));
}

fn no_file_is_written() {
    let marker = marker();
    let folder = TempDir::new().unwrap();
    let mut program = fs::read(ourselves()).unwrap();
    // Bytes after the end of an ELF file are part of the program without changing it.
    program.extend(marker.as_bytes());
    let source = TempDir::new().unwrap();
    let file = source.path().join("program");
    fs::write(&file, program).unwrap();
    assert!(attacks::finds_on_disk(source.path(), &marker));

    let mut command = launcher(&["-", "payload", "pause"]);
    command.stdin(File::open(&file).unwrap()).stdout(Stdio::piped());
    command.current_dir(folder.path());
    for variable in ["TMPDIR", "HOME", "XDG_RUNTIME_DIR", "XDG_CACHE_HOME", "XDG_DATA_HOME"] {
        command.env(variable, folder.path());
    }
    let mut launcher = command.spawn().unwrap();
    let mut output = crate::expect::Output::new(launcher.stdout.take().unwrap());
    output.expect_ready();
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    assert!(!attacks::finds_on_disk("/dev/shm".as_ref(), &marker));
    rustix::process::kill_process(Pid::from_child(&launcher), Signal::TERM).unwrap();
    assert_eq!(launcher.wait().unwrap().code(), Some(128 + 15));
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

fn a_crash_leaves_no_core_dump() {
    let pattern = fs::read_to_string("/proc/sys/kernel/core_pattern").unwrap();
    let dumps = |arguments: &[&str]| {
        let folder = TempDir::new().unwrap();
        let mut shell = Command::new("/bin/sh");
        let script = "ulimit -c unlimited 2>/dev/null; \"$0\" \"$@\"; exit $?";
        shell.args(["-c", script]).arg(ourselves()).args(arguments);
        shell.current_dir(folder.path());
        let code = exit_code(shell);
        assert_eq!(code, 128 + 6);
        fs::read_dir(folder.path()).unwrap().count() > 0
    };
    // Where dumps go elsewhere, or are not allowed, there is nothing to see without protection.
    if !pattern.starts_with(['|', '/']) {
        let hard_limit = rustix::process::getrlimit(rustix::process::Resource::Core).maximum;
        assert_eq!(dumps(&["payload", "abort"]), hard_limit != Some(0));
    }
    let ourselves = ourselves();
    assert!(!dumps(&["launcher", ourselves.to_str().unwrap(), "payload", "abort"]));
}

fn core_dumps_are_limited_to_one_byte() {
    let finished = finish(launcher(&["/bin/sh", "-c", "cat /proc/$$/limits"]));
    let limits = text(&finished);
    let line = limits.lines().find(|line| line.starts_with("Max core file size")).unwrap();
    let words: Vec<_> = line.split_whitespace().collect();
    assert_eq!(words[4..6], ["1", "1"], "{line}");
}

fn a_program_of_root_is_protected_from_root_without_tracing() {
    // What containers take from their root. Capabilities belong to the thread, and this one is the
    // test's own.
    let taken = [CapabilitySet::SYS_ADMIN, CapabilitySet::SYS_PTRACE, CapabilitySet::PERFMON];
    let mut sets = capabilities(None).unwrap();
    for capability in taken {
        remove_capability_from_bounding_set(capability).unwrap();
        sets.effective.remove(capability);
        sets.permitted.remove(capability);
    }
    set_capabilities(None, sets).unwrap();

    let mut direct = Running::start(role(&["payload", "hold", "x"]));
    let mut launched = Running::start(launch_payload(&[], &["hold", "x"]));
    let direct = Pid::from_raw(direct.output.expect_ready()).unwrap();
    let program = Pid::from_raw(launched.output.expect_ready()).unwrap();
    assert_eq!(attacks::successful(direct), attacks::all());
    // Root lists every folder, which shows the numbers of open files and not what they are.
    let harmless = ["list the open files"];
    assert_eq!(attacks::successful(program), harmless);
    assert_eq!(attacks::successful(launched.pid()), harmless, "the launcher");
}
