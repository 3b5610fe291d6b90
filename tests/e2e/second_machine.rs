//! One person with two machines: the same e-mail address, and data directories of their own.

use anyhow::{Context as _, Result, ensure};

use trybuy_tests::builder::Builder;
use trybuy_tests::vendor::EASY_TRIAL;
use trybuy_tests::world::World;

use crate::case::{Shared, cases};
use crate::support::{busybox, ensure_sound};

cases![
    a_trial_goes_on_with_a_second_machine_until_the_same_end[Busybox],
    launches_and_running_time_are_used_up_on_a_second_machine[Busybox],
    days_since_the_trial_began_are_days_of_use_on_a_second_machine[Busybox],
];

/// Two machines of the same person, who spells the address in two ways.
fn machines(world: &World, name: &str) -> Result<(Builder, Builder)> {
    let second = world.fresh_builder(&format!("{name}-second"));
    second.setup(world.server.url(), "Ada", &format!("{name}+laptop@Example.com"))?;
    Ok((world.builder(name)?, second))
}

fn a_trial_goes_on_with_a_second_machine_until_the_same_end(shared: &Shared) -> Result<()> {
    let world = shared.world();
    let id = world.publish("busybox-both", &busybox()?)?;
    let (first, second) = machines(world, "both-machines")?;
    first.run(["try", &id, "--accept-terms"])?.success()?;
    // What is changed for trials to come is not for this one.
    world.vendor.run(["policy", "set", &id, "--duration", "90d"])?.success()?;
    let got = second.run(["try", &id, "--accept-terms"])?.success()?;
    ensure!(got.stderr.contains("Terms of busybox-both."), "they are accepted there too: {got}");
    let (one, two) = (first.listed(&id)?, second.listed(&id)?);
    ensure!(one["ends_at"].is_string() && one["ends_at"] == two["ends_at"], "{one} {two}");
    ensure!(one["licensee_id"] == two["licensee_id"], "{one} {two}");
    ensure_sound(&first, &id)?;
    ensure_sound(&second, &id)?;
    let requests = world.requests(&id)?;
    let counted: Vec<_> = requests.iter().map(|request| request["counted"] == true).collect();
    ensure!(counted == [true, false], "it counts once: {requests:?}");
    Ok(())
}

/// Publishes busybox with a limit, and has it tried on both machines; answers its id.
fn tried_on_both(world: &World, name: &str, limit: &str) -> Result<(Builder, Builder, String)> {
    let trial = format!("{EASY_TRIAL}limits = {{ {limit} }}\n");
    let id = world.publish_with(&format!("busybox-{name}"), &busybox()?, &trial)?;
    let (first, second) = machines(world, name)?;
    for machine in [&first, &second] {
        machine.run(["try", &id, "--accept-terms"])?.success()?;
    }
    Ok((first, second, id))
}

fn launches_and_running_time_are_used_up_on_a_second_machine(shared: &Shared) -> Result<()> {
    for (name, limit) in [("both-launch", "launches = 5"), ("both-run", "running = \"1h\"")] {
        let (first, second, id) = tried_on_both(shared.world(), name, limit)?;
        second.run(["run", &id, "--", "true"])?.refused(125, "limit-reached")?;
        ensure!(second.listed(&id)?["reason"] == "limit-reached");
        // On the first one nothing was used yet.
        ensure_sound(&first, &id)?;
    }
    Ok(())
}

fn days_since_the_trial_began_are_days_of_use_on_a_second_machine(shared: &Shared) -> Result<()> {
    let (first, second, id) = tried_on_both(shared.world(), "both-days", "days = 3")?;
    let days = |machine: &Builder| {
        let info = machine.run(["info", &id, "--json"])?.success()?.json()?;
        info["used"]["days"].as_u64().context("a number of days")
    };
    ensure!(days(&first)? == 0 && days(&second)? > 0, "before any launch");
    ensure_sound(&first, &id)?;
    ensure_sound(&second, &id)
}
