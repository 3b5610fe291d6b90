//! Another server, another time: neither is believed.

use std::path::Path;

use anyhow::{Context as _, Result, ensure};

use trybuy_tests::builder::Builder;
use trybuy_tests::command::Outcome;
use trybuy_tests::files;
use trybuy_tests::server::ServerSetup;
use trybuy_tests::world::World;

use crate::case::{Shared, cases};
use crate::support::{at_time, ensure_sound, in_boot, tried, user_behind};

cases![
    a_server_with_another_key_is_told_nothing_and_changes_nothing[Busybox],
    a_builder_of_one_server_refuses_another[Busybox],
    a_clock_that_is_set_back_while_the_machine_runs_gains_nothing[Busybox, Faketime],
    a_clock_that_was_set_back_over_a_boot_is_refused_until_it_is_right[Root, Busybox, Faketime],
    a_clock_that_ran_ahead_counts_until_it_is_corrected[Busybox, Faketime],
    the_doctor_judges_by_the_trusted_time_and_never_sends_to_itself[Busybox, Faketime],
];

fn a_server_with_another_key_is_told_nothing_and_changes_nothing(shared: &Shared) -> Result<()> {
    let (mut world, proxy) = World::start_behind_proxy(shared.binaries())?;
    let id = world.publish("busybox-pinned", &crate::support::busybox()?)?;
    let user = user_behind(&world, &proxy, "ada")?;
    user.run(["try", &id, "--accept-terms"])?.success()?;
    // The same address, but everything made anew.
    world.server.end()?;
    let anew = ServerSetup::init(shared.binaries(), &world.path("anew"), &[])?;
    let server = anew.serve_again(&world.server)?;
    // A lock is an empty file that stays.
    let contents = || -> Result<_> {
        let all = files::contents(user.data_dir())?;
        let is_lock = |path: &Path| path.extension() == Some("lock".as_ref());
        Ok(all.into_iter().filter(|(path, _)| !is_lock(path)).collect::<Vec<_>>())
    };
    let before = contents()?;
    let heard = proxy.heard().len();
    let commands: [&[&str]; 5] = [
        &["try", &id, "--accept-terms"],
        &["try", "com.example.other", "--accept-terms"],
        &["search", "busybox"],
        &["show", &id],
        &["setup", "--renew", "--accept-terms"],
    ];
    for command in commands {
        user.run(command)?.refused(1, "server-key-changed")?;
    }
    ensure!(user.run(["doctor"])?.stdout.contains("another key"), "the doctor sees it");
    let said = proxy.heard().split_off(heard);
    let requests: Vec<&str> = said.lines().filter(|line| line.ends_with(" HTTP/1.1")).collect();
    ensure!(!requests.is_empty(), "it was asked for its key");
    let only_its_key = requests.iter().all(|line| *line == "GET /api/v1/server HTTP/1.1");
    ensure!(only_its_key, "it was asked for more: {requests:?}");
    ensure!(!said.contains("ada"), "it was told who asks: {said}");
    ensure!(contents()? == before, "no file has changed");
    ensure_sound(&user, &id)?;
    drop(server);
    world.start_server_again()?;
    user.run(["try", &id, "--accept-terms"])?.success()?;
    Ok(())
}

fn a_builder_of_one_server_refuses_another(shared: &Shared) -> Result<()> {
    let (user, id) = tried(shared.world(), "busybox-loyal")?;
    let other = shared.own_world()?;
    let url = other.server.url();
    user.run(["try", &id, "--server", url, "--accept-terms"])?.refused(1, "server-key-changed")?;
    user.run(["search", "--server", url])?.refused(1, "server-key-changed")?;
    // Setting up again is no way around it.
    let terms = ["--name", "Ada", "--email", "ada@example.com", "--accept-terms"];
    user.run([["setup", url].as_slice(), &terms].concat())?.refused(1, "already-set-up")?;
    let license = user.data_dir().join("license.jws");
    let kept = std::fs::read(&license)?;
    std::fs::remove_file(&license)?;
    user.run([["setup", url].as_slice(), &terms].concat())?.refused(1, "server-key-changed")?;
    std::fs::write(&license, kept)?;
    ensure_sound(&user, &id)
}

/// Runs a command of the Builder at another time, for example `-2d`.
fn at(user: &Builder, time: &str, arguments: &[&str]) -> Result<Outcome> {
    let mut builder = user.command();
    Outcome::of(at_time(&mut builder, time).env_remove("TRYBUY_SERVER").args(arguments))
}

