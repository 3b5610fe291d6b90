//! Killed at any moment: nothing is lost, nothing is half-done, the same command goes on.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use rustix::fs::{FlockOperation, flock};

use trybuy_tests::builder::Builder;
use trybuy_tests::files;
use trybuy_tests::proxy::Direction;
use trybuy_tests::running::{Running, children_of, is_alive};
use trybuy_tests::vendor::{Application, EASY_TRIAL, Vendor};
use trybuy_tests::wait;
use trybuy_tests::world::World;

use crate::case::{Shared, cases};
use crate::support::{
    busybox, ensure_sound, length, partial, publish_padded, tried, user_behind, wait_for_length,
};

cases![
    a_download_killed_again_and_again_goes_on_where_it_was[Busybox],
    a_builder_killed_between_download_and_store_has_lost_nothing[Busybox],
    a_download_outlives_a_server_that_is_killed_and_started_again[Busybox],
    a_connection_that_is_cut_is_taken_up_again_in_both_directions[Busybox],
    a_server_killed_after_it_granted_a_trial_still_knows_it[Busybox],
    a_server_killed_during_an_upload_keeps_nothing_of_it[Busybox],
    a_vendor_killed_during_an_upload_leaves_nothing[Busybox],
    a_setup_killed_at_any_step_is_repeated,
    a_killed_builder_takes_its_program_along[Busybox],
];

const PAD: usize = 6 << 20;
/// What may be sent beside the file itself: the API's answers, and what was on its way when the
/// receiver was killed.
const BESIDE: u64 = 512 << 10;

fn try_in_background(user: &Builder, id: &str) -> Result<Running> {
    Running::start(user.command().args(["try", id, "--accept-terms"]))
}

fn a_download_killed_again_and_again_goes_on_where_it_was(shared: &Shared) -> Result<()> {
    let (world, proxy) = World::start_behind_proxy(shared.binaries())?;
    let id = publish_padded(&world, "busybox-resumed", PAD)?;
    let user = user_behind(&world, &proxy, "ada")?;
    let mut have = 0;
    for more in [300 << 10, 2 << 20, 2 << 20] {
        let before = proxy.passed(Direction::Down);
        proxy.stall_after(Direction::Down, more);
        let download = try_in_background(&user, &id)?;
        proxy.wait_for_stall()?;
        // What has passed the proxy is not all on the disk yet.
        let arriving = (have + more).saturating_sub(BESIDE);
        wait_for_length(&partial(&user, &id), arriving)?;
        download.kill()?;
        proxy.flow();
        user.run(["run", &id])?.refused(127, "not-installed")?;
        let now = length(&partial(&user, &id));
        let passed = proxy.passed(Direction::Down) - before;
        ensure!(now >= have && now <= have + passed, "{have} bytes, then {now}");
        have = now;
    }
    ensure!(have > 3 << 20, "only {have} bytes are there");
    let before = proxy.passed(Direction::Down);
    let resumed = user.run(["try", &id, "--accept-terms"])?.success()?;
    ensure!(resumed.stderr.contains("resuming at"), "{resumed}");
    let whole = length(&user.stored_file(&id));
    let passed = proxy.passed(Direction::Down) - before;
    ensure!(passed <= whole - have + BESIDE, "{passed} bytes for the rest behind {have}");
    ensure_sound(&user, &id)?;
    ensure!(world.requests(&id)?.len() == 1, "the trial was counted once");
    ensure!(!user.data_dir().join("downloads").join(&id).exists(), "the download is cleaned up");
    Ok(())
}

/// Whether a Builder waits for an advisory lock, in its process apart.
fn waits_for_lock(builder: u32) -> Result<bool> {
    let locks = fs::read_to_string("/proc/locks")?;
    let ids: Vec<_> = children_of(builder)?.iter().map(u32::to_string).collect();
    let waiting = |line: &str| {
        line.contains("->") && line.split_whitespace().any(|word| ids.iter().any(|id| id == word))
    };
    Ok(locks.lines().any(waiting))
}

fn a_builder_killed_between_download_and_store_has_lost_nothing(shared: &Shared) -> Result<()> {
    let (world, proxy) = World::start_behind_proxy(shared.binaries())?;
    let id = publish_padded(&world, "busybox-unstored", PAD)?;
    let user = user_behind(&world, &proxy, "ada")?;
    proxy.stall_after(Direction::Down, 1 << 20);
    let download = try_in_background(&user, &id)?;
    proxy.wait_for_stall()?;
    // The file is stored under this lock: whoever holds it stops the Builder just before.
    let lock = File::open(user.data_dir().join("locks").join(format!("{id}.state.lock")))?;
    flock(&lock, FlockOperation::LockExclusive)?;
    proxy.flow();
    wait::until("the Builder is about to store", || waits_for_lock(download.id()))?;
    download.kill()?;
    drop(lock);
    user.run(["run", &id])?.refused(127, "not-installed")?;
    let before = proxy.passed(Direction::Down);
    user.run(["try", &id, "--accept-terms"])?.success()?;
    let passed = proxy.passed(Direction::Down) - before;
    ensure!(passed < BESIDE, "{passed} bytes were sent again");
    ensure_sound(&user, &id)
}

