//! What must stay secret: the program's plaintext is on no disk, and no log or environment tells
//! who may do what.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::SystemTime;

use anyhow::{Context as _, Result, ensure};

use trybuy_tests::builder::{Builder, as_nobody};
use trybuy_tests::command::Outcome;
use trybuy_tests::files;
use trybuy_tests::opened_memory::OpenedMemory;
use trybuy_tests::running::Running;
use trybuy_tests::vendor::{Application, EASY_TRIAL, Vendor};
use trybuy_tests::wait;
use trybuy_tests::world::World;

use crate::case::{Shared, cases};
use crate::support::{busybox, tried};

cases![
    the_plaintext_is_never_on_a_disk[Busybox],
    a_running_program_is_closed_to_other_processes_of_its_user[Root, Busybox],
    what_can_be_read_of_the_launcher_holds_neither_program_nor_key[Busybox],
    the_environment_brings_no_foreign_code_and_no_secret[Busybox],
    the_log_names_no_token_no_address_of_a_download_and_no_person[Busybox],
];

/// What busybox says about itself; it is in the memory of every busybox that runs.
const SAYING: &[u8] = b"BusyBox is copyrighted by many authors between 1998-2015.\n";
const MARKER: usize = 64;

/// A busybox with 64 random characters where it speaks of its authors.
fn marked(to: &Path) -> Result<(PathBuf, Vec<u8>)> {
    let mut program = fs::read(busybox()?)?;
    let at = files::position(&program, SAYING).context("busybox speaks of its authors")?;
    let random = fs::read("/proc/sys/kernel/random/uuid")?;
    let more = fs::read("/proc/sys/kernel/random/uuid")?;
    let digits: Vec<u8> =
        [random, more].concat().into_iter().filter(u8::is_ascii_hexdigit).collect();
    let marker = digits.get(..MARKER).context("64 random digits")?.to_vec();
    program[at..at + MARKER].copy_from_slice(&marker);
    fs::write(to, program)?;
    Ok((to.to_owned(), marker))
}

/// Where a Builder and its program may leave something.
struct Traces {
    marker: Vec<u8>,
    folders: Vec<PathBuf>,
    begun: SystemTime,
}

impl Traces {
    /// That no file holds the marker.
    fn ensure_none(&self, when: &str) -> Result<()> {
        for folder in &self.folders {
            for file in files::below(folder)? {
                self.ensure_clean(&file, when)?;
            }
        }
        // Others use these folders too: only what is new, and directly in them.
        for folder in ["/tmp", "/var/tmp", "/dev/shm", "/run"] {
            for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
                let is_new = |metadata: &fs::Metadata| {
                    metadata.is_file() && metadata.modified().is_ok_and(|at| at >= self.begun)
                };
                if entry.metadata().is_ok_and(|metadata| is_new(&metadata)) {
                    self.ensure_clean(&entry.path(), when)?;
                }
            }
        }
        Ok(())
    }

    fn ensure_clean(&self, file: &Path, when: &str) -> Result<()> {
        let contents = fs::read(file).unwrap_or_default();
        ensure!(!files::holds(&contents, &self.marker), "{when}: it is in {}", file.display());
        Ok(())
    }
}

fn the_plaintext_is_never_on_a_disk(shared: &Shared) -> Result<()> {
    let world = shared.world();
    let (program, marker) = marked(&world.path("marked"))?;
    ensure!(files::holds(&fs::read(&program)?, &marker), "the program holds the marker");
    let user = world.fresh_builder("marked");
    let (temporary, home) = (world.path("marked-tmp"), world.path("marked-home"));
    fs::create_dir_all(&temporary)?;
    fs::create_dir_all(&home)?;
    let folders = vec![user.data_dir().to_owned(), temporary.clone(), home.clone()];
    let traces = Traces { marker: marker.clone(), folders, begun: SystemTime::now() };
    // With core dumps allowed, if anything allows them.
    let builder = |arguments: &[&str]| {
        let plain = user.command();
        let mut command = Command::new("/bin/sh");
        command.args(["-c", "ulimit -c unlimited; exec \"$0\" \"$@\""]);
        command.arg(plain.get_program()).args(plain.get_args()).args(arguments);
        command.env("TMPDIR", &temporary).env("HOME", &home).current_dir(&home);
        command
    };
    user.setup(world.server.url(), "Ada", "marked@example.com")?;
    let id = world.publish("busybox-marked", &program)?;
    Outcome::of(&mut builder(&["try", &id, "--accept-terms"]))?.success()?;
    traces.ensure_none("after the download")?;
    // The search would find it: it is what the program prints of itself.
    let printed = Outcome::of(&mut builder(&["run", &id, "--", "busybox", "--help"]))?;
    let said = [printed.stdout.as_bytes(), printed.stderr.as_bytes()].concat();
    ensure!(files::holds(&said, &marker), "the program has the marker in memory: {printed}");
    let script = "echo $$; read line";
    for (victim, signal) in [("program", "SEGV"), ("program", "ABRT"), ("builder", "ABRT")] {
        let mut run = Running::waiting(&mut builder(&["run", &id, "--", "sh", "-c", script]))?;
        let process: u32 = run.first_line()?.parse()?;
        traces.ensure_none("while it runs")?;
        let victim = if victim == "program" { process } else { run.id() };
        let kill = Command::new("kill").args(["-s", signal, &victim.to_string()]).status()?;
        ensure!(kill.success(), "the signal was sent");
        let ended = run.wait()?;
        ensure!(ended.code >= 128, "{ended}");
        wait::until("the end", || Ok(!trybuy_tests::running::is_alive(process)))?;
        traces.ensure_none(signal)?;
    }
    Ok(())
}

