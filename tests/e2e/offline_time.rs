//! The time, for machines without a network.

use std::path::PathBuf;

use anyhow::{Context as _, Result, ensure};

use trybuy_tests::command::Outcome;

use crate::case::{Shared, cases};
use crate::machines::Machines;
use crate::support::{busybox, ensure_sound, in_boot};

cases![
    a_lost_memory_of_the_time_is_mended_by_file_and_by_no_other_answer[Busybox],
    an_answer_that_is_kept_gains_nothing_by_another_uptime[Root, Busybox],
    a_clock_that_was_ahead_over_two_boots_is_mended_by_file_in_one[Root, Busybox, Faketime],
];

const SIGNED: &str = "the server signed";

fn a_lost_memory_of_the_time_is_mended_by_file_and_by_no_other_answer(
    shared: &Shared,
) -> Result<()> {
    let world = shared.world();
    let id = world.publish("busybox-by-file-time", &busybox()?)?;
    let machines = Machines::set_up(world, "busybox-by-file-time")?;
    machines.step("try", &["try", &id, "--accept-terms"], &["try", &id])?.success()?;
    let clock = machines.offline.data_dir().join("clock.sealed");
    std::fs::remove_file(&clock)?;
    let lost = machines.offline.run(["run", &id, "true"])?.refused(125, "state-damaged")?;
    ensure!(lost.stderr.contains("`trybuy doctor --request FILE`"), "{lost}");
    // The answer to an older question, then that to another step.
    let older = machines.relay(&machines.ask("older", &["doctor"])?, "older")?;
    let request = machines.ask("time", &["doctor"])?;
    let renewal = machines.relay(&machines.ask("license", &["setup", "--renew"])?, "license")?;
    for answer in [&older, &renewal] {
        let taken = machines.offline(&["doctor"], "--response", answer)?;
        ensure!(taken.code == 1 && taken.stdout.contains("does not answer"), "{taken}");
        ensure!(!clock.exists(), "nothing is remembered");
    }
    let response = machines.relay(&request, "time")?;
    let mended = machines.offline(&["doctor"], "--response", &response)?;
    ensure!(mended.stdout.contains(SIGNED) && !mended.stdout.contains("server:"), "{mended}");
    ensure_sound(&machines.offline, &id)?;
    // What was taken counts no more, nor does another answer to the same question.
    machines.relay(&request, "again")?;
    std::fs::remove_file(&clock)?;
    for answer in [&response, &machines.path("again.response")] {
        let taken = machines.offline(&["doctor"], "--response", answer)?;
        ensure!(taken.code == 1 && !clock.exists(), "{taken}");
    }
    Ok(())
}

/// A time namespace, in which the machine seems to be up for longer or shorter, is seen through: an
/// answer is as old as the machine says.
fn an_answer_that_is_kept_gains_nothing_by_another_uptime(shared: &Shared) -> Result<()> {
    let world = shared.world();
    let id = world.publish("busybox-by-file-uptime", &busybox()?)?;
    let machines = Machines::set_up(world, "busybox-by-file-uptime")?;
    machines.step("try", &["try", &id, "--accept-terms"], &["try", &id])?.success()?;
    let request = machines.ask("time", &["doctor"])?;
    let response = machines.relay(&request, "time")?;
    std::fs::remove_file(machines.offline.data_dir().join("clock.sealed"))?;
    let builder = machines.offline.command();
    let mut command = std::process::Command::new("unshare");
    command.args(["--time", "--boottime", "864000"]).arg(builder.get_program());
    command.args(builder.get_args()).args(["doctor", "--response"]).arg(&response);
    let taken = Outcome::of(&mut command)?;
    // It was asked moments ago. By the uptime of the namespace that would be ten days.
    ensure!(taken.stdout.contains(SIGNED) && !taken.stdout.contains("counts now"), "{taken}");
    ensure_sound(&machines.offline, &id)
}

fn a_clock_that_was_ahead_over_two_boots_is_mended_by_file_in_one(shared: &Shared) -> Result<()> {
    let world = shared.world();
    let id = world.publish("busybox-by-file-ahead", &busybox()?)?;
    let machines = Machines::set_up(world, "busybox-by-file-ahead")?;
    machines.step("try", &["try", &id, "--accept-terms"], &["try", &id])?.success()?;
    let run = ["run", &id, "true"];
    let boot = |number: u32| -> Result<PathBuf> {
        let file = machines.path(&format!("boot-{number}"));
        std::fs::write(&file, format!("00000000-0000-4000-8000-00000000000{number}\n"))?;
        Ok(file)
    };
    let (first, second) = (boot(1)?, boot(2)?);
    in_boot(&machines.offline, &first, "+400d", &run)?.refused(125, "builder-license-expired")?;
    in_boot(&machines.offline, &second, "+401d", &run)?.refused(125, "builder-license-expired")?;
    let refused = machines.offline.run(run)?.refused(125, "clock-set-back")?;
    ensure!(refused.stderr.contains("`trybuy doctor --request FILE`"), "{refused}");
    // Nothing tells how old an answer is that comes after another start.
    let request = machines.path("before.request");
    let file = request.to_str().context("a path")?;
    in_boot(&machines.offline, &second, "+0", &["doctor", "--request", file])?.success()?;
    let response = machines.relay(&request, "before")?;
    let taken = machines.offline(&["doctor"], "--response", &response)?;
    ensure!(taken.stdout.contains("before this machine was last started"), "{taken}");
    machines.offline.run(run)?.refused(125, "clock-set-back")?;
    let mended = machines.step("time", &["doctor"], &["doctor"])?;
    ensure!(mended.stdout.contains(SIGNED), "{mended}");
    ensure_sound(&machines.offline, &id)
}
