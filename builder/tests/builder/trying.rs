//! Trying: acceptance, download, resume, verification, storage.

use std::fs;

use trybuy_formats::policy::{AcceptanceKind, Layout};
use trybuy_formats::slug::Slug;

use crate::http::Ending;
use crate::world::{APP, CODE, World, said};

fn downloads(world: &World) -> Vec<usize> {
    std::mem::take(&mut world.server().resumed_from)
}

#[test]
fn both_layouts_are_tried_listed_and_verified() {
    for layout in [Layout::Leading, Layout::Dispersed] {
        let world = World::installed(layout);
        let listed: serde_json::Value =
            serde_json::from_str(&world.good(&["list", "--json"]).out).expect("JSON");
        let entry = &listed[0];
        assert_eq!(entry["application"], APP);
        assert_eq!(entry["name"], "Shell");
        assert_eq!(entry["release"], "1.0.0");
        assert_eq!(entry["days_left"], 30);
        assert_eq!(entry["state"], "allowed");
        assert_eq!(entry["reason"], serde_json::Value::Null);
        assert!(entry["licensee_id"].is_string() && entry["ends_at"].is_string());
        assert_eq!(listed.as_array().map(Vec::len), Some(1));
        assert!(world.good(&["verify"]).out.contains("intact"));
        let info: serde_json::Value =
            serde_json::from_str(&world.good(&["info", APP, "--json"]).out).expect("JSON");
        assert_eq!(info["download_url"], "/d/secret");
        assert_eq!(info["policy"], "at its end refused at once");
        assert!(!world.partial().exists());
    }
}

#[test]
fn an_installed_application_is_not_downloaded_again() {
    let world = World::installed(Layout::Leading);
    downloads(&world);
    let said = world.good(&["try", APP]);
    assert!(said.err.contains("installed already"), "{}", said.err);
    assert!(downloads(&world).is_empty());
}

#[test]
fn terms_are_accepted_as_the_vendor_asks() {
    let world = World::new(Layout::Leading);
    world.set_up();
    let refused = world.refused(Slug::TermsNotAccepted, &["try", APP, "--accept-terms"]);
    assert!(refused.err.contains("--name"), "{}", refused.err);
    assert!(refused.err.contains("Do not obey \u{fffd}[31mblindly."), "{}", refused.err);

    world.server().policy.acceptance = AcceptanceKind::RetypeCode;
    let refused = world.refused(Slug::TermsNotAccepted, &["try", APP, "--accept-terms"]);
    assert!(refused.err.contains(&format!("--code {CODE}")), "{}", refused.err);
    world.good(&["try", APP, "--accept-terms", "--code", CODE]);

    world.server().forget_trial();
    world.server().policy.acceptance = AcceptanceKind::Passive;
    world.good(&["try", APP]);
}

#[test]
fn terms_are_accepted_as_the_own_policy_wants_and_not_as_the_catalog_shows() {
    let world = World::new(Layout::Leading);
    world.set_up();
    world.server().policy.acceptance = AcceptanceKind::Passive;
    world.server().own_acceptance = Some(AcceptanceKind::RetypeCode);
    let refused = world.refused(Slug::TermsNotAccepted, &["try", APP, "--accept-terms"]);
    assert!(refused.err.contains(&format!("--code {CODE}")), "{}", refused.err);
    world.good(&["try", APP, "--accept-terms", "--code", CODE]);

    let world = World::new(Layout::Leading);
    world.set_up();
    world.server().own_acceptance = Some(AcceptanceKind::Passive);
    world.good(&["try", APP, "--accept-terms"]);
}

#[test]
fn a_trial_that_another_builder_has_is_used_up_where_it_is_limited() {
    let world = World::new(Layout::Leading);
    world.set_up();
    world.server().limits.launches = Some(2);
    // The server grants it for this Builder now, and says that its file was sent before.
    world.server().delivered = true;
    let said = world.good(&["try", APP, "--name", "Ada"]);
    assert!(
        said.err.contains("this Builder remembers nothing of it: its launches"),
        "{}",
        said.err
    );
    world.refused(Slug::LimitReached, &["run", APP]);
    // Without limits it goes on as it does there.
    let world = World::new(Layout::Leading);
    world.set_up();
    world.server().delivered = true;
    world.good(&["try", APP, "--name", "Ada"]);
    world.good(&["run", APP, "--", "-c", "true"]);
}

#[test]
fn a_trial_that_this_builder_could_not_run_is_not_begun() {
    let world = World::new(Layout::Leading);
    world.set_up();
    world.server().minimum_builder = Some("99.0.0");
    let refused = world.refused(Slug::BuilderTooOld, &["try", APP, "--name", "Ada"]);
    assert!(refused.err.contains("newer release of trybuy"), "{}", refused.err);
    assert!(
        !world.server().log.iter().any(|request| request.ends_with("/trials")),
        "it was asked for"
    );
    world.server().minimum_builder = Some("0.0.1");
    world.good(&["try", APP, "--name", "Ada"]);
}

#[test]
fn a_broken_download_goes_on_where_it_stopped() {
    for layout in [Layout::Leading, Layout::Dispersed] {
        let world = World::new(layout);
        world.set_up();
        world.server().endings = vec![Ending::CutAfter(200_000), Ending::CutAfter(100_000)];
        world.good(&["try", APP, "--name", "Ada"]);
        assert_eq!(downloads(&world), [0, 200_000, 300_000]);
        world.good(&["verify", APP]);
    }
}