fn a_running_program_is_closed_to_other_processes_of_its_user(shared: &Shared) -> Result<()> {
    let world = shared.world();
    let id = world.publish("busybox-closed", &busybox()?)?;
    let folder = tempfile::tempdir()?;
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755))?;
    let user = Builder::of_nobody(shared.binaries(), &folder.path().join("nobody"))?;
    user.setup(world.server.url(), "Nobody", "closed@example.com")?;
    user.run(["try", &id, "--accept-terms"])?.success()?;
    let script = "echo $$; read line";
    let mut run = Running::waiting(user.command().args(["run", &id, "--", "sh", "-c", script]))?;
    let program = run.first_line()?;
    let attempts: [&[&str]; 10] = [
        &["/bin/readlink", "exe"],
        &["/bin/cat", "exe"],
        &["/bin/cat", "environ"],
        &["/bin/cat", "maps"],
        &["/usr/bin/head", "-c", "1", "mem"],
        &["/bin/ls", "fd"],
        &["/bin/ls", "map_files"],
        &["/bin/cat", "auxv"],
        &["/bin/cat", "stack"],
        &["/bin/readlink", "cwd"],
    ];
    for process in [program.clone(), run.id().to_string()] {
        for attempt in attempts {
            let (tool, arguments) = attempt.split_first().context("a tool")?;
            let mut command = as_nobody(Path::new(tool));
            let (path, options) = arguments.split_last().context("a file")?;
            command.args(options).arg(format!("/proc/{process}/{path}"));
            let copied = Outcome::of(&mut command)?;
            ensure!(copied.code != 0 && copied.stdout.is_empty(), "{path} of {process}: {copied}");
        }
    }
    // The same works with any other program of this user: it is no fault of the attempt.
    let mut own = as_nobody(Path::new("/bin/cat"));
    Outcome::of(own.arg("/proc/self/environ"))?.success()?;
    Ok(())
}

/// The kernel asks who may read a process's memory only when that is opened. Here it is opened while
/// the Builder is still held up by its loader, whose messages nobody reads.
fn what_can_be_read_of_the_launcher_holds_neither_program_nor_key(shared: &Shared) -> Result<()> {
    let world = shared.world();
    let (program, marker) = marked(&world.path("opened"))?;
    let id = world.publish("busybox-opened", &program)?;
    let user = world.builder("opened")?;
    user.run(["try", &id, "--accept-terms"])?.success()?;
    let key = fs::read(user.data_dir().join("keys/decryption.pkcs8"))?;
    let middle = key.len() / 2;
    let of_the_key = key.get(middle..middle + 32).context("a private key")?.to_vec();
    // As arithmetic keeps it.
    let reversed = of_the_key.iter().rev().copied().collect();

    let full = world.path("full-pipe");
    ensure!(Command::new("mkfifo").arg(&full).status()?.success(), "there is a pipe");
    let mut held = fs::File::options().read(true).write(true).open(&full)?;
    held.write_all(&[b'\n'; 65536])?;
    let plain = user.command();
    let mut command = Command::new("/bin/sh");
    command.args(["-c", "exec \"$0\" \"$@\" 2>\"$FULL\""]).arg(plain.get_program());
    command.args(plain.get_args()).args(["run", &id, "--", "sh", "-c", "echo begun; read line"]);
    command.env("FULL", &full).env("LD_DEBUG", "all");
    let mut run = Running::waiting(&mut command)?;
    let executable = format!("/proc/{}/exe", run.id());
    wait::until("the Builder", || Ok(fs::read_link(&executable)?.ends_with("trybuy")))?;
    let memory = OpenedMemory::of(run.id())?;
    let mut messages = fs::File::open(&full)?;
    drop(held);
    let read = std::thread::spawn(move || std::io::copy(&mut messages, &mut std::io::sink()));

    let secrets = [marker, of_the_key, reversed];
    while run.stdout()?.is_empty() {
        ensure!(!run.has_ended()?, "it ended: {}", run.stdout()?);
        ensure!(!memory.holds_any(&secrets)?, "before the program starts");
    }
    ensure!(!memory.holds_any(&secrets)?, "while the program runs");
    // It is the Builder's memory: what it was asked to run is there.
    ensure!(memory.holds_any(&[b"echo begun; read line".to_vec()])?, "the search finds nothing");
    run.kill()?;
    read.join().expect("reading does not panic")?;
    Ok(())
}

