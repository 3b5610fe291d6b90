//! Running: exit codes, facts, warnings, refusals, all without the server.

use std::fs;

use trybuy_formats::instant::Span;
use trybuy_formats::policy::{Expiration, GraceFrom, Layout, OnExpiry};
use trybuy_formats::slug::Slug;

use crate::world::{APP, World};

const DAY: u64 = 86_400;

/// A world whose trial began so many days ago and lasts 30 days.
fn began(days_ago: u64, expiration: Expiration) -> World {
    let world = World::new(Layout::Leading);
    world.set_up();
    {
        let mut server = world.server();
        server.began_ago = days_ago * DAY;
        server.policy.expiration = expiration;
    }
    world.good(&["try", APP, "--name", "Ada"]);
    world
}

fn list(world: &World) -> serde_json::Value {
    let listed: serde_json::Value =
        serde_json::from_str(&world.good(&["list", "--json"]).out).expect("JSON");
    listed[0].clone()
}

#[test]
fn the_program_gets_its_arguments_and_facts_and_gives_its_code() {
    let world = World::installed(Layout::Dispersed);
    let requests = world.server().log.len();
    let said = world.run(&["run", APP, "--", "-c", "printf %s \"$TRYBUY_TRIAL\"; exit 42"]);
    assert_eq!((said.code, said.err.as_str()), (42, ""));
    let facts: serde_json::Value = serde_json::from_str(&said.out).expect("JSON");
    assert_eq!(facts["application"], APP);
    assert_eq!(facts["name"], "Shell");
    assert_eq!(facts["release"], "1.0.0");
    assert_eq!(facts["days_left"], 30);
    assert_eq!(facts["state"], "allowed");
    assert_eq!(facts.get("until"), None);
    assert_eq!(world.server().log.len(), requests, "the server was not asked");
    assert_eq!(world.run(&["run", APP, "--", "-c", "kill -TERM $$"]).code, 128 + 15);
}

#[test]
fn everything_behind_the_id_is_the_programs() {
    let world = World::installed(Layout::Leading);
    let show = "printf '%s,' \"$@\"";
    for (arguments, expected) in [
        (&["-c", show, "sh", "a", "-b", "--json"][..], "a,-b,--json,"),
        (&["--", "-c", show, "sh", "a", "--", "-b"], "a,--,-b,"),
        (&["-c", show, "sh", "--data-dir", "/", "--help"], "--data-dir,/,--help,"),
    ] {
        let said = world.run(&[&["run", APP], arguments].concat());
        assert_eq!((said.code, said.out.as_str()), (0, expected), "{arguments:?}\n{}", said.err);
    }
}

#[test]
fn what_is_no_file_is_refused_and_not_waited_for() {
    let world = World::installed(Layout::Leading);
    let instead_of = |path: &std::path::Path| {
        fs::remove_file(path).expect("removed");
        let made = std::process::Command::new("mkfifo").arg(path).status().expect("mkfifo");
        assert!(made.success());
    };
    instead_of(&world.stored());
    let refused = world.refused(Slug::LocalFile, &["run", APP]);
    assert!(refused.code == 125 && refused.err.contains("it is not a file"), "{}", refused.err);
    world.good(&["list"]);
    world.good(&["remove", "--yes", APP]);
    instead_of(&world.data().join("license.jws"));
    world.refused(Slug::LocalFile, &["run", APP]);
}

#[test]
fn a_hard_end_refuses() {
    let world = began(30, Expiration::Hard {});
    let refused = world.refused(Slug::TrialExpired, &["run", APP]);
    assert_eq!(refused.code, 125);
    let entry = list(&world);
    assert_eq!((&entry["state"], &entry["reason"]), (&"refused".into(), &"trial-expired".into()));
    assert_eq!(entry["days_left"], 0);
}

