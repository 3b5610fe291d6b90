//! Gateways that pass on an old answer, or one of their own making, in place of the license server's.

use trybuy_formats::api::LicenseOutcome;
use trybuy_formats::ids::{PackId, SeatLicenseId};
use trybuy_formats::instant::Span;
use trybuy_formats::licensing::seat_license::SeatLicense;
use trybuy_formats::slug::Slug;

use crate::gateway::{Gateway, PRODUCT};

/// Gets an old license, then the one that is to stay.
type Prepare = fn(&Gateway);

fn yesterday(license: &mut SeatLicense) {
    license.issued_at = license.issued_at.minus(Span::seconds(86_400));
}

/// A license that was upgraded, or signed anew, keeps its seat.
fn of_one_seat(license: &mut SeatLicense) {
    let pack: PackId = "0199f3a2-7c1e-7d52-9a3b-2f6c1f0e8d11".parse().expect("an id");
    (license.pack_id, license.license_id) = (Some(pack), SeatLicenseId::of_pack(pack, 7, 0));
}

fn signed_anew(gateway: &Gateway) {
    gateway.script().change = |license| {
        of_one_seat(license);
        yesterday(license);
    };
    gateway.request();
    gateway.script().change = of_one_seat;
    gateway.good(&["license", "renew"]);
}

fn on_another_seat(gateway: &Gateway) {
    gateway.script().change = yesterday;
    gateway.request();
    gateway.script().change = |_| {};
    gateway.good(&["license", "renew"]);
}

fn upgraded(gateway: &Gateway) {
    gateway.script().change = |license| {
        of_one_seat(license);
        yesterday(license);
    };
    gateway.request();
    {
        let mut script = gateway.script();
        (script.version, script.outcome) = ("6.0.0", LicenseOutcome::Upgraded);
        script.change = of_one_seat;
    }
    gateway.good(&["license", "renew"]);
    gateway.script().version = "5.0.0";
}

/// The permanent one was revoked, and its client asked again.
fn temporary(gateway: &Gateway) {
    temporary_after(gateway, yesterday);
}

fn temporary_after(gateway: &Gateway, permanent: fn(&mut SeatLicense)) {
    gateway.script().change = permanent;
    gateway.request();
    gateway.good(&["license", "remove", PRODUCT]);
    gateway.script().change = |_| {};
    gateway.script().outcome = LicenseOutcome::Temporary;
    gateway.request();
}

#[test]
fn an_old_answer_takes_no_later_license_away_even_if_that_is_called_revoked() {
    const STAYS: &str = "stays: the one that came was issued before it";
    let prepared: [(Prepare, &str); 4] = [
        (signed_anew, STAYS),
        (on_another_seat, STAYS),
        (temporary, STAYS),
        (upgraded, "the license that came is for an older version"),
    ];
    for (prepare, kept) in prepared {
        let gateway = Gateway::start();
        prepare(&gateway);
        let before = gateway.listed();
        assert_eq!(before.len(), 1);
        gateway.script().replayed = Some(0);
        let said = gateway.run(&["license", "renew"]);
        assert!(said.err.contains(kept), "{}", said.err);
        gateway.script().revoked = true;
        let said = gateway.request_refused(Slug::LicenseInvalid);
        for words in ["issued before", "stays here until you remove it"] {
            assert!(said.err.contains(words), "{words}\n{}", said.err);
        }
        assert_eq!(gateway.listed(), before);
    }
}

#[test]
fn an_old_license_with_more_features_is_kept_beside_a_later_one() {
    let gateway = Gateway::start();
    temporary_after(&gateway, |license| {
        yesterday(license);
        license.features = vec!["print".parse().expect("a label")];
    });
    gateway.script().replayed = Some(0);
    gateway.request();
    assert_eq!(gateway.listed().len(), 2);
}

#[test]
fn a_license_that_cannot_be_used_or_is_dated_ahead_gives_way_to_an_earlier_one() {
    let ahead: fn(&mut SeatLicense) =
        |license| license.issued_at = license.issued_at.plus(Span::seconds(1800));
    for (change, ends) in [(ahead, false), (|_| {}, true)] {
        let gateway = Gateway::start();
        gateway.script().change = yesterday;
        gateway.request();
        let first = gateway.listed();
        gateway.script().change = change;
        gateway.good(&["license", "renew"]);
        if ends {
            gateway.let_end();
        }
        gateway.script().replayed = Some(0);
        gateway.good(&["license", "renew"]);
        assert_eq!(gateway.listed(), first);
    }
}

#[test]
fn a_host_with_an_authority_of_its_own_takes_no_license_away() {
    let (gateway, hostile) = (Gateway::start(), Gateway::start());
    gateway.script().change = of_one_seat;
    gateway.request();
    let before = gateway.listed();
    let visit = hostile.arguments(&["license", "request"]);
    let visit: Vec<&str> = visit.iter().map(String::as_str).collect();
    let changes: [fn(&mut SeatLicense); 2] = [
        |_| {},
        |license| {
            of_one_seat(license);
            license.version = "9.0.0".parse().expect("a version");
        },
    ];
    for change in changes {
        hostile.script().change = change;
        let said = gateway.refused(Slug::LicenseInvalid, &visit);
        assert!(said.err.contains("another certifying authority"), "{}", said.err);
        assert_eq!(gateway.listed(), before);
    }
    assert!(gateway.request().err.contains("already"));
}

#[test]
fn of_two_authorities_none_is_accused_and_the_named_command_makes_room_for_the_right_one() {
    let (gateway, hostile) = (Gateway::start(), Gateway::start());
    let visit = hostile.arguments(&["license", "request"]);
    gateway.good(&visit.iter().map(String::as_str).collect::<Vec<_>>());
    assert_eq!(gateway.listed()[0]["gateway"], format!("{}/", hostile.url()));
    let said = gateway.request_refused(Slug::LicenseInvalid).err;
    for words in ["forged", "do not go on"] {
        assert!(!said.contains(words), "{words}\n{said}");
    }
    // As it was shown at the first contact.
    let is_fingerprint = |line: &&str| line.matches(':').count() == 31;
    let fingerprint = said.lines().find(is_fingerprint).expect("a fingerprint");
    let shown = format!("{fingerprint} at {}", gateway.url());
    assert!(said.contains(&shown), "{shown}\n{said}");
    let (_, command) = said.split_once("`trybuy ").expect("a command");
    let (command, _) = command.split_once('`').expect("its end");
    gateway.good(&command.split(' ').collect::<Vec<_>>());
    assert!(gateway.request().err.contains("You have a license"));
    let from: Vec<_> = gateway.listed().iter().map(|it| it["gateway"].clone()).collect();
    assert_eq!(from, [format!("{}/", gateway.url())]);
}
