//! Licenses that are removed, revoked or damaged, and what the doctor says of them.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use serde_json::Value;
use trybuy_formats::api::LicenseOutcome;
use trybuy_formats::ids::{PackId, SeatLicenseId};
use trybuy_formats::instant::Span;
use trybuy_formats::licensing::seat_license::SeatLicense;
use trybuy_formats::slug::Slug;

use crate::gateway::{Gateway, ISSUER, PRODUCT};

const REQUEST: &str = "license-requests";

fn id(listed: &Value) -> String {
    listed["license_id"].as_str().expect("an id").to_owned()
}

/// What the doctor finds by a name.
fn findings(gateway: &Gateway, check: &str) -> Vec<Value> {
    let found: Vec<Value> =
        serde_json::from_str(&gateway.run(&["doctor", "--json"]).out).expect("JSON");
    found.into_iter().filter(|finding| finding["check"] == check).collect()
}

fn text(finding: &Value) -> String {
    format!("{} {}", finding["message"], finding["advice"])
}

#[test]
fn a_license_is_removed_without_its_key_and_issued_again() {
    let gateway = Gateway::start();
    let key = gateway.data().join("keys/seat.pkcs8");
    gateway.request();
    let before = fs::read(&key).expect("a key");
    for by_id in [true, false] {
        let listed = &gateway.listed()[0];
        let name = if by_id { id(listed) } else { PRODUCT.to_owned() };
        let removed = gateway.good(&["license", "remove", &name]);
        for words in ["Removed the license", &id(listed), PRODUCT, "costs nothing", &gateway.url()]
        {
            assert!(removed.err.contains(words), "{words}\n{}", removed.err);
        }
        assert!(gateway.listed().is_empty());
        gateway.refused(Slug::NotFound, &["license", "remove", &name]);
        assert_eq!(fs::read(&key).expect("a key"), before);
        gateway.script().outcome = LicenseOutcome::Reissued;
        assert!(gateway.request().err.contains("was issued again"));
    }
}

#[test]
fn of_several_licenses_the_one_that_is_named_is_removed() {
    let gateway = Gateway::start();
    gateway.request();
    {
        let mut script = gateway.script();
        script.version = "6.0.0";
        script.refused = Some(("upgrades", Slug::LicenseTooOld));
    }
    gateway.request();
    gateway.refused(Slug::Usage, &["license", "remove", PRODUCT]);
    let listed = gateway.listed();
    assert_eq!(listed.len(), 2);
    gateway.good(&["license", "remove", &id(&listed[0])]);
    let left = gateway.listed();
    assert_eq!((left.len(), id(&left[0])), (1, id(&listed[1])));
}

#[test]
fn a_damaged_license_is_removed_by_its_file() {
    let gateway = Gateway::start();
    gateway.request();
    let path = gateway.cached("5.0.0");
    fs::write(&path, b"damaged").expect("written");
    let file = gateway.listed()[0]["file"].as_str().expect("a file").to_owned();
    let found = &findings(&gateway, "seat-licenses")[0];
    assert!(text(found).contains(&format!("trybuy license remove {file}")), "{found}");
    let removed = gateway.good(&["license", "remove", &file]);
    assert!(removed.err.contains("Removed the damaged license"), "{}", removed.err);
    assert!(!path.exists());
    // Nothing else is removed by its file.
    gateway.request();
    gateway.refused(Slug::NotFound, &["license", "remove", &file]);
    let key = gateway.data().join("keys/seat.pkcs8").display().to_string();
    gateway.refused(Slug::NotFound, &["license", "remove", &key]);
}