#[test]
fn a_soft_end_warns_and_then_refuses() {
    let soft = Expiration::Soft { from: GraceFrom::Expiration, grace: Span::seconds(7 * DAY) };
    let world = began(35, soft);
    let said = world.run(&["run", APP, "--", "-c", "printf %s \"$TRYBUY_TRIAL\"; exit 3"]);
    assert_eq!(said.code, 3);
    assert!(said.err.starts_with("warning: the trial of Shell ended on "), "{}", said.err);
    assert!(said.err.contains("2 days left"), "{}", said.err);
    let facts: serde_json::Value = serde_json::from_str(&said.out).expect("JSON");
    assert_eq!((&facts["state"], &facts["days_left"]), (&"warning".into(), &2.into()));
    let entry = list(&world);
    assert_eq!((&entry["state"], &entry["days_left"]), (&"warning".into(), &2.into()));
    assert_eq!(entry["until"], facts["until"]);

    let world = began(37, soft);
    assert_eq!(world.refused(Slug::GraceEnded, &["run", APP]).code, 125);
}

#[test]
fn the_first_warning_is_remembered() {
    let grace = Span::seconds(DAY);
    let world = began(100, Expiration::Soft { from: GraceFrom::FirstWarning, grace });
    let first = world.run(&["run", APP, "--", "-c", "printf %s \"$TRYBUY_TRIAL\""]);
    let second = world.run(&["run", APP, "--", "-c", "printf %s \"$TRYBUY_TRIAL\""]);
    assert!(first.err.contains("1 day left"), "{}", first.err);
    assert_eq!(first.out, second.out);
    // Deleting what was remembered does not begin the grace anew.
    delete_states(&world);
    assert_eq!(world.refused(Slug::StateDamaged, &["run", APP]).code, 125);
    assert_eq!(list(&world)["reason"], "state-damaged");
    world.good(&["try", APP]);
    assert_eq!(world.refused(Slug::GraceEnded, &["run", APP]).code, 125);
}

#[test]
fn running_time_is_counted_across_launches() {
    let world = World::new(Layout::Leading);
    world.set_up();
    world.server().limits.running = Some(Span::seconds(1));
    world.good(&["try", APP, "--name", "Ada"]);
    let short = world.run(&["run", APP, "--", "-c", "exit 3"]);
    assert_eq!(short.code, 3);
    // The program itself takes the time; nothing here waits for another process.
    let long = world.run(&["run", APP, "--", "-c", "sleep 1.2; exit 4"]);
    assert_eq!(long.code, 4);
    assert_eq!(world.refused(Slug::LimitReached, &["run", APP]).code, 125);
}

#[test]
fn running_time_of_what_a_program_leaves_behind_is_counted() {
    let world = World::new(Layout::Leading);
    world.set_up();
    world.server().limits.running = Some(Span::seconds(1));
    world.good(&["try", APP, "--name", "Ada"]);
    let left = world.run(&["run", APP, "-c", "setsid sleep 1.2 & exit 4"]);
    assert_eq!((left.code, left.err.as_str()), (4, ""));
    assert_eq!(world.refused(Slug::LimitReached, &["run", APP]).code, 125);
}

/// A world with a trial that ends so many seconds after now, and what becomes of a running program.
fn ends_in(seconds: u64, on_expiry: OnExpiry) -> World {
    let world = World::new(Layout::Leading);
    world.set_up();
    {
        let mut server = world.server();
        server.began_ago = 30 * DAY - seconds;
        server.policy.expiration = Expiration::Hard {};
        server.policy.on_expiry = on_expiry;
    }
    world.good(&["try", APP, "--name", "Ada"]);
    world
}

/// What it starts is asked to end as well, and the shell may say so.
const SAVES: &str = "trap 'echo saved; exit 5' TERM; while :; do sleep 0.05; done";

#[test]
fn a_running_program_is_asked_to_end_with_its_trial() {
    let world = ends_in(3, OnExpiry::Terminate);
    let said = world.run(&["run", APP, "-c", SAVES]);
    assert_eq!((said.code, said.out.as_str()), (5, "saved\n"), "{}", said.err);
    assert!(said.err.contains("warning: the time that Shell may run is over"), "{}", said.err);
    assert!(said.err.contains("help: it has 30 seconds to save"), "{}", said.err);
    world.refused(Slug::TrialExpired, &["run", APP]);
}

#[test]
fn a_user_is_warned_before_a_running_program_is_ended() {
    let world = ends_in(3, OnExpiry::Warn);
    let said = world.run(&["run", APP, "-c", SAVES]);
    assert_eq!((said.code, said.out.as_str()), (5, "saved\n"), "{}", said.err);
    let near = said.err.find("Shell may run for another ").expect("a warning");
    assert!(near < said.err.find("is over").expect("the end"), "{}", said.err);
}

