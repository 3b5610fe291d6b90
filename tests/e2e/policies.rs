//! Policies for classes and single licensees, and changes that reach trials which have begun.

use std::fs;

use anyhow::{Result, ensure};

use trybuy_tests::binaries::repository;
use trybuy_tests::builder::Builder;
use trybuy_tests::command::Outcome;
use trybuy_tests::vendor::{Application, EASY_TRIAL};
use trybuy_tests::world::World;

use crate::case::{Shared, cases};
use crate::support::{blocks, busybox, ensure_sound, tried};

cases![
    a_class_by_domain_has_its_own_policy[Busybox],
    terms_are_accepted_as_the_own_policy_wants[Busybox],
    a_change_reaches_an_installed_trial[Busybox],
    a_change_for_one_licensee_leaves_others_alone[Busybox],
    the_guide_to_policies_works_as_it_is_written[Busybox],
];

/// A user with an address.
fn user_at(world: &World, name: &str, email: &str) -> Result<Builder> {
    let user = world.fresh_builder(name);
    user.setup(world.server.url(), name, email)?;
    Ok(user)
}

fn a_class_by_domain_has_its_own_policy(shared: &Shared) -> Result<()> {
    let world = shared.world();
    let id = world.publish("busybox-classes", &busybox()?)?;
    world.vendor.run(["class", "create", "education"])?.success()?;
    world.vendor.run(["class", "add", "education", "@example.edu"])?.success()?;
    let set = ["policy", "set", &id, "--class", "education", "--duration", "30d"];
    let soft = ["--expiration", "soft", "--grace", "7d", "--grace-from", "first-warning"];
    let set = world.vendor.run(set.into_iter().chain(soft))?.success()?;
    ensure!(set.stdout.contains("  begins      as the policy from the application\n"), "{set}");
    let members = [("class-in", "Ada+x@CS.Example.edu", 30), ("class-out", "ada@example.com", 1)];
    for (name, email, days) in members {
        let user = user_at(world, name, email)?;
        user.run(["try", &id, "--accept-terms"])?.success()?;
        ensure!(user.listed(&id)?["days_left"] == days, "{email}: {}", user.listed(&id)?);
        ensure_sound(&user, &id)?;
    }
    let policy = "30 days, then 7 days of grace from the first warning";
    for (licensee, why) in [
        ("ada@cs.example.edu", format!("{policy}: from class `education`, as @example.edu")),
        ("nobody@example.edu", format!("{policy}: from class `education`, as @example.edu")),
        ("ada@example.com", "1 day, then refused at once: from the application".to_owned()),
    ] {
        let shown = world.vendor.run(["policy", "show", &id, "--licensee", licensee])?.success()?;
        ensure!(shown.stdout.lines().nth(1) == Some(&why), "{licensee}: {shown}");
    }
    world.vendor.run(["class", "remove", "education"])?.refused(1, "bad-request")?;
    Ok(())
}

fn terms_are_accepted_as_the_own_policy_wants(shared: &Shared) -> Result<()> {
    let world = shared.world();
    let id = world.publish("busybox-accepted", &busybox()?)?;
    let careful = "careful@example.com";
    let set = ["policy", "set", &id, "--licensee", careful, "--acceptance", "explicit"];
    world.vendor.run(set)?.success()?;
    let user = user_at(world, "careful", careful)?;
    let refused = user.run(["try", &id, "--accept-terms"])?.refused(1, "terms-not-accepted")?;
    ensure!(refused.stderr.contains("--name"), "{refused}");
    user.run(["try", &id, "--accept-terms", "--name", "Ada"])?.success()?;
    let other = world.builder("careless")?;
    other.run(["try", &id, "--accept-terms"])?.success()?;
    Ok(())
}

