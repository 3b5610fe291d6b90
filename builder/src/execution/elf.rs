//! Says why the kernel would not execute a program: what its ELF header asks for.
//!
//! Nothing here decides anything; the kernel has already refused.

use std::os::fd::AsFd;
use std::path::Path;

/// Length of the header of a 64-bit ELF file.
const HEADER: usize = 64;
/// Length of one entry of its program header table.
const SEGMENT: usize = 56;
/// No linker writes more program headers; further ones are not looked at.
const MAX_SEGMENTS: u16 = 128;
/// `PATH_MAX`: the longest name of a loader.
const MAX_LOADER_NAME: usize = 4096;
/// `PT_INTERP`: the segment that names the loader.
const INTERPRETER: u32 = 3;
/// `EM_*`: the machines whose names are worth showing.
const MACHINES: [(u16, &str); 8] = [
    (3, "x86"),
    (20, "powerpc"),
    (21, "powerpc64"),
    (22, "s390x"),
    (40, "arm"),
    (62, "x86_64"),
    (183, "aarch64"),
    (243, "riscv64"),
];

/// A phrase that says what is wrong with a program that could not be executed.
pub(super) fn explain(file: impl AsFd) -> String {
    let mut header = [0; HEADER];
    let length = read_at(&file, 0, &mut header);
    if header.starts_with(b"#!") {
        return "it is a script, which needs its interpreter".to_owned();
    }
    if length < HEADER || !header.starts_with(b"\x7fELF") {
        return "it is not an ELF program".to_owned();
    }
    // The fields below are read as little-endian, 64-bit ones (EI_CLASS 2, EI_DATA 1).
    if header[4] != 2 || header[5] != 1 {
        return "it is built for another kind of machine".to_owned();
    }
    let machine = u16_at(&header, 18);
    let here = std::env::consts::ARCH;
    match MACHINES.iter().find(|(number, _)| *number == machine) {
        Some((_, name)) if *name == here => {}
        Some((_, name)) => return format!("it is built for {name}, and this machine is {here}"),
        None => return format!("it is built for another machine than {here}"),
    }
    match loader(&file, &header) {
        Some(name) if !Path::new(&name).exists() => {
            format!("its loader {name} is not installed")
        }
        _ => "its ELF structure is damaged".to_owned(),
    }
}

/// The name of the program's loader (`PT_INTERP`), if it asks for one.
fn loader(file: &impl AsFd, header: &[u8; HEADER]) -> Option<String> {
    let table = u64_at(header, 32);
    let count = u16_at(header, 56).min(MAX_SEGMENTS);
    (0..count).find_map(|index| {
        let offset = table.checked_add(u64::from(index) * SEGMENT as u64)?;
        let mut segment = [0; SEGMENT];
        let complete = read_at(file, offset, &mut segment) == SEGMENT;
        if !complete || u32_at(&segment, 0) != INTERPRETER {
            return None;
        }
        let length = usize::try_from(u64_at(&segment, 32)).ok()?;
        let mut name = vec![0; length.min(MAX_LOADER_NAME)];
        let read = read_at(file, u64_at(&segment, 8), &mut name);
        let name = name[..read].split(|byte| *byte == 0).next()?;
        Some(String::from_utf8_lossy(name).into_owned())
    })
}

/// Reads up to `buffer.len()` bytes; anything that cannot be read counts as missing.
fn read_at(file: impl AsFd, offset: u64, buffer: &mut [u8]) -> usize {
    rustix::io::pread(file, buffer, offset).unwrap_or(0)
}

fn u16_at(bytes: &[u8], at: usize) -> u16 {
    u16::from_le_bytes([bytes[at], bytes[at + 1]])
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from(u16_at(bytes, at)) | u32::from(u16_at(bytes, at + 2)) << 16
}

fn u64_at(bytes: &[u8], at: usize) -> u64 {
    u64::from(u32_at(bytes, at)) | u64::from(u32_at(bytes, at + 4)) << 32
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
mod tests {
    use super::explain;
    use std::io::Write;

    fn explained(change: impl FnOnce(&mut Vec<u8>)) -> String {
        let mut bytes = std::fs::read("/proc/self/exe").unwrap();
        change(&mut bytes);
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(&bytes).unwrap();
        explain(&file)
    }

    #[test]
    fn each_defect_is_named() {
        let script = explained(|bytes| *bytes = b"#!/bin/sh\n".to_vec());
        assert!(script.contains("script"), "{script}");
        let empty = explained(Vec::clear);
        assert!(empty.contains("not an ELF"), "{empty}");
        let foreign = explained(|bytes| bytes[18] = 22);
        assert!(foreign.contains("built for s390x"), "{foreign}");
        let narrow = explained(|bytes| bytes[4] = 1);
        assert!(narrow.contains("another kind"), "{narrow}");
    }

    #[test]
    fn a_missing_loader_is_named() {
        let reason = explained(|bytes| {
            let at = bytes.windows(5).position(|w| w == b"/lib6" || w == b"/lib/").unwrap();
            bytes[at + 1..at + 4].copy_from_slice(b"nil");
        });
        assert!(reason.contains("its loader /nil") && reason.contains("not installed"), "{reason}");
    }
}
