//! `trybuy license`: what is asked of a gateway, what is believed of its answers, and what is kept.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

use trybuy_formats::api::LicenseOutcome;
use trybuy_formats::ids::{Label, PlatformType};
use trybuy_formats::instant::Span;
use trybuy_formats::licensing::seat_license::SeatLicense;
use trybuy_formats::slug::Slug;

use crate::gateway::{Gateway, ISSUER, PRODUCT, Script};
use crate::world::said;

const DAY: Span = Span::seconds(86_400);
const UPGRADE: &str = "upgrades";
const REQUEST: &str = "license-requests";

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).expect("it exists").permissions().mode() & 0o777
}

fn features(names: &[&str]) -> Vec<Label> {
    names.iter().map(|name| name.parse().expect("a label")).collect()
}

#[test]
fn a_license_is_granted_without_a_setup_and_kept() {
    let gateway = Gateway::start();
    let granted = gateway.request();
    assert!(granted.err.contains("under this certifying authority"), "{}", granted.err);
    assert!(
        granted.err.contains("You have a license for com.example.cad 5.0.0"),
        "{}",
        granted.err
    );
    assert_eq!(mode(&gateway.cached("5.0.0")), 0o600);
    assert_eq!(mode(&gateway.data().join("keys/seat.pkcs8")), 0o600);
    assert!(!gateway.data().join("server.json").exists());
    let again = gateway.request();
    assert!(again.err.contains("already") && !again.err.contains("authority"), "{}", again.err);
    assert_eq!(gateway.script().asked(REQUEST), 1);
    // Everything else of the Builder is still to be set up.
    gateway.refused(Slug::NotSetUp, &["search"]);
}

#[test]
fn an_authority_may_be_younger_than_its_licenses_are_backdated() {
    let gateway = Gateway::start();
    gateway.script().begin_anew();
    gateway.request();
    assert_eq!(gateway.listed()[0]["state"], "valid");
}

#[test]
fn what_is_kept_is_shown_with_every_field() {
    let gateway = Gateway::start();
    assert!(gateway.good(&["license", "list"]).err.contains("There are no licenses"));
    gateway.script().change = |license| {
        license.features = vec!["export".parse().expect("a label")];
        license.ends_at = Some(license.issued_at.plus(Span::seconds(9 * 86_400 + 60)));
    };
    gateway.request();
    let listed = &gateway.listed()[0];
    for (field, value) in [
        ("product_id", PRODUCT),
        ("version", "5.0.0"),
        ("license_server", ISSUER),
        ("kind", "permanent"),
        ("platform_type", "non-windows"),
        ("state", "valid"),
        ("gateway", &format!("{}/", gateway.url())),
    ] {
        assert_eq!(listed[field], value, "{field}");
    }
    assert_eq!((&listed["days_left"], &listed["features"][0]), (&10.into(), &"export".into()));
    let id = listed["license_id"].as_str().expect("an id").to_owned();
    let table = gateway.good(&["license", "list"]).out;
    assert!(table.contains(&id) && table.contains("10 days left"), "{table}");
    assert!(table.contains("FEATURES") && table.contains("export"), "{table}");
    let shown = gateway.good(&["license", "show", PRODUCT]).out;
    for words in [id.as_str(), "valid, 10 days left", "export", ISSUER, "non-windows", "Signature:"]
    {
        assert!(shown.contains(words), "{words}\n{shown}");
    }
    let json = gateway.good(&["license", "show", &id, "--json"]).out;
    let json: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!(json["license_id"], *id);
    assert!(json["license_server_certificate"]["serial"].is_string(), "{json}");
    let missing = gateway.refused(Slug::NotFound, &["license", "show", "com.example.other"]);
    assert!(missing.err.contains("trybuy license list"), "{}", missing.err);
}

