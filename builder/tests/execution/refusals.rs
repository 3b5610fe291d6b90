//! What is refused, and how it is said.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use tempfile::TempDir;

use crate::Case;
use crate::process::{errors, finish, has_tool, launcher, ourselves, role, text};

pub(crate) const CASES: &[Case] = &[
    ("a_traced_launcher_refuses", a_traced_launcher_refuses),
    ("a_launcher_in_a_user_namespace_refuses", a_launcher_in_a_user_namespace_refuses),
    (
        "a_library_of_the_user_in_the_launcher_refuses",
        a_library_of_the_user_in_the_launcher_refuses,
    ),
    ("what_cannot_be_executed_is_said", what_cannot_be_executed_is_said),
    ("an_incomplete_program_is_not_launched", an_incomplete_program_is_not_launched),
    (
        "arguments_that_the_system_does_not_take_are_refused",
        arguments_that_the_system_does_not_take_are_refused,
    ),
    ("the_doctor_finds_this_system_able", the_doctor_finds_this_system_able),
];

/// What only root can try.
pub(crate) const ROOT_CASES: &[Case] = &[(
    "a_system_that_forbids_execution_from_memory_is_named",
    a_system_that_forbids_execution_from_memory_is_named,
)];

fn assert_refused(finished: &Output, error: &str, message: &str) {
    let report = errors(finished);
    assert_eq!(finished.status.code(), Some(126), "{report}");
    assert!(report.contains(error) && report.contains(message), "{report}");
    assert_eq!(text(finished), "", "the program ran");
}

/// The launcher with a harmless program, run by another program.
fn under(tool: &str, arguments: &[&str]) -> Output {
    let mut command = Command::new(tool);
    command.args(arguments).arg(ourselves()).args(["launcher", "/bin/sh", "-c", "echo ran"]);
    finish(command)
}

fn a_traced_launcher_refuses() {
    assert_eq!(text(&under("env", &[])), "ran\n");
    if has_tool("strace") {
        let finished = under("strace", &["-f", "-o", "/dev/null"]);
        assert_refused(&finished, "Traced", "is tracing the Builder");
    }
}

fn a_launcher_in_a_user_namespace_refuses() {
    let allowed = has_tool("unshare")
        && finish({
            let mut command = Command::new("unshare");
            command.args(["--user", "--map-root-user", "true"]);
            command
        })
        .status
        .success();
    if allowed {
        let finished = under("unshare", &["--user", "--map-root-user"]);
        assert_refused(&finished, "UserNamespace", "inside a user namespace");
    }
}

fn a_library_of_the_user_in_the_launcher_refuses() {
    // A library of the system that every program here uses, in a folder of the user's.
    let maps = fs::read_to_string("/proc/self/maps").unwrap();
    let library = maps
        .lines()
        .filter_map(|line| line.find('/').map(|start| Path::new(&line[start..])))
        .find(|path| path.file_name().is_some_and(|name| name == "libc.so.6"))
        .unwrap();
    let folder = TempDir::new().unwrap();
    let copy = folder.path().join("libc.so.6");
    fs::copy(library, &copy).unwrap();
    for (variable, value) in [("LD_PRELOAD", copy.as_path()), ("LD_LIBRARY_PATH", folder.path())] {
        let mut command = launcher(&["/bin/sh", "-c", "echo ran"]);
        command.env(variable, value);
        assert_refused(&finish(command), "ForeignCode", "libc.so.6 was loaded into the Builder");
    }
    // A library that was removed after it was opened, where its name in the list of mappings is
    // that of a file of the system.
    let decoy = folder.path().join("libc.so.6 (deleted)");
    std::os::unix::fs::symlink(library, decoy).unwrap();
    let mut shell = Command::new("/bin/bash");
    let script = "exec 9<\"$1\"; rm \"$1\"; shift; LD_PRELOAD=/proc/self/fd/9 exec \"$@\"";
    shell.args(["-c", script, "sh"]).arg(&copy).arg(ourselves());
    shell.args(["launcher", "/bin/sh", "-c", "echo ran"]);
    assert_refused(&finish(shell), "ForeignCode", "(deleted) was loaded into the Builder");
    // The system's own libraries may be named there by whoever likes to.
    let mut command = launcher(&["/bin/sh", "-c", "echo ran"]);
    command.env("LD_PRELOAD", library);
    assert_eq!(text(&finish(command)), "ran\n");
}

fn what_cannot_be_executed_is_said() {
    let folder = TempDir::new().unwrap();
    let refusal = |bytes: &[u8]| {
        let file = folder.path().join("program");
        fs::write(&file, bytes).unwrap();
        finish(launcher(&[file.to_str().unwrap()]))
    };
    let program = fs::read("/bin/sh").unwrap();
    let changed = |at: usize, byte: u8| {
        let mut bytes = program.clone();
        bytes[at] = byte;
        bytes
    };
    let name = program.windows(7).position(|name| name == b"/ld-lin").unwrap();

    assert_refused(&refusal(b"#!/bin/sh\necho ran\n"), "NotExecutable", "it is a script");
    assert_refused(&refusal(b""), "NotExecutable", "not an ELF program");
    assert_refused(&refusal(&program[..32]), "NotExecutable", "not an ELF program");
    assert_refused(&refusal(&changed(18, 22)), "NotExecutable", "built for s390x");
    assert_refused(&refusal(&changed(name + 1, b'X')), "NotExecutable", "/Xd-linux");
}

fn an_incomplete_program_is_not_launched() {
    let finished = finish(launcher(&["--partial", "/bin/sh", "-c", "echo ran"]));
    assert_refused(&finished, "Incomplete", "not all of the program");
}

fn arguments_that_the_system_does_not_take_are_refused() {
    // One string may have 131,072 bytes: as an argument of the launcher these facts fit, and as
    // `TRYBUY_TRIAL=FACTS` they do not.
    let facts = "x".repeat(131_065);
    let finished = finish(launcher(&["--facts", &facts, "/bin/sh", "-c", "echo ran"]));
    assert_refused(&finished, "ArgumentsTooLong", "too long");
}

fn a_system_that_forbids_execution_from_memory_is_named() {
    // The setting belongs to the process namespace, so it can be set for the launcher alone.
    let isolated = ["--pid", "--fork", "--mount-proc", "sh", "-c"];
    let forbid = "echo 2 >/proc/sys/vm/memfd_noexec || exit 99; exec \"$0\" \"$@\"";
    let finished = under("unshare", &[isolated.as_slice(), &[forbid]].concat());
    if finished.status.code() == Some(126) {
        assert_refused(&finished, "MemoryExecutionForbidden", "vm.memfd_noexec is 2");
    } else {
        // A container's root may not do this, and old kernels have no such setting.
        assert_ne!(text(&finished), "ran\n");
    }
}

fn the_doctor_finds_this_system_able() {
    let finished = finish(role(&["doctor"]));
    let checks: serde_json::Value = serde_json::from_str(&text(&finished)).unwrap();
    let checks = checks.as_array().unwrap();
    let outcome = |name: &str| {
        let found = checks.iter().find(|check| check["name"] == name);
        found.unwrap()["outcome"].as_str().unwrap().to_owned()
    };
    for name in ["surroundings", "memory-execution", "memory-files", "dump-protection"] {
        assert_eq!(outcome(name), "good", "{checks:?}");
    }
    for check in checks {
        assert_eq!(check["outcome"] == "good", check["advice"].is_null(), "{check}");
    }
}