#[test]
fn a_revoked_license_gives_way_to_another_one() {
    for command in [&["license", "request"][..], &["license", "renew", PRODUCT]] {
        let gateway = Gateway::start();
        gateway.request();
        let revoked = id(&gateway.listed()[0]);
        gateway.script().revoked = true;
        let said = match command {
            [_, "request"] => gateway.request(),
            renew => gateway.good(renew),
        };
        for words in [revoked.as_str(), "refuses your license", "You have a license"] {
            assert!(said.err.contains(words), "{words}\n{}", said.err);
        }
        let listed = gateway.listed();
        assert!(listed.len() == 1 && id(&listed[0]) != revoked, "{listed:?}");
        assert!(gateway.script().responses[1].held_license.is_none());
        assert_eq!(gateway.script().asked(REQUEST), 2, "{command:?}");
    }
}

#[test]
fn a_license_that_a_gateway_calls_revoked_stays_until_another_one_came() {
    let all = [
        (false, Some(("challenge-responses", Slug::LicenseRevoked))),
        (true, Some(("challenge-responses", Slug::LicenseRevoked))),
        (true, Some((REQUEST, Slug::LicenseServerUnreachable))),
    ];
    for (revoked, refused) in all {
        for command in [["license", "request"], ["license", "renew"]] {
            let gateway = Gateway::start();
            gateway.request();
            let before = id(&gateway.listed()[0]);
            {
                let mut script = gateway.script();
                (script.revoked, script.refused) = (revoked, refused);
            }
            let slug = refused.map(|(_, slug)| slug).expect("one");
            match command {
                ["license", "request"] if revoked => drop(gateway.request_refused(slug)),
                ["license", "request"] => drop(gateway.request()),
                renew => {
                    let said = gateway.refused(slug, &renew);
                    for words in [&before, "stays here until you remove it", "administrator"] {
                        assert!(said.err.contains(words), "{words}\n{}", said.err);
                    }
                }
            }
            assert_eq!(id(&gateway.listed()[0]), before, "{command:?}");
            // Where the gateway was mistaken, or none, the license is good as before.
            {
                let mut script = gateway.script();
                (script.revoked, script.refused) = (false, None);
            }
            assert!(gateway.request().err.contains("already"));
        }
    }
}

#[test]
fn another_host_takes_no_license_of_a_gateway_away() {
    let (gateway, hostile) = (Gateway::start(), Gateway::start());
    hostile.script().join(&gateway.script(), ISSUER);
    gateway.request();
    {
        let mut script = hostile.script();
        (script.revoked, script.refused) = (true, Some((REQUEST, Slug::LicenseRevoked)));
    }
    let visit = hostile.arguments(&["license", "request"]);
    let visit: Vec<&str> = visit.iter().map(String::as_str).collect();
    gateway.refused(Slug::LicenseRevoked, &visit);
    gateway.script().refused = Some((REQUEST, Slug::LicenseServerUnreachable));
    assert!(gateway.request().err.contains("already"));
}

#[test]
fn where_a_license_is_refused_another_one_of_the_cache_is_used() {
    let gateway = Gateway::start();
    gateway.request();
    gateway.script().refused = Some(("upgrades", Slug::LicenseTooOld));
    gateway.script().version = "6.0.0";
    gateway.request();
    let newer = id(&gateway.listed()[1]);
    gateway.script().version = "5.0.0";
    gateway.script().revoke_last();
    let said = gateway.request();
    for words in [newer.as_str(), "license-revoked", "for com.example.cad 5.0.0"] {
        assert!(said.err.contains(words), "{words}\n{}", said.err);
    }
    assert_eq!((gateway.listed().len(), gateway.script().asked(REQUEST)), (2, 2));
}