fn a_download_outlives_a_server_that_is_killed_and_started_again(shared: &Shared) -> Result<()> {
    let (mut world, proxy) = World::start_behind_proxy(shared.binaries())?;
    let id = publish_padded(&world, "busybox-outlived", PAD)?;
    let user = user_behind(&world, &proxy, "ada")?;
    proxy.stall_after(Direction::Down, 3 << 20);
    let download = try_in_background(&user, &id)?;
    proxy.wait_for_stall()?;
    world.restart_server()?;
    proxy.flow();
    download.wait()?.success()?;
    let passed = proxy.passed(Direction::Down);
    ensure!(passed < length(&user.stored_file(&id)) + 2 * BESIDE, "{passed} bytes were sent");
    ensure_sound(&user, &id)
}

fn a_connection_that_is_cut_is_taken_up_again_in_both_directions(shared: &Shared) -> Result<()> {
    let (world, proxy) = World::start_behind_proxy(shared.binaries())?;
    let token = world.setup.vendor_token("Far Ltd")?;
    let vendor = Vendor::new(shared.binaries(), &proxy.url(), &token);
    let (id, manifest) = large_application(&world, "busybox-torn")?;
    proxy.cut_after(Direction::Up, 3 << 20);
    let published = vendor.publish(&manifest)?;
    ensure!(published.stderr.contains("attempt 2 of 3"), "{published}");
    ensure!(blobs(&world)?.len() == 1, "one release: {:?}", blobs(&world)?);
    let user = user_behind(&world, &proxy, "ada")?;
    let before = proxy.passed(Direction::Down);
    proxy.cut_after(Direction::Down, 2 << 20);
    user.run(["try", &id, "--accept-terms"])?.success()?;
    let passed = proxy.passed(Direction::Down) - before;
    ensure!(passed < length(&user.stored_file(&id)) + 2 * BESIDE, "{passed} bytes were sent");
    ensure_sound(&user, &id)
}

/// The sealed states of an application's trials.
fn states(user: &Builder, id: &str) -> Result<Vec<PathBuf>> {
    let folder = user.data_dir().join("library").join(id);
    let files = if folder.exists() { files::below(&folder)? } else { Vec::new() };
    Ok(files.into_iter().filter(|file| file.extension() == Some("sealed".as_ref())).collect())
}

fn a_server_killed_after_it_granted_a_trial_still_knows_it(shared: &Shared) -> Result<()> {
    let (mut world, proxy) = World::start_behind_proxy(shared.binaries())?;
    let id = publish_padded(&world, "busybox-granted", PAD)?;
    let user = user_behind(&world, &proxy, "ada")?;
    proxy.stall_after(Direction::Down, 300 << 10);
    let download = try_in_background(&user, &id)?;
    // The Builder writes the state as soon as the server has said yes.
    wait::until("the trial is granted", || Ok(!states(&user, &id)?.is_empty()))?;
    world.restart_server()?;
    download.kill()?;
    proxy.flow();
    let granted = states(&user, &id)?;
    ensure!(world.requests(&id)?.len() == 1, "the grant is on the disk");
    user.run(["try", &id, "--accept-terms"])?.success()?;
    ensure!(states(&user, &id)? == granted, "it is the same trial");
    ensure!(world.requests(&id)?.len() == 1, "and it was not counted again");
    ensure_sound(&user, &id)
}

/// An application that takes a while to upload.
fn large_application(world: &World, name: &str) -> Result<(String, PathBuf)> {
    let id = format!("com.example.{name}");
    let program = files::padded(&busybox()?, PAD, &world.path("programs").join(name))?;
    let application = Application {
        id: &id,
        name,
        version: "1.0.0",
        program: &program,
        trial: EASY_TRIAL,
        compression: "zstd",
    };
    let manifest = application.write(&world.path("applications").join(name))?;
    Ok((id, manifest))
}

fn publish_in_background(vendor: &Vendor, manifest: &Path) -> Result<Running> {
    Running::start(vendor.command().arg("publish").arg(manifest))
}

/// The files of the server's blobs: releases, and uploads in the folder `spool`.
fn blobs(world: &World) -> Result<Vec<PathBuf>> {
    files::below(&world.setup.data_dir().join("blobs"))
}

