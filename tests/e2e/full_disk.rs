//! A full disk, on either side: said clearly, nothing lost, and it goes on once there is room.

use anyhow::{Result, ensure};

use trybuy_tests::builder::Builder;
use trybuy_tests::disk::SmallDisk;
use trybuy_tests::files;
use trybuy_tests::proxy::Direction;
use trybuy_tests::running::Running;
use trybuy_tests::world::World;

use crate::case::{Shared, cases};
use crate::support::{busybox, ensure_sound, length, partial, publish_padded, wait_for_length};

cases![
    a_setup_on_a_full_disk_is_refused_and_repeated[Root],
    a_download_that_does_not_fit_is_refused_before_it_begins[Root, Busybox],
    a_disk_that_fills_up_stops_a_download_which_goes_on_later[Root, Busybox],
    a_launch_that_cannot_be_recorded_is_refused_and_loses_nothing[Root, Busybox],
    a_request_that_cannot_be_remembered_is_not_written[Root],
    a_server_without_room_refuses_a_release_and_takes_it_later[Root, Busybox],
    a_server_whose_disk_was_full_goes_on_without_a_restart[Root],
    a_disk_that_nobody_may_write_to_is_found_by_the_doctor[Root, Busybox],
];

const MEBIBYTE: u64 = 1 << 20;

/// A user whose data directory is on a small disk.
fn user_on(shared: &Shared, disk: &SmallDisk) -> Builder {
    Builder::new(shared.binaries(), &disk.path().join("trybuy"))
}

fn a_setup_on_a_full_disk_is_refused_and_repeated(shared: &Shared) -> Result<()> {
    let world = shared.world();
    let disk = SmallDisk::mount(MEBIBYTE)?;
    let user = user_on(shared, &disk);
    let terms = ["--name", "Ada", "--email", "full@example.com", "--accept-terms"];
    let setup = || user.run([["setup", world.server.url()].as_slice(), &terms].concat());
    disk.fill()?;
    setup()?.refused(1, "disk-full")?;
    // Room for the first small files only: it stops somewhere in the middle.
    disk.make_room()?;
    disk.fill_but(12 << 10)?;
    setup()?.refused(1, "disk-full")?;
    disk.make_room()?;
    setup()?.success()?;
    user.run(["doctor"])?.success()?;
    Ok(())
}

fn a_download_that_does_not_fit_is_refused_before_it_begins(shared: &Shared) -> Result<()> {
    let world = shared.world();
    let id = publish_padded(world, "busybox-unfit", 6 << 20)?;
    let disk = SmallDisk::mount(24 * MEBIBYTE)?;
    let user = user_on(shared, &disk);
    user.setup(world.server.url(), "Ada", "unfit@example.com")?;
    disk.fill_but(10 * MEBIBYTE)?;
    let refused = user.run(["try", &id, "--accept-terms"])?.refused(1, "disk-full")?;
    ensure!(refused.stderr.contains("needs"), "{refused}");
    ensure!(length(&partial(&user, &id)) == 0, "nothing was downloaded");
    ensure!(world.requests(&id)?.is_empty(), "the trial has not begun either");
    user.run(["list"])?.success()?;
    disk.make_room()?;
    user.run(["try", &id, "--accept-terms"])?.success()?;
    ensure!(world.requests(&id)?.len() == 1, "the trial was counted once");
    ensure_sound(&user, &id)
}

fn a_disk_that_fills_up_stops_a_download_which_goes_on_later(shared: &Shared) -> Result<()> {
    let (world, proxy) = World::start_behind_proxy(shared.binaries())?;
    let id = publish_padded(&world, "busybox-filling", 6 << 20)?;
    let disk = SmallDisk::mount(32 * MEBIBYTE)?;
    let user = user_on(shared, &disk);
    user.setup(&proxy.url(), "Ada", "filling@example.com")?;
    proxy.stall_after(Direction::Down, 2 * MEBIBYTE);
    let download = Running::start(user.command().args(["try", &id, "--accept-terms"]))?;
    proxy.wait_for_stall()?;
    wait_for_length(&partial(&user, &id), MEBIBYTE)?;
    disk.fill_but(MEBIBYTE)?;
    proxy.flow();
    download.wait()?.refused(1, "disk-full")?;
    user.run(["list"])?.success()?;
    user.run(["run", &id])?.refused(127, "not-installed")?;
    let have = length(&partial(&user, &id));
    ensure!(have > MEBIBYTE, "only {have} bytes are there");
    disk.make_room()?;
    let before = proxy.passed(Direction::Down);
    user.run(["try", &id, "--accept-terms"])?.success()?;
    let passed = proxy.passed(Direction::Down) - before;
    let whole = length(&user.stored_file(&id));
    ensure!(passed < whole - have + MEBIBYTE / 2, "{passed} bytes for the rest behind {have}");
    ensure_sound(&user, &id)
}

