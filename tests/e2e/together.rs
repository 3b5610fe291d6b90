//! Several at once: each comes to its end or is told `busy`, and nothing is counted twice.

use std::fs::File;
use std::io::Write as _;

use anyhow::{Result, ensure};

use trybuy_tests::builder::Builder;
use trybuy_tests::proxy::Direction;
use trybuy_tests::running::Running;
use trybuy_tests::vendor::EASY_TRIAL;
use trybuy_tests::world::World;

use crate::case::{Shared, cases};
use crate::support::{busybox, ensure_sound, publish_padded, user_behind};

cases![
    a_second_try_of_the_same_application_is_told_to_wait[Busybox],
    many_tries_at_once_count_one_trial[Busybox],
    two_applications_are_tried_at_once[Busybox],
    two_launches_at_once_are_both_counted[Busybox],
    an_application_runs_while_its_file_is_got_again[Busybox],
    of_two_setups_at_once_one_sets_up,
];

const PAD: usize = 4 << 20;

fn try_in_background(user: &Builder, id: &str) -> Result<Running> {
    Running::start(user.command().args(["try", id, "--accept-terms"]))
}

fn a_second_try_of_the_same_application_is_told_to_wait(shared: &Shared) -> Result<()> {
    let (world, proxy) = World::start_behind_proxy(shared.binaries())?;
    let id = publish_padded(&world, "busybox-twice", PAD)?;
    let user = user_behind(&world, &proxy, "ada")?;
    proxy.stall_after(Direction::Down, 2 << 20);
    let first = try_in_background(&user, &id)?;
    proxy.wait_for_stall()?;
    user.run(["try", &id, "--accept-terms"])?.refused(1, "busy")?;
    user.run(["remove", &id, "--yes"])?.refused(1, "busy")?;
    proxy.flow();
    first.wait()?.success()?;
    ensure_sound(&user, &id)?;
    ensure!(world.requests(&id)?.len() == 1, "one trial");
    Ok(())
}

fn many_tries_at_once_count_one_trial(shared: &Shared) -> Result<()> {
    let world = shared.world();
    let id = world.publish("busybox-crowd", &busybox()?)?;
    let user = world.builder("crowd")?;
    let tries: Vec<_> = (0..5).map(|_| try_in_background(&user, &id)).collect::<Result<_>>()?;
    let mut succeeded = 0;
    for running in tries {
        let outcome = running.wait()?;
        if outcome.code == 0 {
            succeeded += 1;
        } else {
            outcome.refused(1, "busy")?;
        }
    }
    ensure!(succeeded > 0, "nobody got it");
    ensure!(world.requests(&id)?.len() == 1, "one trial");
    ensure_sound(&user, &id)
}

fn two_applications_are_tried_at_once(shared: &Shared) -> Result<()> {
    let world = shared.world();
    let one = world.publish("busybox-one", &busybox()?)?;
    let two = world.publish("busybox-two", &busybox()?)?;
    let user = world.builder("both")?;
    let tries = [try_in_background(&user, &one)?, try_in_background(&user, &two)?];
    for running in tries {
        running.wait()?.success()?;
    }
    ensure_sound(&user, &one)?;
    ensure_sound(&user, &two)
}

fn two_launches_at_once_are_both_counted(shared: &Shared) -> Result<()> {
    let world = shared.world();
    let trial = format!("{EASY_TRIAL}limits = {{ launches = 4 }}\n");
    let id = world.publish_with("busybox-counted", &busybox()?, &trial)?;
    let user = world.builder("counted")?;
    user.run(["try", &id, "--accept-terms"])?.success()?;
    let launch = || Running::start(user.command().args(["run", &id, "--", "true"]));
    let launches: Vec<_> = (0..6).map(|_| launch()).collect::<Result<_>>()?;
    let mut launched = 0;
    for running in launches {
        let outcome = running.wait()?;
        if outcome.code == 0 {
            launched += 1;
        } else {
            outcome.refused(125, "limit-reached")?;
        }
    }
    ensure!(launched == 4, "{launched} of 4 launches");
    ensure!(user.listed(&id)?["reason"] == "limit-reached");
    Ok(())
}

fn an_application_runs_while_its_file_is_got_again(shared: &Shared) -> Result<()> {
    let (world, proxy) = World::start_behind_proxy(shared.binaries())?;
    let id = publish_padded(&world, "busybox-again", PAD)?;
    let user = user_behind(&world, &proxy, "ada")?;
    user.run(["try", &id, "--accept-terms"])?.success()?;
    let script = "echo ready; read line";
    let mut running =
        Running::waiting(user.command().args(["run", &id, "--", "sh", "-c", script]))?;
    running.first_line()?;
    let mut file = File::options().append(true).open(user.stored_file(&id))?;
    file.write_all(b"damage")?;
    proxy.stall_after(Direction::Down, 2 << 20);
    let download = try_in_background(&user, &id)?;
    proxy.wait_for_stall()?;
    // The damaged file stays where it is until there is another, and is as useless as before.
    user.run(["run", &id, "--", "true"])?.refused(125, "file-damaged")?;
    proxy.flow();
    download.wait()?.success()?;
    ensure!(!running.has_ended()?, "the running program is left alone");
    ensure!(world.requests(&id)?.len() == 1, "the trial went on");
    ensure_sound(&user, &id)
}

fn of_two_setups_at_once_one_sets_up(shared: &Shared) -> Result<()> {
    let world = shared.world();
    let user = world.fresh_builder("rivals");
    let setup = || {
        let mut setup = user.command();
        setup.args(["setup", world.server.url(), "--name", "Ada", "--email", "rivals@example.com"]);
        Running::start(setup.arg("--accept-terms"))
    };
    let rivals: Vec<_> = (0..4).map(|_| setup()).collect::<Result<_>>()?;
    let mut succeeded = 0;
    for rival in rivals {
        let outcome = rival.wait()?;
        let lost = |slug: &str| outcome.clone().refused(1, slug).is_ok();
        if outcome.code == 0 {
            succeeded += 1;
        } else {
            ensure!(lost("busy") || lost("already-set-up"), "{outcome}");
        }
    }
    ensure!(succeeded == 1, "{succeeded} setups went through");
    user.run(["doctor"])?.success()?;
    Ok(())
}