fn a_server_killed_during_an_upload_keeps_nothing_of_it(shared: &Shared) -> Result<()> {
    let (mut world, proxy) = World::start_behind_proxy(shared.binaries())?;
    let token = world.setup.vendor_token("Far Ltd")?;
    let vendor = Vendor::new(shared.binaries(), &proxy.url(), &token);
    let (id, manifest) = large_application(&world, "busybox-cut")?;
    proxy.stall_after(Direction::Up, 3 << 20);
    let upload = publish_in_background(&vendor, &manifest)?;
    proxy.wait_for_stall()?;
    wait::until("an upload in the spool", || Ok(!blobs(&world)?.is_empty()))?;
    world.server.end()?;
    upload.wait()?.refused(1, "server-unreachable")?;
    ensure!(!blobs(&world)?.is_empty(), "the killed server could not clean up");
    proxy.flow();
    world.start_server_again()?;
    ensure!(blobs(&world)?.is_empty(), "left over: {:?}", blobs(&world)?);
    let user = world.builder("ada")?;
    let shown = user.run(["show", &id])?;
    ensure!(shown.stderr.contains("error[not-found]"), "{shown}");
    vendor.publish(&manifest)?;
    ensure!(blobs(&world)?.len() == 1, "one release: {:?}", blobs(&world)?);
    user.run(["try", &id, "--accept-terms"])?.success()?;
    ensure_sound(&user, &id)
}

fn a_vendor_killed_during_an_upload_leaves_nothing(shared: &Shared) -> Result<()> {
    let (world, proxy) = World::start_behind_proxy(shared.binaries())?;
    let token = world.setup.vendor_token("Far Ltd")?;
    let vendor = Vendor::new(shared.binaries(), &proxy.url(), &token);
    let (id, manifest) = large_application(&world, "busybox-left")?;
    proxy.stall_after(Direction::Up, 3 << 20);
    let upload = publish_in_background(&vendor, &manifest)?;
    proxy.wait_for_stall()?;
    wait::until("an upload in the spool", || Ok(!blobs(&world)?.is_empty()))?;
    upload.kill()?;
    proxy.flow();
    wait::until("the spool is empty", || Ok(blobs(&world)?.is_empty()))?;
    let shown = world.builder("ada")?.run(["show", &id])?;
    ensure!(shown.stderr.contains("error[not-found]"), "{shown}");
    vendor.publish(&manifest)?;
    let again = vendor.publish(&manifest)?;
    ensure!(again.stdout.contains("unchanged"), "{again}");
    ensure!(blobs(&world)?.len() == 1, "one release: {:?}", blobs(&world)?);
    Ok(())
}

fn a_setup_killed_at_any_step_is_repeated(shared: &Shared) -> Result<()> {
    let world = shared.world();
    let steps = [
        "locks/setup.lock",
        "server.json",
        "keys/decryption.pkcs8",
        "keys/request.pkcs8",
        "clock.sealed",
        "license.jws",
    ];
    for (number, step) in steps.into_iter().enumerate() {
        let user = world.fresh_builder(&format!("setup-{number}"));
        let email = format!("setup-{number}@example.com");
        let mut setup = user.command();
        setup.args(["setup", world.server.url(), "--name", "Ada", "--email", &email]);
        let mut setup = Running::start(setup.arg("--accept-terms"))?;
        let file = user.data_dir().join(step);
        wait::until(step, || Ok(file.exists() || setup.has_ended()?))?;
        setup.kill()?;
        let keys = user.data_dir().join("keys");
        let made = if keys.exists() { finished_files(&keys)? } else { Vec::new() };
        let again = Running::start(user.command().args([
            "setup",
            world.server.url(),
            "--name",
            "Ada",
            "--email",
            &email,
            "--accept-terms",
        ]))?;
        let again = again.wait()?;
        let was_complete = again.stderr.contains("error[already-set-up]");
        ensure!(again.code == 0 || was_complete, "killed at {step}: {again}");
        for (path, contents) in made {
            ensure!(fs::read(&path)? == contents, "{} was made anew", path.display());
        }
        user.run(["doctor"])?.success().with_context(|| format!("killed at {step}"))?;
        let left = files::below(user.data_dir())?;
        let is_temporary = |path: &PathBuf| path.to_string_lossy().contains(".new-");
        ensure!(!left.iter().any(is_temporary), "{left:?}");
    }
    Ok(())
}

/// Files that are no temporary ones, with their contents.
fn finished_files(folder: &Path) -> Result<Vec<(PathBuf, Vec<u8>)>> {
    let all = files::contents(folder)?;
    Ok(all.into_iter().filter(|(path, _)| !path.to_string_lossy().contains(".new-")).collect())
}

fn a_killed_builder_takes_its_program_along(shared: &Shared) -> Result<()> {
    let (user, id) = tried(shared.world(), "busybox-orphan")?;
    let script = "echo $$; read line";
    let mut run = Running::waiting(user.command().args(["run", &id, "--", "sh", "-c", script]))?;
    let program: u32 = run.first_line()?.parse()?;
    ensure!(is_alive(program), "the program runs");
    run.kill()?;
    wait::until("the program has ended", || Ok(!is_alive(program)))?;
    ensure_sound(&user, &id)
}