#[test]
fn a_license_for_the_features_of_each_service_is_asked_for_and_kept() {
    let gateway = Gateway::start();
    gateway.request();
    for (wanted, asked) in [(&["print", "export"][..], 2), (&[], 2), (&["export"], 2)] {
        {
            let mut script = gateway.script();
            script.features = features(wanted);
            script.change = |license| license.features = features(&["export", "print"]);
        }
        gateway.request();
        assert_eq!(gateway.script().asked(REQUEST), asked, "{wanted:?}");
    }
    {
        let responses = &gateway.script().responses;
        assert_eq!(responses[1].features, features(&["export", "print"]));
        assert!(responses[1].held_license.is_some(), "the other one is shown");
    }
    let mut states = Vec::new();
    for license in gateway.listed() {
        states.push((license["features"].as_array().map(Vec::len), license["state"].clone()));
    }
    assert_eq!(states, [(Some(0), "valid".into()), (Some(2), "valid".into())]);
}

#[test]
fn nothing_is_believed_of_a_license_that_does_not_fit() {
    type Fault = fn(&mut Script);
    let faults: [(Fault, Slug); 11] = [
        (|script| script.features = features(&["print"]), Slug::LicenseForeign),
        (|script| script.forged = true, Slug::LicenseInvalid),
        (|script| script.damaged = true, Slug::LicenseInvalid),
        (|script| script.for_another = true, Slug::LicenseForeign),
        (
            |script| {
                script.change = |it| it.product_id = "com.example.other".parse().expect("an id")
            },
            Slug::LicenseForeign,
        ),
        (
            |script| script.change = |it| it.platform_type = PlatformType::Windows,
            Slug::LicenseForeign,
        ),
        (|script| script.named = Some("licenses-2"), Slug::LicenseForeign),
        (
            |script| script.change = |it| it.version = "4.9.0".parse().expect("a version"),
            Slug::LicenseTooOld,
        ),
        (|script| script.change = ended, Slug::LicenseExpired),
        (
            |script| script.change = |it| it.issued_at = it.issued_at.plus(DAY),
            Slug::LicenseNotActive,
        ),
        (
            |script| {
                script.outcome = LicenseOutcome::TemporaryAgain;
                script.change = ended;
            },
            Slug::NoFreeLicense,
        ),
    ];
    let gateway = Gateway::start();
    for (number, (fault, slug)) in faults.into_iter().enumerate() {
        {
            let mut script = gateway.script();
            (script.forged, script.damaged, script.for_another) = (false, false, false);
            script.change = |_| {};
            script.features = Vec::new();
            script.outcome = LicenseOutcome::Granted;
            script.named = None;
            fault(&mut script);
        }
        gateway.request_refused(slug);
        assert_eq!(gateway.good(&["license", "list", "--json"]).out, "[]\n", "{number}");
    }
}

/// A license that ended some days ago.
fn ended(license: &mut SeatLicense) {
    license.issued_at = license.issued_at.minus(Span::seconds(70 * DAY.as_seconds()));
    license.ends_at = Some(license.issued_at.plus(Span::seconds(60 * DAY.as_seconds())));
}

#[test]
fn refusals_are_shown_with_their_reason() {
    let gateway = Gateway::start();
    for (what, slug) in [
        (REQUEST, Slug::ClientImageUnknown),
        (REQUEST, Slug::LicenseServerUnreachable),
        (REQUEST, Slug::RateLimited),
        ("challenge-responses", Slug::ChallengeFailed),
        ("challenge-responses", Slug::NoFreeLicense),
        ("challenge-responses", Slug::LicenseServerRestored),
        ("gateway", Slug::ServiceUnreachable),
    ] {
        gateway.script().refused = Some((what, slug));
        gateway.request_refused(slug);
    }
    assert!(!gateway.data().join("licenses").exists());
}