fn a_change_reaches_an_installed_trial(shared: &Shared) -> Result<()> {
    let world = shared.world();
    let (user, id) = tried(world, "busybox-follows")?;
    ensure!(user.listed(&id)?["days_left"] == 1);
    ensure_sound(&user, &id)?;
    let set = ["policy", "set", &id, "--duration", "10d", "--apply-to-existing"];
    let set = world.vendor.run(set)?.success()?;
    let followed = "Trials to come follow it, and 1 trial that had begun: their users get it";
    ensure!(set.stdout.contains(followed), "{set}");
    // It is not known here before the server is asked.
    ensure!(user.listed(&id)?["days_left"] == 1);
    user.run(["try", &id])?.success()?;
    ensure!(user.listed(&id)?["days_left"] == 10, "{}", user.listed(&id)?);
    ensure_sound(&user, &id)?;
    // What was used before counts towards a limit that comes later.
    let limit = ["policy", "set", &id, "--max-launches", "2", "--apply-to-existing"];
    world.vendor.run(limit)?.success()?;
    user.run(["run", &id, "--", "true"])?.success()?;
    user.run(["doctor"])?.success()?;
    user.run(["run", &id, "--", "true"])?.refused(125, "limit-reached")?;
    let history = world.vendor.run(["policy", "history", &id])?.success()?;
    let changes: Vec<&str> = history.stdout.split("everybody: set").skip(1).collect();
    ensure!(changes.len() == 2, "{history}");
    for (change, what) in
        changes.iter().zip(["at most 2 launches", "10 days, then refused at once"])
    {
        let told = change.starts_with(", applied to 1 existing, by ") && change.contains(what);
        ensure!(told, "{history}");
    }
    Ok(())
}

fn a_change_for_one_licensee_leaves_others_alone(shared: &Shared) -> Result<()> {
    let world = shared.world();
    let (user, id) = tried(world, "busybox-alone")?;
    let other = world.builder("alone-other")?;
    other.run(["try", &id, "--accept-terms"])?.success()?;
    // Not applied to them, so it is not theirs with the next change either.
    world.vendor.run(["policy", "set", &id, "--duration", "3d"])?.success()?;
    let licensee = "ALONE-other+x@example.com";
    let target = ["policy", "set", &id, "--licensee", licensee, "--duration", "5d"];
    let set = world.vendor.run(target.into_iter().chain(["--apply-to-existing"]))?.success()?;
    ensure!(set.stdout.contains("and 1 trial that had begun"), "{set}");
    for (builder, days) in [(&user, 1), (&other, 5)] {
        builder.run(["try", &id])?.success()?;
        ensure!(builder.listed(&id)?["days_left"] == days, "{}", builder.listed(&id)?);
    }
    let remove = ["policy", "remove", &id, "--licensee", licensee, "--apply-to-existing"];
    world.vendor.run(remove)?.success()?;
    other.run(["setup", "--renew"])?.success()?;
    ensure!(other.listed(&id)?["days_left"] == 3, "{}", other.listed(&id)?);
    Ok(())
}

fn the_guide_to_policies_works_as_it_is_written(shared: &Shared) -> Result<()> {
    let world = shared.own_world()?;
    let (folder, program) = (world.path("sketch"), busybox()?);
    let (id, version, compression) = ("com.example.sketch", "1.0.0", "zstd");
    let name = "Sketch";
    let sketch =
        Application { id, name, version, program: &program, trial: EASY_TRIAL, compression };
    world.vendor.publish(&sketch.write(&folder)?)?;
    let guide = fs::read_to_string(repository().join("docs/policies.md"))?;
    let commands: Vec<&str> = blocks(&guide, "sh").into_iter().flat_map(str::lines).collect();
    ensure!(commands.len() > 25, "{} commands", commands.len());
    let mut told = String::new();
    for command in commands {
        let mut words = command.split_whitespace();
        ensure!(words.next() == Some("trybuy-vendor"), "{command}");
        let mut vendor = world.vendor.command();
        let outcome = Outcome::of(vendor.args(words).current_dir(&folder))?.success()?;
        told.push_str(&outcome.stdout);
    }
    for answer in blocks(&guide, "text") {
        ensure!(told.contains(answer), "no command says\n{answer}");
    }
    Ok(())
}