#[test]
fn each_license_is_renewed_for_its_own_version_and_features_and_told_of_once() {
    let gateway = Gateway::start();
    gateway.script().change = |license| {
        of_one_seat(license);
        license.version = "4.0.0".parse().expect("a version");
    };
    gateway.script().version = "4.0.0";
    gateway.request();
    {
        let mut script = gateway.script();
        script.change = |license| license.features = vec!["print".parse().expect("a label")];
        script.features = vec!["print".parse().expect("a label")];
        script.version = "4.1.0";
        script.refused = Some(("upgrades", Slug::LicenseTooOld));
    }
    gateway.request();
    {
        let mut script = gateway.script();
        (script.version, script.features, script.refused) = ("4.0.0", Vec::new(), None);
        script.responses.clear();
    }
    let wanted = |gateway: &Gateway| -> Vec<String> {
        let script = gateway.script();
        let asked = script.responses.iter();
        asked.map(|asked| format!("{} {}", asked.version, asked.features.len())).collect()
    };
    gateway.script().outcome = LicenseOutcome::Reissued;
    let issued: fn(&mut SeatLicense) = |license| {
        of_one_seat(license);
        license.version = "4.1.0".parse().expect("a version");
        license.features = vec!["print".parse().expect("a label")];
    };
    gateway.script().change = |_| {};
    // The license server has 4.0.0 alone, which is refused where 4.1.0 is asked for.
    gateway.run(&["license", "renew"]);
    let mut asked = wanted(&gateway);
    asked.sort();
    assert_eq!(asked, ["4.0.0 0", "4.1.0 1"]);
    // Where one license comes for both, it is told of once.
    gateway.script().change = issued;
    let said = gateway.good(&["license", "renew"]);
    assert_eq!(said.err.matches("was issued again").count(), 1, "{}", said.err);
}

#[test]
fn one_that_has_ended_is_renewed_for_what_the_service_needs() {
    let gateway = Gateway::start();
    {
        let mut script = gateway.script();
        (script.version, script.change) = ("5.0.0", of_one_seat);
    }
    gateway.request();
    gateway.let_end();
    {
        let mut script = gateway.script();
        (script.version, script.outcome) = ("4.0.0", LicenseOutcome::Reissued);
        script.change = of_one_seat;
    }
    gateway.good(&["license", "renew"]);
    let last = gateway.script().responses.last().map(|asked| asked.version.to_string());
    assert_eq!(last.as_deref(), Some("4.0.0"));
    let listed = gateway.listed();
    assert_eq!((listed.len(), listed[0]["version"].as_str()), (1, Some("4.0.0")), "{listed:?}");
}

/// A license that was upgraded keeps its seat.
fn of_one_seat(license: &mut SeatLicense) {
    let pack: PackId = "0199f3a2-7c1e-7d52-9a3b-2f6c1f0e8d11".parse().expect("an id");
    (license.pack_id, license.license_id) = (Some(pack), SeatLicenseId::of_pack(pack, 7, 0));
}

#[test]
fn what_a_license_was_before_an_upgrade_is_there_when_that_has_ended_also_without_the_license_server()
 {
    let gateway = Gateway::start();
    gateway.script().change = of_one_seat;
    gateway.request();
    {
        let mut script = gateway.script();
        (script.version, script.outcome) = ("6.0.0", LicenseOutcome::Upgraded);
        script.change = |license| {
            of_one_seat(license);
            license.ends_at = Some(license.issued_at.plus(Span::seconds(86_400)));
        };
    }
    gateway.request();
    let of = |version: &str| {
        let listed = gateway.listed();
        let found = listed.iter().find(|it| it["version"] == version);
        found.expect("it is in the cache")["state"].clone()
    };
    assert_eq!((of("5.0.0"), of("6.0.0")), ("valid".into(), "valid".into()));
    assert!(gateway.good(&["license", "show", PRODUCT]).out.contains("6.0.0"));
    gateway.let_end();
    {
        let mut script = gateway.script();
        script.version = "5.0.0";
        script.refused = Some((REQUEST, Slug::LicenseServerUnreachable));
    }
    let said = gateway.request();
    for words in ["The upgrade of your license", "to version 6.0.0 ended on"] {
        assert!(said.err.contains(words), "{words}\n{}", said.err);
    }
    assert!(gateway.request().err.contains("already"), "it is told once");
    assert!(gateway.good(&["license", "show", PRODUCT]).out.contains("5.0.0"));
    gateway.good(&["license", "remove", PRODUCT]);
    assert!(gateway.listed().is_empty());
}