#[test]
fn a_changed_authority_is_refused_until_it_is_named() {
    let gateway = Gateway::start();
    gateway.request();
    let other = gateway.script().other_authority();
    let file = gateway.path("authority.pem");
    std::fs::write(&file, &other).expect("written");
    // The pinned one is shown, and another one is trusted.
    let mut arguments = gateway.arguments(&["license", "request"]);
    arguments.extend(["--authority".to_owned(), file.display().to_string()]);
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    gateway.refused(Slug::ServerKeyChanged, &arguments);
    gateway.script().shown = Some(other);
    let refused = gateway.request_refused(Slug::ServerKeyChanged);
    assert!(refused.err.contains("--authority"), "{}", refused.err);
    gateway.script().forged = true;
    gateway.good(&arguments);
    gateway.request();
}

#[test]
fn a_gateway_is_trusted_by_the_certificates_that_were_named() {
    let gateway = Gateway::start();
    let untrusted =
        gateway.refused(Slug::ServerUnreachable, &["license", "request", &gateway.url()]);
    assert!(untrusted.err.contains("--ca FILE"), "{}", untrusted.err);
    gateway.request();
    // They are remembered.
    gateway.good(&["license", "request", &gateway.url()]);
    let key = gateway.data().join("keys/seat.pkcs8").display().to_string();
    for file in ["/nonexistent", "Cargo.toml", &key] {
        gateway.refused(Slug::Usage, &["license", "request", &gateway.url(), "--ca", file]);
    }
    let plain = gateway.refused(Slug::Usage, &["license", "request", "http://127.0.0.1:80"]);
    assert!(plain.err.contains("https://"), "{}", plain.err);
}

#[test]
fn a_temporary_license_is_replaced_by_a_permanent_one_alone() {
    let gateway = Gateway::start();
    gateway.script().outcome = LicenseOutcome::Temporary;
    let temporary = gateway.request();
    assert!(temporary.err.contains("you have a temporary one"), "{}", temporary.err);
    let before = std::fs::read(gateway.cached("5.0.0")).expect("stored");
    gateway.script().outcome = LicenseOutcome::TemporaryAgain;
    let again = gateway.request();
    assert!(again.err.contains("There is no better license"), "{}", again.err);
    assert_eq!(std::fs::read(gateway.cached("5.0.0")).expect("stored"), before);
    // Each request presents it.
    assert_eq!(gateway.script().asked(REQUEST), 2);
    assert!(gateway.script().responses[1].held_license.is_some());
    {
        let mut script = gateway.script();
        script.outcome = LicenseOutcome::Granted;
        script.change = |license| license.version = "5.1.0".parse().expect("a version");
    }
    gateway.request();
    assert!(gateway.cached("5.1.0").exists() && !gateway.cached("5.0.0").exists());
    assert_eq!(gateway.listed()[0]["kind"], "permanent");
    // And is not replaced by a temporary one.
    gateway.script().outcome = LicenseOutcome::Temporary;
    let kept = gateway.good(&["license", "renew", PRODUCT]);
    assert!(kept.err.contains("offered a temporary one instead"), "{}", kept.err);
    assert_eq!(gateway.listed()[0]["kind"], "permanent");
}

#[test]
fn a_license_of_an_older_version_is_upgraded_without_a_challenge() {
    let gateway = Gateway::start();
    gateway.request();
    {
        let mut script = gateway.script();
        (script.version, script.outcome) = ("6.0.0", LicenseOutcome::Upgraded);
    }
    let upgraded = gateway.good(&["license", "renew", "--all"]);
    assert!(
        upgraded.err.contains("was replaced by one for com.example.cad 6.0.0"),
        "{}",
        upgraded.err
    );
    assert!(gateway.cached("6.0.0").exists() && !gateway.cached("5.0.0").exists());
    let script = gateway.script();
    assert_eq!((script.asked(REQUEST), script.upgrades.len()), (1, 1));
}

