//! Tries execution from memory with the smallest possible program.

use super::child::ChildPlan;
use super::launch::{LaunchSpec, refusal, take_turn};
use super::protection::Protection;
use super::signals::SignalRelay;
use super::supervisor::RunningProgram;
use super::{ExecutionError, LaunchGuard, MemoryFile};

/// Where the program is loaded; any address that is free in every process will do.
const ADDRESS: u64 = 0x40_0000;
/// The largest page size of the machines below, so that the segment is aligned on all of them.
const ALIGNMENT: u64 = 0x1_0000;
/// Length of the ELF header and of its one program header.
const HEADERS: u64 = 64 + 56;

/// Machine number (`EM_*`) and instructions of a program that sleeps for ever, if one is known
/// for this machine.
const SLEEPER: Option<(u16, &[u8])> = if cfg!(target_arch = "x86_64") {
    // again: mov eax, 34 (pause); syscall; jmp again
    Some((62, &[0xb8, 34, 0, 0, 0, 0x0f, 0x05, 0xeb, 0xf7]))
} else if cfg!(target_arch = "aarch64") {
    // again: x0 to x3 = 0; x8 = 73 (ppoll); svc 0; b again
    Some((
        183,
        &[
            0x00, 0x00, 0x80, 0xd2, 0x01, 0x00, 0x80, 0xd2, 0x02, 0x00, 0x80, 0xd2, 0x03, 0x00,
            0x80, 0xd2, 0x28, 0x09, 0x80, 0xd2, 0x01, 0x00, 0x00, 0xd4, 0xfa, 0xff, 0xff, 0x17,
        ],
    ))
} else {
    None
};

/// Starts a program from memory, checks that the kernel protects it, and ends it. Returns what
/// was found out, or nothing on a machine for which no such program is known.
///
/// # Errors
///
/// Those of [`super::launch()`].
pub(super) fn try_execution(guard: &LaunchGuard) -> Result<Option<Protection>, ExecutionError> {
    let Some((machine, instructions)) = SLEEPER else {
        return Ok(None);
    };
    let bytes = static_program(machine, instructions);
    let file = MemoryFile::create(guard, "probe")?;
    let writer = file.writer(guard, bytes.len() as u64)?;
    writer.write_at(0, &bytes).map_err(ExecutionError::system("write to a memory file"))?;
    writer.seal()?;
    let program = file.into_program()?;

    let _turn = take_turn();
    let relay = SignalRelay::start(&guard.proc)?;
    let plan = ChildPlan::new(guard, &program, &LaunchSpec::new("probe"), &relay)?;
    let pid = plan.start().map_err(|error| refusal(error, &program))?;
    // Dropping it ends the program.
    let running = RunningProgram::new(pid);
    running.verify_protection(guard).map(Some)
}

/// A 64-bit little-endian ELF executable of one readable and executable segment.
fn static_program(machine: u16, instructions: &[u8]) -> Vec<u8> {
    let length = HEADERS + instructions.len() as u64;
    let mut bytes = b"\x7fELF\x02\x01\x01".to_vec();
    bytes.resize(16, 0);
    let mut field = |value: u64, width: usize| bytes.extend(&value.to_le_bytes()[..width]);
    field(2, 2); // ET_EXEC
    field(machine.into(), 2);
    field(1, 4); // version
    field(ADDRESS + HEADERS, 8); // entry
    field(64, 8); // program headers follow at once
    field(0, 8); // no sections
    field(0, 4); // flags
    for value in [64, 56, 1, 0, 0, 0] {
        field(value, 2); // sizes and counts of headers
    }
    field(1, 4); // PT_LOAD
    field(5, 4); // readable, executable
    for value in [0, ADDRESS, ADDRESS, length, length, ALIGNMENT] {
        field(value, 8);
    }
    bytes.extend(instructions);
    bytes
}