#[test]
fn a_license_that_was_upgraded_elsewhere_is_not_called_revoked() {
    let gateway = Gateway::start();
    gateway.script().change = of_one_seat;
    gateway.request();
    {
        let mut script = gateway.script();
        script.revoked = true;
        script.change = |license| {
            of_one_seat(license);
            license.version = "6.0.0".parse().expect("a version");
        };
    }
    let said = gateway.request();
    assert!(
        said.err.contains("was upgraded before, so the newer one was asked for"),
        "{}",
        said.err
    );
    assert!(!said.err.contains("revoked"), "{}", said.err);
    assert_eq!(gateway.listed()[0]["version"], "6.0.0");
}

#[test]
fn of_a_license_that_was_superseded_the_newer_one_is_got_and_nobody_is_frightened() {
    for command in [&["license", "request"][..], &["license", "renew", PRODUCT]] {
        let gateway = Gateway::start();
        gateway.script().change = of_one_seat;
        gateway.request();
        {
            let mut script = gateway.script();
            script.refusal = Slug::LicenseSuperseded;
            script.outcome = LicenseOutcome::Reissued;
            script.revoke_last();
        }
        let said = match command {
            [_, "request"] => gateway.request(),
            renew => gateway.good(renew),
        };
        for words in ["A newer license took the place", "was issued again"] {
            assert!(said.err.contains(words), "{words}\n{}", said.err);
        }
        for words in ["revoked", "refuses", "administrator"] {
            assert!(!said.err.contains(words), "{words}\n{}", said.err);
        }
        assert!(gateway.request().err.contains("already"));
    }
}

#[test]
fn where_the_newer_license_does_not_come_yet_it_is_asked_for_later() {
    let gateway = Gateway::start();
    gateway.request();
    {
        let mut script = gateway.script();
        script.refusal = Slug::LicenseSuperseded;
        script.refused = Some((REQUEST, Slug::LicenseServerUnreachable));
        script.revoke_last();
    }
    let said = gateway.request_refused(Slug::LicenseServerUnreachable);
    for words in ["license-superseded", "try again later: the newer one"] {
        assert!(said.err.contains(words), "{words}\n{}", said.err);
    }
    assert!(!said.err.contains("revoked"), "{}", said.err);
}

#[test]
fn of_an_ended_temporary_license_that_is_removed_no_second_one_is_promised() {
    let gateway = Gateway::start();
    gateway.script().outcome = LicenseOutcome::Temporary;
    gateway.request();
    gateway.let_end();
    let removed = gateway.good(&["license", "remove", PRODUCT]);
    assert!(removed.err.contains("There is no second one"), "{}", removed.err);
    assert!(!removed.err.contains("the same one again"), "{}", removed.err);
}

#[test]
fn where_a_gateway_is_gone_a_renewal_says_how_to_ask_another_one() {
    let gateway = Gateway::start();
    gateway.request();
    gateway.stop();
    let said = gateway.refused(Slug::ServerUnreachable, &["license", "renew"]);
    assert!(said.err.contains("trybuy license request"), "{}", said.err);
}

#[test]
fn whether_a_license_is_good_is_asked_of_the_gateway_and_not_of_its_service() {
    let gateway = Gateway::start();
    gateway.request();
    assert!(gateway.request().err.contains("already"));
    let script = gateway.script();
    assert_eq!((script.asked("license"), script.served), (1, 0));
}

#[test]
fn in_place_of_a_revoked_license_a_temporary_one_is_good_enough() {
    let gateway = Gateway::start();
    gateway.request();
    {
        let mut script = gateway.script();
        (script.revoked, script.outcome) = (true, LicenseOutcome::Temporary);
    }
    let said = gateway.request();
    assert!(said.err.contains("you have a temporary one"), "{}", said.err);
    assert_eq!(gateway.listed()[0]["kind"], "temporary");
}

