//! Whether a file is a native program for the platform that the manifest claims.

use object::Endianness;
use object::elf::{self, FileHeader32, FileHeader64};
use object::read::elf::{Dyn as _, FileHeader, ProgramHeader as _};
use object::read::{FileKind, ReadRef};
use trybuy_formats::ids::Platform;

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

/// Compares a program with a platform. Of a large one little is read: what the kernel looks at
/// before it executes it.
pub(super) fn fit<'d>(program: impl ReadRef<'d>, platform: &Platform) -> Fit {
    let Some(processor) = platform.as_str().strip_suffix("-linux") else {
        return Fit::Unknown(format!(
            "programs for {platform} are not checked, and the Builder runs native programs on \
             Linux only so far"
        ));
    };
    let Some(elf) = Elf::read(program) else {
        return no_elf(program.read_bytes_at(0, 2).unwrap_or_default());
    };
    match elf.kind {
        Kind::Other => {
            let what = "is an object file or a core dump, not a program";
            return wrong(what, "name the linked program");
        }
        Kind::Library => {
            let help = "name the program that uses it, or link it as a program";
            return wrong("is a shared library, not a program", help);
        }
        Kind::Truncated => {
            return wrong("is truncated or damaged", "name the whole file that the linker wrote");
        }
        Kind::Program => {}
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

/// What matters of an ELF file here.
struct Elf {
    class: u8,
    data: u8,
    machine: u16,
    kind: Kind,
}

#[derive(Clone, Copy)]
enum Kind {
    /// Complete, as far as it is loaded.
    Program,
    /// It lacks something that is to be loaded.
    Truncated,
    Library,
    Other,
}

impl Elf {
    fn read<'d>(data: impl ReadRef<'d>) -> Option<Self> {
        match FileKind::parse(data).ok()? {
            FileKind::Elf32 => Self::of(FileHeader32::parse(data).ok()?, data),
            FileKind::Elf64 => Self::of(FileHeader64::parse(data).ok()?, data),
            _ => None,
        }
    }

    fn of<'d, H: FileHeader<Endian = Endianness>>(
        header: &'d H,
        data: impl ReadRef<'d>,
    ) -> Option<Self> {
        let order = header.endian().ok()?;
        let kind = match header.e_type(order) {
            elf::ET_EXEC | elf::ET_DYN => kind(header, order, data),
            _ => Kind::Other,
        };
        let identification = header.e_ident();
        let machine = header.e_machine(order);
        Some(Self { class: identification.class, data: identification.data, machine, kind })
    }

    fn is_for(&self, machine: &Machine) -> bool {
        (self.class, self.data, self.machine) == (machine.class, machine.data, machine.machine)
    }
}

/// A program of a fixed address, or one that can be loaded anywhere: with a loader (`PT_INTERP`), or
/// marked as an executable (`DF_1_PIE`). A shared library has neither.
fn kind<'d, H: FileHeader<Endian = Endianness>>(
    header: &'d H,
    order: Endianness,
    data: impl ReadRef<'d>,
) -> Kind {
    let length = data.len().unwrap_or_default();
    let segments = header.program_headers(order, data).unwrap_or_default();
    let mut loaded = segments.iter().filter(|segment| segment.p_type(order) == elf::PT_LOAD);
    let fits = |segment: &H::ProgramHeader| {
        let (offset, size) = segment.file_range(order);
        offset.checked_add(size).is_some_and(|end| end <= length)
    };
    if !loaded.clone().all(fits) || loaded.next().is_none() {
        return Kind::Truncated;
    }
    let is_executable = header.e_type(order) == elf::ET_EXEC
        || segments.iter().any(|segment| {
            segment.p_type(order) == elf::PT_INTERP || is_marked_executable(segment, order, data)
        });
    if is_executable { Kind::Program } else { Kind::Library }
}

