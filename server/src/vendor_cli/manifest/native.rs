//! Whether a file is a native program for the platform that the manifest claims.

use trybuy_formats::ids::Platform;

/// So many first bytes of a program are looked at: up to `e_machine` of an ELF header.
pub(super) const START: u64 = 20;

/// How a file and a platform fit together.
#[derive(PartialEq, Eq, Debug)]
pub(super) enum Fit {
    /// It is a program for that platform.
    Right,
    /// It cannot be told; the text says why.
    Unknown(String),
    /// It is none.
    Wrong {
        /// What the file is, to be read after its path.
        what: String,
        /// What to do.
        help: String,
    },
}

/// A processor as the ELF header names it (System V ABI, "ELF Header").
struct Machine {
    name: &'static str,
    /// `e_ident[EI_CLASS]`: 1 for 32 bits, 2 for 64.
    class: u8,
    /// `e_ident[EI_DATA]`: 1 for little-endian, 2 for big-endian.
    data: u8,
    /// `e_machine`.
    machine: u16,
}

const MACHINES: &[Machine] = &[
    Machine { name: "x86", class: 1, data: 1, machine: 3 },
    Machine { name: "arm", class: 1, data: 1, machine: 40 },
    Machine { name: "s390x", class: 2, data: 2, machine: 22 },
    Machine { name: "x86_64", class: 2, data: 1, machine: 62 },
    Machine { name: "aarch64", class: 2, data: 1, machine: 183 },
    Machine { name: "riscv64", class: 2, data: 1, machine: 243 },
    Machine { name: "loongarch64", class: 2, data: 1, machine: 258 },
];

/// Compares the first bytes of a program with a platform.
pub(super) fn fit(start: &[u8], platform: &Platform) -> Fit {
    let Some(processor) = platform.as_str().strip_suffix("-linux") else {
        return Fit::Unknown(format!(
            "programs for {platform} are not checked, and the Builder runs native programs on \
             Linux only so far"
        ));
    };
    let Some(elf) = Elf::read(start) else {
        return no_elf(start);
    };
    if !matches!(elf.kind, 2 | 3) {
        return wrong("is an object file or a core dump, not a program", "name the linked program");
    }
    let found = MACHINES.iter().find(|machine| elf.is_for(machine));
    match (found, MACHINES.iter().any(|machine| machine.name == processor)) {
        (Some(machine), _) if machine.name == processor => Fit::Right,
        (None, false) => {
            Fit::Unknown(format!("it cannot be told whether it is a program for {platform}"))
        }
        (Some(machine), _) => {
            wrong(&format!("is a program for {}-linux, not for {platform}", machine.name), REBUILD)
        }
        (None, true) => {
            wrong(&format!("is a program for another machine than {platform}"), REBUILD)
        }
    }
}

const REBUILD: &str = "build it for that platform, or correct `platform`";

fn no_elf(start: &[u8]) -> Fit {
    if start.starts_with(b"#!") {
        let help = "publish the compiled program; scripts are not supported yet";
        return wrong("is a script, not a native program", help);
    }
    if start.starts_with(b"MZ") {
        return wrong("is a program for Windows", REBUILD);
    }
    wrong("is not a native program (ELF)", "name the file that the linker wrote")
}

fn wrong(what: &str, help: &str) -> Fit {
    Fit::Wrong { what: what.to_owned(), help: help.to_owned() }
}

/// The fields of an ELF header that matter here.
struct Elf {
    class: u8,
    data: u8,
    kind: u16,
    machine: u16,
}

impl Elf {
    fn read(start: &[u8]) -> Option<Self> {
        let header: &[u8; 20] = start.first_chunk()?;
        let [0x7f, b'E', b'L', b'F', class, data, .., k0, k1, m0, m1] = *header else {
            return None;
        };
        let number = if data == 2 { u16::from_be_bytes } else { u16::from_le_bytes };
        Some(Self { class, data, kind: number([k0, k1]), machine: number([m0, m1]) })
    }

    fn is_for(&self, machine: &Machine) -> bool {
        (self.class, self.data, self.machine) == (machine.class, machine.data, machine.machine)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(class: u8, data: u8, kind: u8, machine: u8) -> Vec<u8> {
        let mut header = vec![0; 20];
        header[..6].copy_from_slice(&[0x7f, b'E', b'L', b'F', class, data]);
        let low = if data == 2 { 1 } else { 0 };
        header[16 + low] = kind;
        header[18 + low] = machine;
        header
    }

    fn fit_of(start: &[u8], platform: &str) -> Fit {
        fit(start, &platform.parse().expect("a platform"))
    }

    fn refusal(start: &[u8], platform: &str) -> String {
        match fit_of(start, platform) {
            Fit::Wrong { what, .. } => what,
            other => format!("{other:?}"),
        }
    }

    #[test]
    fn programs_for_the_claimed_platform_fit() {
        assert_eq!(fit_of(&header(2, 1, 3, 62), "x86_64-linux"), Fit::Right);
        assert_eq!(fit_of(&header(2, 1, 2, 183), "aarch64-linux"), Fit::Right);
        assert_eq!(fit_of(&header(2, 2, 2, 22), "s390x-linux"), Fit::Right);
    }

    #[test]
    fn files_that_are_no_such_program_are_named() {
        let cases: &[(&[u8], &str)] = &[
            (b"#!/bin/sh\necho hello\n", "is a script, not a native program"),
            (b"MZ\x90\0", "is a program for Windows"),
            (b"\x7fELF", "is not a native program (ELF)"),
            (b"plain", "is not a native program (ELF)"),
            (&header(2, 1, 1, 62), "is an object file or a core dump, not a program"),
            (&header(2, 1, 3, 183), "is a program for aarch64-linux, not for x86_64-linux"),
            (&header(1, 1, 3, 3), "is a program for x86-linux, not for x86_64-linux"),
            (&header(2, 1, 3, 99), "is a program for another machine than x86_64-linux"),
        ];
        for (start, expected) in cases {
            assert_eq!(refusal(start, "x86_64-linux"), *expected);
        }
    }

    #[test]
    fn platforms_that_cannot_be_checked_are_said_to_be_so() {
        assert!(matches!(fit_of(b"MZ", "x86_64-windows"), Fit::Unknown(_)));
        assert!(matches!(fit_of(&header(2, 1, 3, 21), "powerpc64-linux"), Fit::Unknown(_)));
    }
}