#[test]
fn a_revoked_license_without_another_is_told_of_and_asked_for_once() {
    for (what, slug) in
        [("challenge-responses", Slug::NoFreeLicense), (REQUEST, Slug::LicenseServerUnreachable)]
    {
        for connect in [false, true] {
            let gateway = Gateway::start();
            gateway.request();
            {
                let mut script = gateway.script();
                (script.revoked, script.refused) = (true, Some((what, slug)));
            }
            let said = if connect {
                gateway.refused(slug, &["connect", &gateway.url()])
            } else {
                gateway.request_refused(slug)
            };
            for words in ["as the gateway says, and there is no other", "administrator"] {
                assert!(said.err.contains(words), "{words}\n{}", said.err);
            }
            assert_eq!(gateway.listed().len(), 1);
            assert_eq!(gateway.script().asked(REQUEST), 2);
        }
    }
}

#[test]
fn a_gateway_that_says_nothing_of_a_license_leaves_it_alone() {
    let gateway = Gateway::start();
    gateway.request();
    // It refuses every license in TLS, for reasons of its own.
    gateway.script().admits_none = true;
    assert!(gateway.request().err.contains("already"));
    assert_eq!(gateway.script().asked(REQUEST), 1);
}

#[test]
fn the_doctor_finds_nothing_wrong_with_a_client_that_was_never_set_up() {
    let gateway = Gateway::start();
    assert!(findings(&gateway, "seat-key").is_empty());
    gateway.request();
    let said = gateway.good(&["doctor"]);
    assert!(!said.out.contains("PROBLEM"), "{}", said.out);
    for words in ["seat-key: this client's key", "1 license for a service can be used"] {
        assert!(said.out.contains(words), "{words}\n{}", said.out);
    }
    let key = gateway.data().join("keys/seat.pkcs8");
    fs::set_permissions(&key, fs::Permissions::from_mode(0o640)).expect("changed");
    let open = &findings(&gateway, "permissions")[0];
    assert!(open["status"] == "warning" && text(open).contains("seat.pkcs8"), "{open}");
}

#[test]
fn the_doctor_names_each_license_that_cannot_be_used_and_what_to_do() {
    let gateway = Gateway::start();
    gateway.request();
    let first = id(&gateway.listed()[0]);
    let (key, kept) = (gateway.data().join("keys/seat.pkcs8"), gateway.path("kept"));
    fs::rename(&key, &kept).expect("moved");
    let lost = &findings(&gateway, "seat-key")[0];
    assert!(lost["status"] == "problem" && text(lost).contains("is missing"), "{lost}");
    assert!(findings(&gateway, "seat-licenses").is_empty(), "the key is what is wrong");
    {
        let mut script = gateway.script();
        script.version = "5.2.0";
    }
    gateway.request();
    let found = findings(&gateway, "seat-licenses");
    assert_eq!(found.len(), 1, "{found:?}");
    for words in [first.as_str(), "is for another client", "trybuy license remove"] {
        assert!(text(&found[0]).contains(words), "{words}\n{}", found[0]);
    }
    fs::write(&key, b"damaged").expect("written");
    assert_eq!(findings(&gateway, "seat-key")[0]["status"], "problem");
    assert!(findings(&gateway, "keys").is_empty(), "what licenses need is not usable");
}

#[test]
fn the_doctor_names_a_license_that_has_ended() {
    let gateway = Gateway::start();
    gateway.request();
    gateway.let_end();
    let ended = findings(&gateway, "seat-licenses");
    assert_eq!(ended[0]["status"], "warning", "{}", ended[0]);
    for words in ["ended on", "trybuy license renew", "trybuy license remove"] {
        assert!(text(&ended[0]).contains(words), "{words}\n{}", ended[0]);
    }
}
