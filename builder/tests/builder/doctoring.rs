//! The doctor, and the clock it brings back.

use std::fs;

use trybuy_formats::policy::Layout;
use trybuy_formats::slug::Slug;

use crate::world::{APP, World};

fn finding(world: &World, check: &str) -> serde_json::Value {
    let said = world.run(&["doctor", "--json"]);
    let findings: serde_json::Value = serde_json::from_str(&said.out).expect("JSON");
    let found = findings.as_array().expect("an array").iter().find(|f| f["check"] == check);
    found.expect("a finding of that name").clone()
}

#[test]
fn a_healthy_builder_has_no_problems() {
    let world = World::installed(Layout::Leading);
    let said = world.good(&["doctor"]);
    for check in
        ["permissions", "keys", "license", "server", "clock", "library", "disk", "memory-execution"]
    {
        assert!(said.out.contains(&format!("{check}: ")), "{check}\n{}", said.out);
    }
    assert!(!said.out.contains("PROBLEM"), "{}", said.out);
}

#[test]
fn a_lost_memory_of_time_fails_closed_and_is_brought_back() {
    let world = World::installed(Layout::Leading);
    fs::remove_file(world.data().join("clock.sealed")).expect("removed");
    assert_eq!(world.refused(Slug::StateDamaged, &["run", APP]).code, 125);
    let clock = finding(&world, "clock");
    assert_eq!(clock["status"], "ok", "{clock}");
    assert_eq!(world.run(&["run", APP, "--", "-c", "exit 3"]).code, 3);
}

#[test]
fn a_memory_of_time_that_ran_ahead_is_brought_back() {
    // The server was most of a year ahead at setup, and is right now.
    let world = World::new(Layout::Leading);
    world.server().clock_ahead = 300 * 86_400;
    world.set_up();
    world.server().clock_ahead = 0;
    assert_eq!(finding(&world, "clock")["status"], "ok");

    // It was ahead when a trial was asked for.
    let world = World::installed(Layout::Leading);
    world.server().clock_ahead = 86_400 * 3 / 4;
    world.good(&["try", APP]);
    world.server().clock_ahead = 0;
    let days_left = |world: &World| {
        let listed: serde_json::Value =
            serde_json::from_str(&world.good(&["list", "--json"]).out).expect("JSON");
        listed[0]["days_left"].as_u64()
    };
    assert_eq!(world.run(&["run", APP, "--", "-c", "exit 3"]).code, 3);
    assert_eq!(days_left(&world), Some(30), "the later time counts");
    let repaired = finding(&world, "clock");
    assert_eq!(repaired["status"], "ok");
    assert!(repaired["message"].as_str().expect("a text").contains("repaired"), "{repaired}");
    assert_eq!(finding(&world, "clock")["message"], "agrees with the server's");
}

#[test]
fn a_day_of_use_by_a_clock_ahead_is_taken_back() {
    let world = World::new(Layout::Leading);
    world.set_up();
    world.server().limits.days = Some(1);
    world.good(&["try", APP, "--name", "Ada"]);
    // In two steps that nobody wonders at, to a later day.
    for hours in [23, 46] {
        world.server().clock_ahead = hours * 3600;
        world.good(&["try", APP]);
    }
    let run = ["run", APP, "-c", "exit 3"];
    assert_eq!(world.run(&run).code, 3);
    world.server().clock_ahead = 0;
    assert_eq!(finding(&world, "clock")["status"], "ok");
    assert_eq!(world.run(&run).code, 3, "it was today");
    let info = world.good(&["info", APP]).out;
    assert!(info.contains("1 of 1 days"), "{info}");
}

#[test]
fn an_older_answer_of_the_server_does_not_bring_time_back() {
    let world = World::installed(Layout::Leading);
    fs::remove_file(world.data().join("clock.sealed")).expect("removed");
    world.server().answers_another_question = true;
    let clock = finding(&world, "clock");
    assert_eq!(clock["status"], "problem", "{clock}");
    assert!(clock["message"].as_str().expect("a text").contains("another question"), "{clock}");
    assert_eq!(world.refused(Slug::StateDamaged, &["run", APP]).code, 125);
    world.server().answers_another_question = false;
    assert_eq!(finding(&world, "clock")["status"], "ok");
    assert_eq!(world.run(&["run", APP, "--", "-c", "exit 3"]).code, 3);
}

#[test]
fn a_lost_memory_of_a_trial_is_found_and_advice_helps() {
    let world = World::installed(Layout::Leading);
    let folder = world.stored().parent().expect("a folder").to_owned();
    let state = fs::read_dir(&folder)
        .expect("listed")
        .map(|entry| entry.expect("an entry").path())
        .find(|path| path.extension().is_some_and(|extension| extension == "sealed"))
        .expect("a state");
    fs::remove_file(&state).expect("removed");
    let library = finding(&world, "library");
    assert_eq!(library["status"], "problem", "{library}");
    assert!(library["advice"].as_str().expect("advice").contains(&format!("trybuy try {APP}")));
    world.good(&["try", APP]);
    assert_eq!(finding(&world, "library")["status"], "ok");
}

#[test]
fn a_key_of_another_builder_is_found() {
    let (world, other) = (World::installed(Layout::Leading), World::installed(Layout::Leading));
    let key = "keys/request.pkcs8";
    fs::copy(other.data().join(key), world.data().join(key)).expect("copied");
    world.refused(Slug::NoBuilderKey, &["try", APP]);
    let license = finding(&world, "license");
    assert_eq!(license["status"], "problem", "{license}");
    assert!(license["advice"].as_str().expect("advice").contains("remove the folder `keys`"));
}

#[test]
fn what_is_open_to_others_is_named() {
    use std::os::unix::fs::PermissionsExt as _;
    let world = World::installed(Layout::Leading);
    let key = world.data().join("keys/request.pkcs8");
    fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).expect("changed");
    let permissions = finding(&world, "permissions");
    assert_eq!(permissions["status"], "warning");
    assert!(permissions["advice"].as_str().expect("advice").contains("chmod"));
}

#[test]
fn a_server_that_is_away_is_only_a_warning() {
    let world = World::installed(Layout::Leading);
    let said = world.run(&["doctor", "--json", "--server", "http://127.0.0.1:1"]);
    assert_eq!(said.code, 0, "{}", said.out);
    assert!(said.out.contains("cannot be reached"));
}

#[test]
fn a_trial_that_was_licensed_by_a_clock_that_was_ahead_is_told() {
    let world = World::new(Layout::Leading);
    world.server().clock_ahead = 300 * 86_400;
    world.set_up();
    world.good(&["try", APP, "--name", "Ada"]);
    world.server().clock_ahead = 0;
    assert_eq!(finding(&world, "clock")["status"], "ok");
    let refused = world.refused(Slug::ClockSetBack, &["run", APP]);
    let library = finding(&world, "library");
    assert_eq!(library["status"], "problem", "{library}");
    for text in [refused.err.as_str(), library["advice"].as_str().expect("a text")] {
        assert!(text.contains("`trybuy renew`"), "{text}");
    }
}