#[test]
fn a_program_runs_on_where_the_vendor_lets_it_finish() {
    let world = ends_in(2, OnExpiry::Finish);
    let said = world.run(&["run", APP, "-c", "sleep 3; echo finished"]);
    assert_eq!((said.code, said.out.as_str()), (0, "finished\n"));
    assert!(!said.err.contains("is over"), "{}", said.err);
}

#[test]
fn a_user_is_told_before_a_hard_end_until_when_and_what_to_do() {
    const DAY: u64 = 86_400;
    for (left, told) in [(3 * DAY, Some("(3 days left)")), (3 * DAY + 60, None)] {
        let world = ends_in(left, OnExpiry::Finish);
        let said = world.run(&["run", APP, "-c", "true"]);
        match told {
            Some(days) => {
                assert!(said.err.contains("Shell may be used until "), "{}", said.err);
                assert!(
                    said.err.contains(days) && said.err.contains("`trybuy buy`"),
                    "{}",
                    said.err
                );
            }
            None => assert_eq!(said.err, ""),
        }
    }
}

#[test]
fn a_limit_of_running_time_ends_a_running_program() {
    let world = World::new(Layout::Leading);
    world.set_up();
    world.server().limits.running = Some(Span::seconds(2));
    world.server().policy.on_expiry = OnExpiry::Terminate;
    world.good(&["try", APP, "--name", "Ada"]);
    let said = world.run(&["run", APP, "-c", SAVES]);
    assert_eq!((said.code, said.out.as_str()), (5, "saved\n"), "{}", said.err);
    world.refused(Slug::LimitReached, &["run", APP]);
}

/// Deletes what is remembered of the trials.
fn delete_states(world: &World) {
    for entry in fs::read_dir(world.stored().parent().expect("a folder")).expect("listed") {
        let path = entry.expect("an entry").path();
        if path.extension().is_some_and(|extension| extension == "sealed") {
            fs::remove_file(path).expect("removed");
        }
    }
}

#[test]
fn what_a_lost_memory_means_is_said_as_far_as_it_means_anything() {
    let world = World::installed(Layout::Leading);
    delete_states(&world);
    let said = world.good(&["try", APP]);
    assert!(!said.err.contains("remembers"), "nothing is limited: {}", said.err);

    let world = World::new(Layout::Leading);
    world.set_up();
    world.server().began_ago = 2 * DAY;
    world.server().limits.days = Some(4);
    world.good(&["try", APP, "--name", "Ada"]);
    delete_states(&world);
    let said = world.good(&["try", APP]);
    let expected = "remembers nothing of it: every day since it began counts as a day of use\n";
    assert!(said.err.contains(expected), "{}", said.err);
    let info = world.good(&["info", APP]).out;
    assert!(info.contains("3 of 4 days of use"), "{info}");
    assert_eq!(world.run(&["run", APP, "-c", "exit 3"]).code, 3);
}

#[test]
fn who_waits_for_another_trybuy_is_told() {
    let world = World::installed(Layout::Leading);
    let held = fs::File::options()
        .write(true)
        .open(world.data().join("locks").join(format!("{APP}.state.lock")))
        .expect("a lock");
    held.lock().expect("free");
    let mut waiting = world.command(&["run", APP, "-c", "exit 3"]);
    let mut waiting = waiting.stderr(std::process::Stdio::piped()).spawn().expect("started");
    let mut said = [0; 23];
    std::io::Read::read_exact(waiting.stderr.as_mut().expect("a pipe"), &mut said)
        .expect("it says something");
    assert_eq!(&said, b"Waiting for another try");
    held.unlock().expect("unlocked");
    assert_eq!(waiting.wait().expect("ended").code(), Some(3));
}

#[test]
fn who_deletes_what_is_remembered_has_used_up_what_is_limited() {
    let world = World::new(Layout::Leading);
    world.set_up();
    world.server().limits.launches = Some(5);
    world.good(&["try", APP, "--name", "Ada"]);
    assert_eq!(world.run(&["run", APP, "-c", "exit 3"]).code, 3);
    let info = world.good(&["info", APP]).out;
    assert!(info.contains("\nUsed:       1 of 5 launches\n"), "{info}");
    delete_states(&world);
    world.refused(Slug::StateDamaged, &["run", APP]);
    let said = world.good(&["try", APP]);
    let lost = "remembers nothing of it: its launches count as used up\n";
    assert!(said.err.contains(lost), "{}", said.err);
    world.refused(Slug::LimitReached, &["run", APP]);
    // As if the answer of the server had been lost before anything was sent.
    delete_states(&world);
    world.server().delivered = false;
    world.good(&["try", APP]);
    assert_eq!(world.run(&["run", APP, "-c", "exit 3"]).code, 3);
}

