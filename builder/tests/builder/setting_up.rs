//! Setup: once, repeated, killed, renewed, with the wrong server.

use std::os::unix::fs::PermissionsExt as _;

use trybuy_formats::policy::Layout;
use trybuy_formats::primitives::SignatureKey;
use trybuy_formats::slug::Slug;

use crate::world::{APP, BUILDER_TERMS, CODE, World};

#[test]
fn setup_makes_private_files_and_is_done_once() {
    let world = World::new(Layout::Leading);
    world.set_up();
    for name in [
        "",
        "keys",
        "keys/decryption.pkcs8",
        "keys/request.pkcs8",
        "license.jws",
        "clock.sealed",
        "server.json",
    ] {
        let path = world.data().join(name);
        let mode = std::fs::metadata(&path).expect(name).permissions().mode();
        assert_eq!(mode & 0o077, 0, "{name}");
    }
    let url = world.http.url("");
    let again = world.refused(Slug::AlreadySetUp, &["setup", &url, "--accept-terms"]);
    assert!(again.err.contains("--renew"));
}

#[test]
fn terms_are_shown_and_have_to_be_accepted() {
    let world = World::new(Layout::Leading);
    let url = world.http.url("");
    let arguments = ["setup", &url, "--name", "Ada", "--email", "ada@example.com"];
    let refused = world.refused(Slug::TermsNotAccepted, &arguments);
    assert!(refused.err.contains(BUILDER_TERMS) && refused.err.contains("--accept-terms"));
    assert!(!world.data().join("license.jws").exists());
    world.refused(Slug::Usage, &["setup", &url, "--accept-terms"]);
}

#[test]
fn a_setup_that_was_killed_is_repeated_with_the_same_keys() {
    let world = World::new(Layout::Leading);
    world.set_up();
    let key = std::fs::read(world.data().join("keys/decryption.pkcs8")).expect("a key");
    // Killed after the registration, before the license was stored.
    std::fs::remove_file(world.data().join("license.jws")).expect("removed");
    std::fs::remove_file(world.data().join("clock.sealed")).expect("removed");
    std::fs::write(world.data().join(".new-half"), "half a file").expect("written");
    world.good(&["setup", "--name", "Ada", "--email", "ada@example.com", "--accept-terms"]);
    assert_eq!(std::fs::read(world.data().join("keys/decryption.pkcs8")).expect("a key"), key);
    assert!(!world.data().join(".new-half").exists());
}

#[test]
fn a_damaged_license_is_got_back_by_setup() {
    let world = World::installed(Layout::Leading);
    let license = world.data().join("license.jws");
    std::fs::write(&license, "not a license").expect("written");
    let refused = world.refused(Slug::NoBuilderLicense, &["run", APP]);
    assert!(refused.err.contains("run `trybuy setup` again"), "{}", refused.err);
    world.good(&["setup", "--name", "Ada", "--email", "ada@example.com", "--accept-terms"]);
    assert_eq!(world.run(&["run", APP, "--", "-c", "exit 3"]).code, 3);
    assert!(!world.run(&["doctor"]).out.contains("PROBLEM"));
}

#[test]
fn without_a_backup_of_a_key_the_advice_leads_to_a_builder_with_new_ones() {
    for key in ["decryption", "request"] {
        let world = World::installed(Layout::Leading);
        let keys = world.data().join("keys");
        std::fs::write(keys.join(format!("{key}.pkcs8")), "not a key").expect("written");
        let setup = ["setup", "--name", "Ada", "--email", "ada@example.com", "--accept-terms"];
        let refused = world.refused(Slug::NoBuilderKey, &["try", APP]);
        assert!(
            refused.err.contains("remove the folder `keys` and license.jws"),
            "{}",
            refused.err
        );
        std::fs::remove_dir_all(keys).expect("removed");
        std::fs::remove_file(world.data().join("license.jws")).expect("removed");
        // To the server, who has other keys is somebody else.
        world.server().forget_trial();
        world.good(&setup);
        world.run(&["doctor"]);
        world.good(&["try", APP, "--name", "Ada"]);
        assert_eq!(world.run(&["run", APP, "-c", "exit 3"]).code, 3);
        assert!(!world.run(&["doctor"]).out.contains("PROBLEM"));
    }
}