fn a_clock_that_is_set_back_while_the_machine_runs_gains_nothing(shared: &Shared) -> Result<()> {
    let (user, id) = tried(shared.world(), "busybox-back")?;
    let days_left = |time: &str| -> Result<u64> {
        let facts = at(&user, time, &["run", &id, "sh", "-c", "echo $TRYBUY_TRIAL"])?.success()?;
        let facts: serde_json::Value = serde_json::from_str(&facts.stdout)?;
        facts["days_left"].as_u64().context("days")
    };
    // More than a minute ahead, so that it is remembered.
    ensure!(days_left("+2m")? == 1);
    for time in ["-5m", "-20m", "-2d", "-400d"] {
        ensure!(days_left(time)? == 1, "{time}");
    }
    let listed = at(&user, "-2d", &["list", "--json"])?.success()?;
    ensure!(listed.stdout.contains("\"days_left\": 1,"), "{listed}");
    let checked = at(&user, "-2d", &["doctor"])?;
    ensure!(checked.stdout.contains("clock: this computer's clock says"), "{checked}");
    ensure_sound(&user, &id)
}

fn a_clock_that_was_set_back_over_a_boot_is_refused_until_it_is_right(
    shared: &Shared,
) -> Result<()> {
    let (user, id) = tried(shared.world(), "busybox-rebooted")?;
    let run = ["run", &id, "true"];
    let boot = shared.world().path("boot_id");
    std::fs::write(&boot, "00000000-0000-4000-8000-000000000000\n")?;
    let in_another_boot = |time: &str, arguments: &[&str]| in_boot(&user, &boot, time, arguments);
    in_another_boot("-2d", &run)?.refused(125, "clock-set-back")?;
    let listed = in_another_boot("-2d", &["list", "--json"])?.success()?;
    ensure!(listed.stdout.contains("\"clock-set-back\""), "{listed}");
    // An hour behind is an honest mistake, and then this boot is known.
    in_another_boot("-1h", &run)?.success()?;
    in_another_boot("-2d", &run)?.success()?;
    // Back in the boot that this machine is really in.
    ensure_sound(&user, &id)
}

fn a_clock_that_ran_ahead_counts_until_it_is_corrected(shared: &Shared) -> Result<()> {
    let (user, id) = tried(shared.world(), "busybox-ahead")?;
    let run = ["run", &id, "true"];
    let refused = at(&user, "+60d", &run)?.refused(125, "trial-expired")?;
    ensure!(refused.stderr.contains("if the clock is wrong, set it"), "{refused}");
    // The server's word for the time counts, whatever the clock says.
    let mended = at(&user, "+60d", &["doctor"])?;
    ensure!(mended.stdout.contains("this computer's clock says"), "{mended}");
    at(&user, "+60d", &run)?.success()?;
    ensure!(user.listed(&id)?["state"] == "allowed", "the clock is right again");
    ensure_sound(&user, &id)?;
    // A jump of less than a day counts, until the server says otherwise.
    at(&user, "+23h", &run)?.success()?;
    at(&user, "+25h", &run)?.refused(125, "trial-expired")?;
    user.run(run)?.refused(125, "trial-expired")?;
    let repaired = user.run(["doctor"])?;
    ensure!(repaired.stdout.contains("the server signed"), "{repaired}");
    ensure_sound(&user, &id)
}

fn the_doctor_judges_by_the_trusted_time_and_never_sends_to_itself(shared: &Shared) -> Result<()> {
    let (user, id) = tried(shared.world(), "busybox-doctored")?;
    let alone = ["doctor", "--server", "http://127.0.0.1:1"];
    let years_ahead = |arguments: &[&str]| at(&user, "+4000d", arguments);
    let ended = years_ahead(&alone)?;
    ensure!(ended.stdout.contains("PROBLEM  license: "), "by a clock that is ahead: {ended}");
    ensure!(ended.stdout.contains("see to the clock first"), "{ended}");
    ensure!(!ended.stdout.contains("`trybuy doctor`"), "{ended}");
    ensure!(!ended.stdout.contains("--renew"), "{ended}");
    // The server's word is the time, whatever the clock says.
    let mended = years_ahead(&["doctor"])?;
    ensure!(mended.stdout.contains("ok       license: valid until"), "{mended}");
    std::fs::remove_file(user.data_dir().join("clock.sealed"))?;
    let lost = user.run(alone)?;
    ensure!(lost.stdout.contains("PROBLEM  clock: "), "{lost}");
    ensure!(!lost.stdout.contains("`trybuy doctor`"), "{lost}");
    user.run(["doctor"])?.success()?;
    ensure_sound(&user, &id)
}