fn the_environment_brings_no_foreign_code_and_no_secret(shared: &Shared) -> Result<()> {
    let (user, id) = tried(shared.world(), "busybox-environment")?;
    let mut command = user.command();
    command.args(["run", &id, "--", "env"]);
    let removed = ["LD_LIBRARY_PATH", "LD_AUDIT", "LD_DEBUG_OUTPUT", "TRYBUY_TOKEN", "BASH_ENV"];
    for name in removed {
        command.env(name, "/nonexistent");
    }
    // The Builder itself is a program like others to the loader, which complains and goes on.
    command.env("LD_PRELOAD", "/nonexistent/spy.so").env("KEPT", "kept").env("TRYBUY_TRIAL", "x");
    let printed = Outcome::of(&mut command)?.success()?;
    for name in removed.iter().chain(&["LD_PRELOAD"]) {
        ensure!(!printed.stdout.contains(&format!("{name}=")), "{name} arrived: {printed}");
    }
    ensure!(printed.stdout.contains("KEPT=kept\n"), "{printed}");
    let facts: Vec<&str> =
        printed.stdout.lines().filter_map(|line| line.strip_prefix("TRYBUY_TRIAL=")).collect();
    ensure!(facts.len() == 1, "{printed}");
    let facts: serde_json::Value = serde_json::from_str(facts[0])?;
    let allowed = [
        "application",
        "name",
        "release",
        "licensee_id",
        "licensee",
        "kind",
        "ends_at",
        "end",
        "days_left",
        "state",
        "until",
    ];
    let facts = facts.as_object().context("an object")?;
    for name in facts.keys() {
        ensure!(allowed.contains(&name.as_str()), "the program is told its {name}");
    }
    ensure!(facts["application"] == id.as_str() && facts["days_left"] == 1, "{facts:?}");
    Ok(())
}

fn the_log_names_no_token_no_address_of_a_download_and_no_person(shared: &Shared) -> Result<()> {
    let world = World::start_with(shared.binaries(), &[("TRYBUY_LOG", "trace")])?;
    let token = world.setup.vendor_token("Quiet Ltd")?;
    let vendor = Vendor::new(shared.binaries(), world.server.url(), &token);
    let application = Application {
        id: "com.example.busybox-quiet",
        name: "Quiet",
        version: "1.0.0",
        program: &busybox()?,
        trial: &EASY_TRIAL.replace("passive", "explicit"),
        compression: "zstd",
    };
    vendor.publish(&application.write(&world.path("quiet"))?)?;
    let user = world.fresh_builder("quiet");
    user.setup(world.server.url(), "Grace Hopper", "grace@navy.example")?;
    let id = application.id;
    user.run(["try", id, "--accept-terms", "--name", "Rear Admiral"])?.success()?;
    vendor.run(["requests", id])?.success()?;
    let info = user.run(["info", id, "--json"])?.success()?.json()?;
    let url = info["download_url"].as_str().context("an address")?;
    let capability = url.rsplit_once('.').context("a capability")?.1;
    let log = fs::read_to_string(world.setup.data_dir().join("server.log"))?;
    ensure!(log.len() > 1000, "the log is there");
    let secrets =
        [token.as_str(), capability, "grace@navy.example", "Grace Hopper", "Rear Admiral"];
    for secret in secrets {
        let line = log.lines().find(|line| line.contains(secret));
        ensure!(line.is_none(), "{secret} is in the log: {line:?}");
    }
    Ok(())
}