#[test]
fn a_setup_that_never_got_a_license_is_repeated_elsewhere_with_other_keys() {
    let world = World::new(Layout::Leading);
    world.set_up();
    let key = std::fs::read(world.data().join("keys/request.pkcs8")).expect("a key");
    std::fs::remove_file(world.data().join("license.jws")).expect("removed");
    std::fs::remove_file(world.data().join("clock.sealed")).expect("removed");
    world.server().signer = SignatureKey::generate().expect("a key");
    world.set_up();
    assert_ne!(std::fs::read(world.data().join("keys/request.pkcs8")).expect("a key"), key);
}

#[test]
fn without_a_terminal_an_address_is_verified_in_two_steps() {
    let world = World::new(Layout::Leading);
    world.server().verified_email = true;
    let url = world.http.url("");
    let setup = ["setup", &url, "--name", "Ada", "--email", "ada@example.com", "--accept-terms"];
    assert!(world.good(&setup).err.contains("run `trybuy setup --verify`"));
    let refused = world.refused(Slug::EmailNotVerified, &["try", APP, "--name", "Ada"]);
    assert!(refused.err.contains("`trybuy setup --verify`"), "{}", refused.err);
    let sent = world.good(&["setup", "--verify"]);
    assert!(sent.err.contains("A code was sent to ada@example.com; it is valid until "));
    assert!(sent.err.contains("`trybuy setup --verify --code CODE`"), "{}", sent.err);
    world.refused(Slug::EmailNotVerified, &["setup", "--verify", "--code", "wrong"]);
    let verified = world.good(&["setup", "--verify", "--code", CODE]);
    assert!(verified.err.contains("ada@example.com is verified"), "{}", verified.err);
    world.good(&["try", APP, "--name", "Ada"]);
    // Once more, nothing is sent.
    let again = world.good(&["setup", "--verify"]);
    assert!(again.err.contains("is verified") && !again.err.contains("sent"), "{}", again.err);
}

#[test]
fn where_no_verified_address_is_asked_for_there_is_nothing_to_verify() {
    let world = World::new(Layout::Leading);
    world.refused(Slug::NotSetUp, &["setup", "--verify"]);
    world.set_up();
    let said = world.good(&["setup", "--verify"]);
    assert!(said.err.contains("nothing to do"), "{}", said.err);
    assert!(!world.server().log.iter().any(|line| line.ends_with("/email-codes")));
    for wrong in [
        &["setup", "--code", CODE][..],
        &["setup", "--verify", "--renew"],
        &["setup", "--verify", "--email", "eve@example.com"],
    ] {
        assert_eq!(world.run(wrong).code, 2, "{wrong:?}");
    }
}

#[test]
fn another_key_of_the_server_stops_everything() {
    let world = World::installed(Layout::Leading);
    world.server().signer = SignatureKey::generate().expect("a key");
    for arguments in [
        &["search"][..],
        &["show", "com.example.shell"],
        &["try", "com.example.shell"],
        &["setup", "--renew"],
    ] {
        world.refused(Slug::ServerKeyChanged, arguments);
    }
    // What is installed runs without the server.
    assert_eq!(world.run(&["run", "com.example.shell", "--", "-c", "exit 3"]).code, 3);
}

#[test]
fn a_wrong_clock_is_no_obstacle_to_a_signature() {
    let world = World::new(Layout::Leading);
    world.server().clock_ahead = -5_000;
    world.set_up();
    let registrations =
        world.server().log.iter().filter(|line| line.ends_with("/builders")).count();
    assert_eq!(registrations, 2, "refused once, then signed with the server's time");
}

#[test]
fn a_license_that_ends_soon_is_renewed_at_the_next_contact() {
    let world = World::new(Layout::Leading);
    world.server().license_length = 86_400;
    world.set_up();
    world.server().license_length = 300 * 86_400;
    let said = world.good(&["try", "com.example.shell", "--name", "Ada"]);
    assert!(said.err.contains("has been renewed until"), "{}", said.err);
    assert!(!world.good(&["try", "com.example.shell"]).err.contains("renewed"));
    world.good(&["setup", "--renew"]);
    assert_eq!(world.run(&["run", "com.example.shell", "--", "-c", "exit 3"]).code, 3);
}

#[test]
fn a_lost_license_is_told_from_a_builder_that_was_never_set_up() {
    let world = World::installed(Layout::Leading);
    std::fs::remove_file(world.data().join("license.jws")).expect("removed");
    let refused = world.refused(Slug::NoBuilderLicense, &["run", "com.example.shell"]);
    assert_eq!(refused.code, 125);
    world.set_up();
    assert_eq!(world.run(&["run", "com.example.shell", "--", "-c", "exit 3"]).code, 3);
}