#[test]
fn a_license_that_lasts_longer_is_kept_beside_a_newer_one() {
    for outcome in [LicenseOutcome::Granted, LicenseOutcome::Temporary] {
        let gateway = Gateway::start();
        gateway.script().outcome = outcome;
        gateway.request();
        {
            let mut script = gateway.script();
            (script.version, script.outcome) = ("6.0.0", LicenseOutcome::Upgraded);
            script.change = |license| license.ends_at = Some(license.issued_at.plus(DAY));
        }
        gateway.request();
        assert!(gateway.cached("6.0.0").exists() && gateway.cached("5.0.0").exists());
    }
}

#[test]
fn without_an_upgrade_another_license_is_asked_for() {
    let gateway = Gateway::start();
    gateway.request();
    {
        let mut script = gateway.script();
        (script.version, script.outcome) = ("6.0.0", LicenseOutcome::Temporary);
        script.refused = Some((UPGRADE, Slug::LicenseTooOld));
    }
    gateway.request();
    assert!(gateway.script().responses[1].held_license.is_some());
    // The older one goes on working for what it is for.
    assert!(gateway.cached("6.0.0").exists() && gateway.cached("5.0.0").exists());
    {
        let mut script = gateway.script();
        (script.refused, script.outcome) = (None, LicenseOutcome::Upgraded);
    }
    // The license server finds an upgrade for it meanwhile.
    gateway.request();
    assert!(gateway.cached("6.0.0").exists() && !gateway.cached("5.0.0").exists());
    assert_eq!(gateway.listed()[0]["kind"], "permanent");
    {
        let mut script = gateway.script();
        script.version = "7.0.0";
        script.refused = Some((UPGRADE, Slug::LicenseServerUnreachable));
    }
    gateway.request_refused(Slug::LicenseServerUnreachable);
}

#[test]
fn a_renewal_gets_the_license_again() {
    let gateway = Gateway::start();
    gateway.request();
    gateway.script().outcome = LicenseOutcome::Reissued;
    let renewed = gateway.good(&["license", "renew", "--all"]);
    assert!(renewed.err.contains("was issued again"), "{}", renewed.err);
    gateway.good(&["license", "renew"]);
    assert_eq!((gateway.script().asked(REQUEST), gateway.listed().len()), (3, 1));
    gateway.refused(Slug::Usage, &["license", "renew", "--all", PRODUCT]);
    gateway.refused(Slug::NotFound, &["license", "renew", "com.example.other"]);
    gateway.stop();
    gateway.refused(Slug::ServerUnreachable, &["license", "renew", "--all"]);
    assert_eq!(gateway.listed()[0]["state"], "valid");
}

#[test]
fn a_damaged_entry_is_that_entry_alone_and_is_asked_for_again() {
    let gateway = Gateway::start();
    gateway.request();
    let path = gateway.cached("5.0.0");
    let whole = std::fs::read(&path).expect("stored");
    let elsewhere = gateway.cached("4.0.0");
    let mut flipped = whole.clone();
    flipped[whole.len() / 2] ^= 1;
    for damage in [Vec::new(), b"{}".to_vec(), whole[..whole.len() / 2].to_vec(), flipped] {
        std::fs::write(&path, &damage).expect("written");
        let listed = gateway.listed();
        assert_eq!(
            (&listed[0]["state"], &listed[0]["reason"]),
            (&"refused".into(), &"license-invalid".into())
        );
        assert!(gateway.good(&["license", "list"]).out.contains("not known"));
        gateway.request();
        assert_eq!(gateway.listed()[0]["state"], "valid");
    }
    // One in the place of another is none.
    std::fs::rename(&path, &elsewhere).expect("moved");
    assert_eq!(gateway.listed()[0]["reason"], "license-invalid");
    gateway.request();
    let listed = gateway.listed();
    assert_eq!((&listed[0]["state"], &listed[1]["state"]), (&"refused".into(), &"valid".into()));
}

#[test]
fn a_license_that_was_not_stored_is_asked_for_again() {
    let gateway = Gateway::start();
    let (told, release) = gateway.pause();
    let mut killed = gateway.spawn_request();
    told.recv().expect("granted");
    killed.kill().expect("killed");
    killed.wait().expect("ended");
    drop(release);
    assert!(gateway.listed().is_empty());
    gateway.script().outcome = LicenseOutcome::Reissued;
    gateway.request();
    assert_eq!(gateway.listed()[0]["state"], "valid");
}