fn is_marked_executable<'d, P: object::read::elf::ProgramHeader<Endian = Endianness>>(
    segment: &P,
    order: Endianness,
    data: impl ReadRef<'d>,
) -> bool {
    let entries = segment.dynamic(order, data).ok().flatten().unwrap_or_default();
    entries.iter().any(|entry| {
        entry.d_tag(order).into() == elf::DT_FLAGS_1
            && entry.d_val(order).into() & u64::from(elf::DF_1_PIE) != 0
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `PT_LOAD`, `PT_DYNAMIC` or `PT_INTERP`, and its contents.
    type Segment<'a> = (u32, &'a [u8]);

    /// The header of an ELF file, its program headers, and the contents of the segments.
    fn file(class: u8, data: u8, kind: u16, machine: u16, segments: &[Segment<'_>]) -> Vec<u8> {
        let wide = class == 2;
        let number = |value: u64, width: usize| match data {
            2 => value.to_be_bytes()[8 - width..].to_vec(),
            _ => value.to_le_bytes()[..width].to_vec(),
        };
        let word = |value: u64| number(value, if wide { 8 } else { 4 });
        let (header, entry) = if wide { (64, 56) } else { (52, 32) };
        let mut file = [&b"\x7fELF"[..], &[class, data, 1], &[0; 9]].concat();
        file.extend([number(kind.into(), 2), number(machine.into(), 2), number(1, 4)].concat());
        file.extend([word(0), word(header), word(0), number(0, 4)].concat());
        for value in [header, entry, segments.len() as u64, 0, 0, 0] {
            file.extend(number(value, 2));
        }
        let mut offset = header + entry * segments.len() as u64;
        for (kind, contents) in segments {
            let size = word(contents.len() as u64);
            file.extend(number((*kind).into(), 4));
            if wide {
                file.extend(number(5, 4));
            }
            file.extend([word(offset), word(0), word(0), size.clone(), size].concat());
            if !wide {
                file.extend(number(5, 4));
            }
            file.extend(word(1));
            offset += contents.len() as u64;
        }
        segments.iter().for_each(|(_, contents)| file.extend(*contents));
        file
    }

    /// An executable that loads something.
    fn program(class: u8, data: u8, machine: u16) -> Vec<u8> {
        file(class, data, elf::ET_EXEC, machine, &[(elf::PT_LOAD, b"code")])
    }

    /// A file that can be loaded anywhere, with `DT_FLAGS_1` of this value.
    fn dynamic(flags: u32) -> Vec<u8> {
        let entries: Vec<u8> = [i128::from(elf::DT_FLAGS_1), flags.into(), 0, 0]
            .iter()
            .flat_map(|value| value.to_le_bytes()[..8].to_vec())
            .collect();
        let segments = [(elf::PT_LOAD, &b"code"[..]), (elf::PT_DYNAMIC, &entries)];
        file(2, 1, elf::ET_DYN, 62, &segments)
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
        assert_eq!(fit_of(&program(2, 1, 62), "x86_64-linux"), Fit::Right);
        assert_eq!(fit_of(&program(2, 1, 183), "aarch64-linux"), Fit::Right);
        assert_eq!(fit_of(&program(2, 2, 22), "s390x-linux"), Fit::Right);
        assert_eq!(fit_of(&program(1, 1, 40), "arm-linux"), Fit::Right);
    }

    #[test]
    fn position_independent_programs_are_told_from_libraries() {
        let loader = [(elf::PT_LOAD, &b"code"[..]), (elf::PT_INTERP, b"/lib/ld.so\0")];
        assert_eq!(fit_of(&file(2, 1, elf::ET_DYN, 62, &loader), "x86_64-linux"), Fit::Right);
        assert_eq!(fit_of(&dynamic(elf::DF_1_PIE), "x86_64-linux"), Fit::Right);
        let library = "is a shared library, not a program";
        assert_eq!(refusal(&dynamic(0), "x86_64-linux"), library);
        assert_eq!(refusal(&file(2, 1, elf::ET_DYN, 62, &loader[..1]), "x86_64-linux"), library);
    }

    #[test]
    fn a_program_that_ends_too_early_is_found_out_wherever_it_ends() {
        let whole = program(2, 1, 62);
        for length in 64..whole.len() {
            let what = refusal(&whole[..length], "x86_64-linux");
            assert_eq!(what, "is truncated or damaged", "{length}");
        }
        assert_eq!(refusal(&whole[..63], "x86_64-linux"), "is not a native program (ELF)");
    }

    #[test]
    fn files_that_are_no_such_program_are_named() {
        let cases: &[(&[u8], &str)] = &[
            (b"#!/bin/sh\necho hello\n", "is a script, not a native program"),
            (b"MZ\x90\0", "is a program for Windows"),
            (b"\x7fELF", "is not a native program (ELF)"),
            (b"plain", "is not a native program (ELF)"),
            (&file(2, 1, 1, 62, &[]), "is an object file or a core dump, not a program"),
            (&program(2, 1, 183), "is a program for aarch64-linux, not for x86_64-linux"),
            (&program(1, 1, 3), "is a program for x86-linux, not for x86_64-linux"),
            (&program(2, 1, 99), "is a program for another machine than x86_64-linux"),
        ];
        for (start, expected) in cases {
            assert_eq!(refusal(start, "x86_64-linux"), *expected);
        }
    }

    #[test]
    fn platforms_that_cannot_be_checked_are_said_to_be_so() {
        assert!(matches!(fit_of(b"MZ", "x86_64-windows"), Fit::Unknown(_)));
        assert!(matches!(fit_of(&program(2, 1, 21), "powerpc64-linux"), Fit::Unknown(_)));
    }
}
