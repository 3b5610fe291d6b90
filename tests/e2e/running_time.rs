//! Running time that is limited: counted whatever happens to the Builder and its files.

use anyhow::{Context as _, Result, ensure};

use trybuy_tests::builder::Builder;
use trybuy_tests::disk::SmallDisk;
use trybuy_tests::files;
use trybuy_tests::running::Running;
use trybuy_tests::vendor::EASY_TRIAL;
use trybuy_tests::world::World;

use crate::case::{Shared, cases};
use crate::support::busybox;

cases![
    a_count_that_cannot_be_written_costs_no_program_and_no_trial[Root, Busybox],
    a_builder_that_is_asked_to_end_asks_its_program_and_counts[Busybox],
];

/// What is counted ahead, in seconds.
const AHEAD: u64 = 60;

/// Publishes busybox for so many seconds of running, after which a program is ended.
fn publish(world: &World, name: &str, seconds: u64) -> Result<String> {
    let limits = format!("limits = {{ running = \"{seconds}s\" }}\non-expiry = \"terminate\"\n");
    world.publish_with(name, &busybox()?, &format!("{EASY_TRIAL}{limits}"))
}

/// The seconds of running that are counted.
fn counted(user: &Builder, id: &str) -> Result<u64> {
    let info = user.run(["info", id, "--json"])?.success()?.json()?;
    info["used"]["running"].as_u64().with_context(|| format!("no running time in {info}"))
}

/// A script that runs, once it has said so.
fn start(user: &Builder, id: &str, script: &str) -> Result<Running> {
    let mut running = Running::waiting(user.command().args(["run", id, "--", "sh", "-c", script]))?;
    ensure!(running.first_line()? == "ready", "{:?}", running.stderr());
    Ok(running)
}

fn a_count_that_cannot_be_written_costs_no_program_and_no_trial(shared: &Shared) -> Result<()> {
    let world = shared.world();
    let id = publish(world, "busybox-uncounted", AHEAD + 40)?;
    let disk = SmallDisk::mount(24 << 20)?;
    let user = Builder::new(shared.binaries(), &disk.path().join("trybuy"));
    user.setup(world.server.url(), "Ada", "uncounted@example.com")?;
    user.run(["try", &id, "--accept-terms"])?.success()?;
    let script = "echo ready; read line; exit 7";
    let mut running = start(&user, &id, script)?;
    ensure!(counted(&user, &id)? == AHEAD);
    let before = files::contents(user.data_dir())?;
    disk.make_read_only()?;
    ensure!(!running.has_ended()?, "the program is left alone");
    running.end_input();
    let ended = running.wait()?;
    ensure!(ended.code == 7, "the program's own code: {ended}");
    let told = ended.stderr.matches("warning: the running time could not be recorded: ").count();
    ensure!(told == 1 && ended.stderr.contains("help: "), "{ended}");
    disk.make_writable()?;
    ensure!(files::contents(user.data_dir())? == before, "it is as it was");
    // The minute that was counted ahead is what it cost; the next launch costs what it takes, if its
    // files can be written in time.
    let mut running = start(&user, &id, script)?;
    disk.make_read_only()?;
    disk.make_writable()?;
    running.end_input();
    let ended = running.wait()?;
    ensure!(ended.code == 7 && !ended.stderr.contains("recorded"), "{ended}");
    let counted = counted(&user, &id)?;
    ensure!((AHEAD..AHEAD + 40).contains(&counted), "{counted} seconds");
    user.run(["run", &id, "--", "true"])?.success()?;
    Ok(())
}

fn a_builder_that_is_asked_to_end_asks_its_program_and_counts(shared: &Shared) -> Result<()> {
    let world = shared.world();
    let id = publish(world, "busybox-asked", 1000)?;
    let user = world.builder("asked-to-end")?;
    user.run(["try", &id, "--accept-terms"])?.success()?;
    // The programs themselves take the time that is counted.
    let saves =
        "trap 'echo saved; exit 5' TERM; sleep 1.1; echo ready; while :; do sleep 0.05; done";
    for (script, code, output, least) in [
        (saves, 5, "ready\nsaved\n", 1),
        ("sleep 1.1; echo ready; read line", 128 + 15, "ready\n", 2),
    ] {
        let running = start(&user, &id, script)?;
        running.terminate()?;
        let ended = running.wait()?;
        ensure!(ended.code == code && ended.stdout == output, "{ended}");
        let counted = counted(&user, &id)?;
        ensure!((least..AHEAD).contains(&counted), "{counted} seconds");
    }
    Ok(())
}