#[test]
fn two_who_ask_at_once_ask_once() {
    let gateway = Gateway::start();
    let (told, release) = gateway.pause();
    let first = gateway.spawn_request();
    told.recv().expect("the first one asks");
    let second = gateway.spawn_request();
    release.send(()).expect("the gateway waits");
    for child in [first, second] {
        let said = said(&child.wait_with_output().expect("ended"));
        assert_eq!(said.code, 0, "{}", said.err);
    }
    assert_eq!((gateway.script().asked(REQUEST), gateway.listed().len()), (1, 1));
}

#[test]
fn without_room_nothing_is_lost() {
    let gateway = Gateway::start();
    let arguments = gateway.arguments(&["license", "request"]);
    let mut limited = Command::new("sh");
    limited.args(["-c", "ulimit -f 0; exec \"$0\" \"$@\"", env!("CARGO_BIN_EXE_trybuy")]);
    limited.args(&arguments).env("TRYBUY_DATA_DIR", gateway.data());
    let said = said(&limited.output().expect("started"));
    assert!(
        said.err.contains("error[local-file]") && said.err.contains("ulimit -f"),
        "{}",
        said.err
    );
    gateway.request();
}

#[test]
fn a_license_is_exported_for_other_programs_and_over_nothing() {
    let gateway = Gateway::start();
    gateway.request();
    let out = gateway.path("exported");
    let out_text = out.display().to_string();
    let export = ["license", "export", PRODUCT, "--out", &out_text];
    let said = gateway.good(&export);
    assert!(said.err.contains("curl --cert"), "{}", said.err);
    assert_eq!((mode(&out), mode(&out.join("key.pem"))), (0o700, 0o600));
    let openssl = |arguments: &str| {
        let mut command = Command::new("openssl");
        let output = command.args(arguments.split(' ')).current_dir(&out).output();
        String::from_utf8(output.expect("openssl is installed").stdout).expect("text")
    };
    let public = openssl("pkey -in key.pem -pubout");
    assert!(public.starts_with("-----BEGIN PUBLIC KEY-----"), "{public}");
    assert_eq!(openssl("x509 -in certificate.pem -noout -pubkey"), public);
    let before = std::fs::read(out.join("key.pem")).expect("exported");
    let again = gateway.refused(Slug::LocalFile, &export);
    assert!(again.err.contains("nothing is written over"), "{}", again.err);
    std::fs::remove_file(out.join("certificate.pem")).expect("removed");
    gateway.refused(Slug::LocalFile, &export);
    assert_eq!(std::fs::read(out.join("key.pem")).expect("exported"), before);
    // As the help says.
    assert!(again.err.contains("remove certificate.pem and key.pem"), "{}", again.err);
    std::fs::remove_file(out.join("key.pem")).expect("removed");
    gateway.good(&export);
}

#[test]
fn another_key_is_another_client() {
    let gateway = Gateway::start();
    gateway.request();
    let key = gateway.data().join("keys/seat.pkcs8");
    std::fs::write(&key, b"damaged").expect("written");
    let damaged = gateway.request_refused(Slug::NoBuilderKey);
    assert!(damaged.err.contains("seat.pkcs8"), "{}", damaged.err);
    assert_eq!(gateway.listed()[0]["reason"], "no-builder-key");
    std::fs::remove_file(&key).expect("removed");
    gateway.script().change = |license| license.version = "5.2.0".parse().expect("a version");
    gateway.request();
    let listed = gateway.listed();
    assert_eq!(
        (&listed[0]["reason"], &listed[1]["state"]),
        (&"license-foreign".into(), &"valid".into())
    );
    assert!(gateway.script().responses[1].held_license.is_none());
}
