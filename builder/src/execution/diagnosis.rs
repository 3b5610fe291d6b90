//! What `trybuy doctor` says about running programs from memory.

use rustix::process::{Resource, getrlimit};
use serde::Serialize;

use super::memory_lock::has_swap;
use super::procfs::ProcFs;
use super::protection::Protection;
use super::{ExecutionError, HardenedProcess, LaunchGuard, core_dump, probe};

/// Programs up to this size should be lockable into memory, in bytes: the size below which most
/// programs are.
const USUAL_PROGRAM_BYTES: u64 = 100 << 20;

/// How a check came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// All is well.
    Good,
    /// Programs run, with less protection than possible.
    Warning,
    /// Programs do not run.
    Bad,
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Check {
    /// A stable name for scripts, such as `memory-execution`.
    pub name: &'static str,
    /// How it came out.
    pub outcome: Outcome,
    /// What was seen, as a phrase.
    pub observed: String,
    /// What to do about it, as a sentence; nothing if all is well.
    pub advice: Option<&'static str>,
}

/// Looks at everything that running a program from memory depends on, and tries it.
#[must_use]
pub fn diagnose(process: &HardenedProcess) -> Vec<Check> {
    let guard = process.authorize_launch();
    let mut checks = vec![surroundings(&guard), memory_execution(&guard)];
    if let Ok(proc) = ProcFs::open() {
        checks.extend([
            memory_files(&proc),
            dump_protection(&proc),
            core_dumps(&proc),
            tracing_policy(&proc),
            locked_memory(&proc),
        ]);
    }
    checks
}

fn good(name: &'static str, observed: impl Into<String>) -> Check {
    Check { name, outcome: Outcome::Good, observed: observed.into(), advice: None }
}

fn warning(name: &'static str, observed: impl Into<String>, advice: &'static str) -> Check {
    Check { name, outcome: Outcome::Warning, observed: observed.into(), advice: Some(advice) }
}

fn bad(name: &'static str, observed: impl Into<String>, advice: &'static str) -> Check {
    Check { name, outcome: Outcome::Bad, observed: observed.into(), advice: Some(advice) }
}

fn surroundings(guard: &Result<LaunchGuard, ExecutionError>) -> Check {
    const NAME: &str = "surroundings";
    match guard {
        Ok(_) => good(NAME, "no tracer, the initial user namespace, and no foreign code"),
        Err(error) => bad(NAME, error.to_string(), error.advice()),
    }
}

fn memory_execution(guard: &Result<LaunchGuard, ExecutionError>) -> Check {
    const NAME: &str = "memory-execution";
    let Ok(guard) = guard else {
        let advice = "see what is said about the surroundings";
        return bad(NAME, "not tried", advice);
    };
    match probe::try_execution(guard) {
        Ok(Some(Protection::Protected)) => {
            good(NAME, "a program ran from memory and was protected")
        }
        Ok(Some(Protection::UserIsPrivileged)) => good(
            NAME,
            "a program ran from memory; you may trace everything, so nothing is protected from you",
        ),
        // The probe does not end by itself.
        Ok(Some(Protection::Ended)) => warning(
            NAME,
            "a program was started from memory, and something ended it",
            "look for a security monitor in the system's log, and allow the Builder there",
        ),
        Ok(None) => warning(
            NAME,
            "not tried on this kind of machine",
            "run a program to see whether it works",
        ),
        Err(error) => bad(NAME, error.to_string(), error.advice()),
    }
}

fn memory_files(proc: &ProcFs) -> Check {
    const NAME: &str = "memory-files";
    match setting(proc, "sys/vm/memfd_noexec").as_deref() {
        Some("2") => bad(
            NAME,
            "vm.memfd_noexec is 2: nobody may execute memory files",
            "ask the administrator to set vm.memfd_noexec to 1 or 0",
        ),
        Some(value) => good(NAME, format!("vm.memfd_noexec is {value}")),
        None => good(NAME, "the kernel always lets memory files be executed"),
    }
}

fn dump_protection(proc: &ProcFs) -> Check {
    const NAME: &str = "dump-protection";
    match setting(proc, "sys/fs/suid_dumpable").as_deref() {
        Some("1") => bad(
            NAME,
            "fs.suid_dumpable is 1: every program can be read by its user",
            "ask the administrator to set fs.suid_dumpable to 0 or 2",
        ),
        Some(value) => good(NAME, format!("fs.suid_dumpable is {value}")),
        None => good(NAME, "fs.suid_dumpable is not visible"),
    }
}

fn core_dumps(proc: &ProcFs) -> Check {
    const NAME: &str = "core-dumps";
    let pattern = setting(proc, "sys/kernel/core_pattern").unwrap_or_default();
    // A limit of 0 does not keep the kernel from handing a dump to a handler.
    if core_dump::limit().current == Some(0) && pattern.starts_with('|') {
        return warning(
            NAME,
            "the limit for core dumps is 0, which does not stop the system's dump handler",
            "raise the hard limit for core dumps (ulimit -Hc) to 1 or more",
        );
    }
    good(NAME, "launched programs leave no core dumps")
}

fn tracing_policy(proc: &ProcFs) -> Check {
    const NAME: &str = "tracing-policy";
    // Launched programs refuse tracers by themselves, so no value of this is wrong.
    match setting(proc, "sys/kernel/yama/ptrace_scope") {
        Some(scope) => good(NAME, format!("kernel.yama.ptrace_scope is {scope}")),
        None => good(NAME, "the system has no tracing policy, and needs none here"),
    }
}

fn locked_memory(proc: &ProcFs) -> Check {
    const NAME: &str = "locked-memory";
    if !has_swap(proc) {
        return good(NAME, "there is no swap area");
    }
    let limit = getrlimit(Resource::Memlock).current.unwrap_or(u64::MAX);
    if limit >= USUAL_PROGRAM_BYTES || rustix::process::geteuid().is_root() {
        return good(NAME, "programs are kept out of the swap area");
    }
    warning(
        NAME,
        format!("programs larger than {} MiB may be swapped out", limit >> 20),
        "raise the limit for locked memory (ulimit -l), or encrypt the swap area",
    )
}

/// The value of a kernel setting, if the kernel has it and lets us read it.
fn setting(proc: &ProcFs, path: &str) -> Option<String> {
    proc.read(path).ok().map(|text| text.trim().to_owned())
}