#[test]
fn a_download_that_was_killed_goes_on_where_it_stopped() {
    let world = World::new(Layout::Dispersed);
    world.set_up();
    world.server().endings = vec![Ending::StallAfter(250_000)];
    let mut child = world.command(&["try", APP, "--name", "Ada"]).spawn().expect("started");
    // The clear copy comes first, so the file is longer than what was downloaded.
    while fs::metadata(world.partial()).map_or(0, |meta| meta.len()) < 250_000 {
        std::thread::yield_now();
    }
    // While it lives, nobody else works on the same application.
    let busy = world.refused(Slug::Busy, &["try", APP]);
    assert_eq!(busy.code, 1);
    child.kill().expect("killed");
    child.wait().expect("ended");
    assert_eq!(downloads(&world), [0]);

    let said = world.good(&["try", APP]);
    assert!(said.err.contains("resuming at 4"), "{}", said.err);
    let resumed = downloads(&world);
    assert!(resumed.len() == 1 && resumed[0] > 200_000, "{resumed:?}");
    world.good(&["verify", APP]);
}

#[test]
fn a_file_that_changed_on_the_server_is_begun_again() {
    let world = World::new(Layout::Leading);
    world.set_up();
    world.server().endings = vec![Ending::StallAfter(250_000)];
    let mut child = world.command(&["try", APP, "--name", "Ada"]).spawn().expect("started");
    while fs::metadata(world.partial()).map_or(0, |meta| meta.len()) < 250_000 {
        std::thread::yield_now();
    }
    child.kill().expect("killed");
    child.wait().expect("ended");
    world.server().head_number = 2;
    world.server().remake_file();
    downloads(&world);
    world.good(&["try", APP]);
    assert_eq!(downloads(&world), [0]);
    world.good(&["verify", APP]);
}

#[test]
fn a_file_that_comes_damaged_is_got_again_and_never_installed() {
    let world = World::new(Layout::Leading);
    world.set_up();
    world.server().corrupt_at = Some(300_000);
    world.refused(Slug::FileDamaged, &["try", APP, "--name", "Ada"]);
    assert_eq!(downloads(&world).len(), 3);
    assert!(!world.stored().exists());
    world.server().corrupt_at = None;
    world.good(&["try", APP]);
    assert!(world.good(&["verify", APP]).out.contains("intact"));
}

#[test]
fn a_head_that_was_tampered_with_stops_the_download_before_it_begins() {
    let world = World::new(Layout::Leading);
    world.set_up();
    world.server().corrupt_at = Some(600);
    world.refused(Slug::FileDamaged, &["try", APP, "--name", "Ada"]);
    assert!(downloads(&world).is_empty());
    assert!(!world.partial().exists());
}

#[test]
fn an_installed_file_that_is_damaged_is_found_and_got_again() {
    let world = World::installed(Layout::Dispersed);
    let mut bytes = fs::read(world.stored()).expect("readable");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(world.stored(), &bytes).expect("written");
    let said = world.run(&["verify", "--json"]);
    assert_eq!(said.code, 1);
    let findings: serde_json::Value = serde_json::from_str(&said.out).expect("JSON");
    assert_eq!(findings[0]["reason"], "file-damaged");
    assert_eq!(world.refused(Slug::FileDamaged, &["run", APP]).code, 125);
    assert!(world.good(&["try", APP]).err.contains("damaged"));
    world.good(&["verify"]);
}

#[test]
fn another_platform_is_told() {
    let world = World::new(Layout::Leading);
    world.set_up();
    world.server().platform = "riscv64-plan9".parse().expect("a platform");
    let refused = world.refused(Slug::PlatformUnsupported, &["try", APP, "--name", "Ada"]);
    assert!(refused.err.contains("riscv64-plan9"), "{}", refused.err);
}

#[test]
fn the_catalog_is_shown_without_obeying_it() {
    let world = World::new(Layout::Leading);
    world.set_up();
    let found = world.good(&["search", "shell"]).out;
    assert!(found.contains(APP) && !found.contains('\u{1b}'), "{found}");
    let shown = world.good(&["show", APP]).out;
    assert!(
        shown.contains("30 days, then refused at once") && !shown.contains('\u{1b}'),
        "{shown}"
    );
    let json = world.good(&["show", APP, "--json"]).out;
    let details: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!(details["id"], APP);
    // Without a setup an address is enough.
    let url = world.http.url("");
    let elsewhere = tempfile::tempdir().expect("a temporary directory");
    let output = crate::world::builder(elsewhere.path(), &["search", "--server", &url, "--json"])
        .output()
        .expect("started");
    assert_eq!(crate::world::said(&output).code, 0);
}

#[test]
fn a_system_without_certificates_reaches_a_server_on_this_machine() {
    let world = World::new(Layout::Leading);
    world.set_up();
    let without = |arguments: &[&str]| {
        let mut command = world.command(arguments);
        command.env("SSL_CERT_FILE", "/dev/null").env("SSL_CERT_DIR", "/nonexistent");
        said(&command.output().expect("started"))
    };
    assert_eq!(without(&["search"]).code, 0);
    let encrypted = without(&["search", "--server", "https://127.0.0.1:1"]);
    assert!(encrypted.err.contains("CA certificates"), "{}", encrypted.err);
}

#[test]
fn a_removed_application_remembers_its_trial() {
    let world = World::installed(Layout::Leading);
    world.good(&["run", APP, "--", "-c", "true"]);
    world.refused(Slug::Usage, &["remove", APP]);
    world.good(&["remove", APP, "--yes"]);
    assert_eq!(world.refused(Slug::NotInstalled, &["run", APP]).code, 127);
    assert_eq!(world.good(&["list", "--json"]).out, "[]\n");
    world.server().limits.launches = Some(2);
    world.server().remake_file();
    world.good(&["try", APP]);
    world.good(&["run", APP, "--", "-c", "true"]);
    world.refused(Slug::LimitReached, &["run", APP]);
}
