//! What a user who wants to copy a running program would try.

use std::fs::{self, File, Permissions};
use std::io::{self, Read, Seek};
use std::os::unix::fs::{FileExt, PermissionsExt};
use std::path::Path;
use std::process::Command;

use rustix::process::{Pid, PidfdFlags, PidfdGetfdFlags, pidfd_getfd, pidfd_open};

/// An attack's name, and whether it succeeded against a process.
type Attack = (&'static str, fn(Pid) -> bool);

/// The attacks that need nothing but the system calls of a user.
const ATTACKS: [Attack; 11] = [
    ("copy the executable", |pid| reads(pid, "exe")),
    ("run the executable", |pid| {
        let mut command = Command::new(format!("/proc/{pid}/exe"));
        command.args(["payload", "exit", "0"]).status().is_ok()
    }),
    ("name the executable", |pid| fs::read_link(format!("/proc/{pid}/exe")).is_ok()),
    ("read the list of mappings", |pid| reads(pid, "maps")),
    ("read the environment", |pid| reads(pid, "environ")),
    ("read the auxiliary vector", |pid| reads(pid, "auxv")),
    ("list the open files", |pid| lists(pid, "fd")),
    ("list the mapped files", |pid| lists(pid, "map_files")),
    ("open the memory", |pid| File::open(format!("/proc/{pid}/mem")).is_ok()),
    ("name the working directory", |pid| fs::read_link(format!("/proc/{pid}/cwd")).is_ok()),
    ("take a descriptor", |pid| {
        let process = pidfd_open(pid, PidfdFlags::empty()).unwrap();
        pidfd_getfd(process, 0, PidfdGetfdFlags::empty()).is_ok()
    }),
];

/// The names of the attacks that succeeded.
pub(crate) fn successful(pid: Pid) -> Vec<&'static str> {
    let succeeded = ATTACKS.into_iter().filter(|(_, attack)| attack(pid));
    succeeded.map(|(name, _)| name).collect()
}

/// The names of all attacks.
pub(crate) fn all() -> Vec<&'static str> {
    ATTACKS.into_iter().map(|(name, _)| name).collect()
}

/// Whether a marker can be found in the writable memory of a process.
pub(crate) fn finds_in_memory(pid: Pid, marker: &str) -> bool {
    OpenedMemory::try_of(pid).is_ok_and(|memory| memory.holds(marker))
}

/// A process's memory, which can be read for as long as this lives: the kernel asks who may only
/// when it is opened.
pub(crate) struct OpenedMemory {
    maps: File,
    memory: File,
}

impl OpenedMemory {
    pub(crate) fn of(pid: Pid) -> Self {
        Self::try_of(pid).unwrap()
    }

    fn try_of(pid: Pid) -> io::Result<Self> {
        let open = |name| File::open(format!("/proc/{pid}/{name}"));
        Ok(Self { maps: open("maps")?, memory: open("mem")? })
    }

    /// Whether a marker is in what is writable of it.
    pub(crate) fn holds(&self, marker: &str) -> bool {
        let mut maps = String::new();
        (&self.maps).rewind().unwrap();
        (&self.maps).read_to_string(&mut maps).unwrap();
        maps.lines().filter(|line| line.contains(" rw-")).any(|line| {
            let (range, _) = line.split_once(' ').unwrap();
            let (start, end) = range.split_once('-').unwrap();
            let [start, end] = [start, end].map(|at| u64::from_str_radix(at, 16).unwrap());
            let mut bytes = vec![0; usize::try_from(end - start).unwrap()];
            self.memory.read_exact_at(&mut bytes, start).is_ok() && contains(&bytes, marker)
        })
    }
}

/// Whether a marker can be read from an open file of a process, by making it readable first.
pub(crate) fn finds_in_open_files(pid: Pid, marker: &str) -> bool {
    let Ok(entries) = fs::read_dir(format!("/proc/{pid}/fd")) else {
        return false;
    };
    entries.into_iter().any(|entry| {
        let path = entry.unwrap().path();
        let is_memory_file =
            fs::read_link(&path).is_ok_and(|target| target.starts_with("/memfd:program (deleted)"));
        is_memory_file && {
            let changed = fs::set_permissions(&path, Permissions::from_mode(0o700));
            changed.is_ok() && fs::read(&path).is_ok_and(|bytes| contains(&bytes, marker))
        }
    })
}

/// Whether a marker is in any file below a folder.
pub(crate) fn finds_on_disk(folder: &Path, marker: &str) -> bool {
    fs::read_dir(folder).unwrap().any(|entry| {
        let path = entry.unwrap().path();
        if path.is_dir() && !path.is_symlink() {
            return finds_on_disk(&path, marker);
        }
        fs::read(&path).is_ok_and(|bytes| contains(&bytes, marker))
    })
}

fn contains(bytes: &[u8], marker: &str) -> bool {
    bytes.windows(marker.len()).any(|window| window == marker.as_bytes())
}

fn reads(pid: Pid, file: &str) -> bool {
    let opened = File::open(format!("/proc/{pid}/{file}"));
    opened.is_ok_and(|mut file| file.read(&mut [0; 16]).is_ok_and(|count| count > 0))
}

fn lists(pid: Pid, folder: &str) -> bool {
    fs::read_dir(format!("/proc/{pid}/{folder}"))
        .is_ok_and(|mut entries| matches!(entries.next(), Some(Ok(_))))
}