#[test]
fn who_kills_the_builder_pays_for_a_minute() {
    let world = World::new(Layout::Leading);
    world.set_up();
    world.server().limits.running = Some(Span::seconds(100));
    world.good(&["try", APP, "--name", "Ada"]);
    // A run that ends by itself costs what it took.
    for _ in 0..5 {
        assert_eq!(world.run(&["run", APP, "-c", "exit 3"]).code, 3);
    }
    for _ in 0..2 {
        let mut killed = world.command(&["run", APP, "-c", "echo begun; exec sleep 600"]);
        let mut killed = killed.stdout(std::process::Stdio::piped()).spawn().expect("started");
        let mut begun = [0; 6];
        std::io::Read::read_exact(killed.stdout.as_mut().expect("a pipe"), &mut begun)
            .expect("it runs");
        killed.kill().expect("killed");
        killed.wait().expect("ended");
    }
    world.refused(Slug::LimitReached, &["run", APP]);
}

#[test]
fn an_older_head_is_refused() {
    let world = World::installed(Layout::Leading);
    let older = fs::read(world.stored()).expect("readable");
    world.server().head_number = 2;
    world.server().remake_file();
    world.good(&["try", APP]);
    fs::write(world.stored(), older).expect("written");
    assert_eq!(world.refused(Slug::HeadTooOld, &["run", APP]).code, 125);
    assert_eq!(list(&world)["reason"], "head-too-old");
}

#[test]
fn an_edited_clear_copy_is_refused() {
    let world = World::installed(Layout::Leading);
    let bytes = fs::read(world.stored()).expect("readable");
    let text = String::from_utf8_lossy(&bytes[..600]).into_owned();
    let at = text.find("Shell").expect("the name in the clear copy");
    let mut edited = bytes.clone();
    edited[at..at + 5].copy_from_slice(b"Forge");
    fs::write(world.stored(), edited).expect("written");
    assert_eq!(world.refused(Slug::ControlMismatch, &["run", APP]).code, 125);
}

#[test]
fn a_truncated_or_longer_file_is_refused() {
    let world = World::installed(Layout::Dispersed);
    let bytes = fs::read(world.stored()).expect("readable");
    for length in [0, 10, 500, 2_000, bytes.len() - 1, bytes.len() + 1] {
        let mut changed = bytes.clone();
        changed.resize(length, 0);
        fs::write(world.stored(), changed).expect("written");
        assert_eq!(world.refused(Slug::FileDamaged, &["run", APP]).code, 125, "{length}");
    }
}

#[test]
fn a_program_that_cannot_be_executed_is_told_from_a_refusal() {
    let world = World::with_program(Layout::Leading, b"not a program");
    world.set_up();
    world.good(&["try", APP, "--name", "Ada"]);
    assert_eq!(world.refused(Slug::CannotExecute, &["run", APP]).code, 126);
}

#[test]
fn an_unknown_application_has_its_own_code() {
    let world = World::new(Layout::Leading);
    world.set_up();
    for name in ["com.example.other", "Nonsense", "../../etc"] {
        assert_eq!(world.refused(Slug::NotInstalled, &["run", name]).code, 127);
    }
}

#[test]
fn launches_are_counted_even_when_they_run_at_once() {
    let world = World::new(Layout::Leading);
    world.set_up();
    world.server().limits.launches = Some(5);
    world.good(&["try", APP, "--name", "Ada"]);
    let children: Vec<_> = (0..8)
        .map(|_| world.command(&["run", APP, "--", "-c", "exit 9"]).spawn().expect("started"))
        .collect();
    let ran = children
        .into_iter()
        .map(|mut child| child.wait().expect("ended").code())
        .filter(|code| *code == Some(9))
        .count();
    assert_eq!(ran, 5);
}