fn a_launch_that_cannot_be_recorded_is_refused_and_loses_nothing(shared: &Shared) -> Result<()> {
    let world = shared.world();
    let trial = format!("{}limits = {{ launches = 2 }}\n", trybuy_tests::vendor::EASY_TRIAL);
    let id = world.publish_with("busybox-unrecorded", &busybox()?, &trial)?;
    let disk = SmallDisk::mount(24 * MEBIBYTE)?;
    let user = user_on(shared, &disk);
    user.setup(world.server.url(), "Ada", "unrecorded@example.com")?;
    user.run(["try", &id, "--accept-terms"])?.success()?;
    user.run(["run", &id, "--", "true"])?.success()?;
    let before = files::contents(&user.data_dir().join("library"))?;
    disk.fill()?;
    user.run(["run", &id, "--", "true"])?.refused(125, "disk-full")?;
    ensure!(user.listed(&id)?["state"] == "allowed");
    ensure!(files::contents(&user.data_dir().join("library"))? == before, "nothing has changed");
    disk.make_room()?;
    // The refused launch was not counted: the second one is still there, and not a third.
    user.run(["run", &id, "--", "true"])?.success()?;
    user.run(["run", &id, "--", "true"])?.refused(125, "limit-reached")?;
    Ok(())
}

fn a_request_that_cannot_be_remembered_is_not_written(shared: &Shared) -> Result<()> {
    let world = shared.world();
    let disk = SmallDisk::mount(MEBIBYTE)?;
    let user = user_on(shared, &disk);
    user.setup(world.server.url(), "Ada", "unremembered@example.com")?;
    let request = world.path("unremembered.request");
    let ask = || {
        user.run(["setup".as_ref(), "--renew".as_ref(), "--request".as_ref(), request.as_os_str()])
    };
    disk.fill()?;
    ask()?.refused(1, "disk-full")?;
    ensure!(!request.exists(), "its answer would be refused");
    disk.make_room()?;
    ask()?.success()?;
    ensure!(request.exists());
    Ok(())
}

fn a_server_without_room_refuses_a_release_and_takes_it_later(shared: &Shared) -> Result<()> {
    let disk = SmallDisk::mount(48 * MEBIBYTE)?;
    let world = World::start_on(shared.binaries(), &disk.path().join("server"))?;
    let here = publish_padded(&world, "busybox-here", 2 << 20)?;
    let user = world.builder("ada")?;
    disk.fill_but(3 * MEBIBYTE)?;
    let refused = publish_padded(&world, "busybox-no-room", 6 << 20).err();
    let refused = refused.map(|error| error.to_string()).unwrap_or_default();
    ensure!(refused.contains("error[disk-full]") && refused.contains("help: "), "{refused}");
    let blobs = files::below(&world.setup.data_dir().join("blobs"))?;
    ensure!(blobs.len() == 1, "one release and nothing of the other: {blobs:?}");
    // Not a byte left: what needs no room still works.
    disk.fill()?;
    user.run(["show", &here])?.success()?;
    let asked = user.run(["try", &here, "--accept-terms"])?;
    ensure!(asked.code == 0 || asked.stderr.contains("error[server-error]"), "{asked}");
    disk.make_room()?;
    user.run(["try", &here, "--accept-terms"])?.success()?;
    ensure!(world.requests(&here)?.len() == 1, "the trial was counted once");
    let id = publish_padded(&world, "busybox-no-room", 6 << 20)?;
    user.run(["try", &id, "--accept-terms"])?.success()?;
    ensure_sound(&user, &here)?;
    ensure_sound(&user, &id)
}

fn a_server_whose_disk_was_full_goes_on_without_a_restart(shared: &Shared) -> Result<()> {
    let disk = SmallDisk::mount(8 * MEBIBYTE)?;
    let world = World::start_on(shared.binaries(), &disk.path().join("server"))?;
    disk.fill()?;
    // The database has a little room of its own, so not the first one need be refused.
    let refused = (0..50).find(|user| world.builder(&format!("refused-{user}")).is_err());
    ensure!(refused.is_some(), "a full disk takes fifty registrations");
    disk.make_room()?;
    for user in 0..3 {
        world.builder(&format!("later-{user}"))?;
    }
    Ok(())
}

fn a_disk_that_nobody_may_write_to_is_found_by_the_doctor(shared: &Shared) -> Result<()> {
    let world = shared.world();
    let id = world.publish("busybox-read-only", &busybox()?)?;
    let disk = SmallDisk::mount(24 * MEBIBYTE)?;
    let user = user_on(shared, &disk);
    user.setup(world.server.url(), "Ada", "read-only@example.com")?;
    user.run(["try", &id, "--accept-terms"])?.success()?;
    disk.make_read_only()?;
    let refused = user.run(["run", &id, "--", "true"])?.refused(125, "local-file")?;
    ensure!(refused.stderr.contains("trybuy doctor"), "{refused}");
    let doctor = user.run(["doctor"])?;
    ensure!(doctor.code == 1 && doctor.stdout.contains("PROBLEM  writing: "), "{doctor}");
    Ok(())
}
