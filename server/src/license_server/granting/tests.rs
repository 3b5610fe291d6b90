use trybuy_formats::certificates::Serial;
use trybuy_formats::ids::{ClientId, Label, PackId, PlatformType, SeatLicenseId};
use trybuy_formats::instant::Span;
use trybuy_formats::licensing::product::{LicenseType, Product};

use super::*;
use crate::store::{OfferingPack, TemporaryLicense, UpgradedSeat};

const NOW: u64 = 1_000;

fn at(seconds: u64) -> Instant {
    Instant::from_unix(1_800_000_000).expect("in range").plus(Span::seconds(seconds))
}

fn wanted(version: &str) -> WantedLicense {
    WantedLicense {
        client_id: ClientId::from_bytes([7; 32]),
        client_key: Vec::new(),
        product_id: "com.example.desk".parse().expect("a product"),
        version: version.parse().expect("a version"),
        features: Vec::new(),
        platform_type: PlatformType::NonWindows,
        now: at(NOW),
    }
}

/// A license of a version that ends; a second never means never.
fn license(version: &str, ends_at: Option<u64>) -> Assignment {
    let wanted = wanted(version);
    let pack_id = PackId::new();
    Assignment {
        license_id: SeatLicenseId::of_pack(pack_id, 1, 0),
        pack_id,
        client_id: wanted.client_id,
        issued_at: at(0),
        ends_at: ends_at.map(at),
        product_id: wanted.product_id,
        version: wanted.version,
        features: Vec::new(),
        platform_type: wanted.platform_type,
        upgraded_by: None,
        certificate_serial: Serial::random(),
        certificate: Vec::new(),
        granted_twice: false,
        revoked_at: None,
    }
}

fn labels(names: &[&str]) -> Vec<Label> {
    names.iter().map(|name| name.parse().expect("a label")).collect()
}

fn enabling(features: &[&str], license: Assignment) -> Assignment {
    Assignment { features: labels(features), ..license }
}

fn pack() -> OfferingPack {
    let wanted = wanted("1.0.0");
    let product = Product {
        product_id: wanted.product_id,
        version: wanted.version,
        license_type: LicenseType::Full,
        platform_type: wanted.platform_type,
        features: Vec::new(),
    };
    OfferingPack { pack_id: PackId::new(), ends_at: None, product }
}

fn temporary() -> TemporaryLicense {
    let wanted = wanted("1.0.0");
    TemporaryLicense {
        license_id: SeatLicenseId::temporary(),
        client_id: wanted.client_id,
        issued_at: at(0),
        ends_at: at(1),
        product_id: wanted.product_id,
        version: wanted.version,
        features: Vec::new(),
        platform_type: wanted.platform_type,
        certificate_serial: Serial::random(),
        certificate: Vec::new(),
    }
}

#[test]
fn a_license_that_covers_the_version_and_has_not_ended_is_issued_again() {
    let windows = Assignment { platform_type: PlatformType::Windows, ..license("2.0.0", None) };
    for (version, held, expected) in [
        ("1.0.0", vec![], None),
        ("1.0.0", vec![license("1.0.0", None)], Some(0)),
        ("1.0.0", vec![license("1.0.0", Some(NOW))], None),
        ("1.0.0", vec![license("1.0.0", Some(NOW + 1))], Some(0)),
        ("1.0.1", vec![license("1.0.0", None)], None),
        // A newer license is accepted for an older version.
        ("1.0.0", vec![license("2.0.0", None)], Some(0)),
        ("1.0.0", vec![license("1.0.0-rc.1", None)], None),
        ("1.0.0+b", vec![license("1.0.0+a", None)], Some(0)),
        ("1.0.0", vec![windows], None),
        ("1.0.0", vec![license("1.0.0", None), license("2.0.0", Some(NOW + 1))], Some(1)),
        ("1.0.0", vec![license("1.0.0", Some(NOW + 1)), license("1.0.0", Some(NOW + 2))], Some(1)),
        ("1.0.0", vec![license("1.0.0", None), license("1.0.0", Some(NOW + 2))], Some(0)),
        ("1.0.0", vec![license("2.0.0", Some(NOW)), license("1.0.0", Some(NOW + 2))], Some(1)),
    ] {
        let expected = expected.map(|at: usize| &held[at]);
        assert_eq!(existing(&wanted(version), &held), expected, "{version} {held:?}");
    }
}

#[test]
fn the_newest_license_is_upgraded_first_whether_it_has_ended_or_not() {
    let windows = Assignment { platform_type: PlatformType::Windows, ..license("3.0.0", None) };
    let two = || vec![license("1.0.0", None), license("2.0.0", Some(1)), windows.clone()];
    for (held, presented, expected) in [
        (vec![], None, &[][..]),
        (vec![license("1.0.0", None)], None, &[0]),
        (vec![license("1.0.0", Some(1))], None, &[0]),
        (two(), None, &[1, 0]),
        // But for one that the client presents to be upgraded.
        (two(), Some(0), &[0, 1]),
        (two(), Some(1), &[1, 0]),
        (two(), Some(2), &[1, 0]),
    ] {
        let presented = presented.map(|at: usize| held[at].license_id);
        let licenses = upgradable(&wanted("4.0.0"), &held, presented).into_iter();
        let upgradable: Vec<_> = licenses.map(|it| it.license).collect();
        let expected: Vec<_> = expected.iter().map(|at: &usize| &held[*at]).collect();
        assert_eq!(upgradable, expected, "{held:?}");
    }
}

#[test]
fn a_license_without_a_wanted_feature_is_not_issued_again() {
    let held = [
        enabling(&["print"], license("3.0.0", None)),
        enabling(&["export", "print"], license("1.0.0", None)),
    ];
    for (features, expected) in [
        (&[][..], Some(0)),
        (&["print"], Some(0)),
        (&["export"], Some(1)),
        (&["export", "print"], Some(1)),
        (&["export", "scan"], None),
    ] {
        let wanted = WantedLicense { features: labels(features), ..wanted("1.0.0") };
        assert_eq!(existing(&wanted, &held), expected.map(|at: usize| &held[at]), "{features:?}");
    }
}

#[test]
fn an_upgrade_takes_nothing_away_from_a_license_that_is_good() {
    let (newer, ended) = (license("3.0.0", None), license("3.0.0", Some(1)));
    let exports = enabling(&["export"], license("1.0.0", None));
    for (held, version, features, upgraded, expected) in [
        (vec![newer.clone()], "2.0.0", &["print"][..], 0, ("3.0.0", &["print"][..])),
        (vec![newer.clone()], "4.0.0", &[], 0, ("4.0.0", &[])),
        (vec![exports.clone()], "2.0.0", &["print"], 0, ("2.0.0", &["export", "print"])),
        (vec![enabling(&["export"], ended)], "2.0.0", &["print"], 0, ("2.0.0", &["print"])),
        // Where the version alone is amiss, the license with the features becomes the newer one.
        (vec![newer, exports], "4.0.0", &["export"], 1, ("4.0.0", &["export"])),
    ] {
        let wanted = WantedLicense { features: labels(features), ..wanted(version) };
        let first = upgradable(&wanted, &held, None).swap_remove(0);
        assert_eq!(first.license, &held[upgraded]);
        assert_eq!(
            (first.wanted.version.to_string().as_str(), first.wanted.features),
            (expected.0, labels(expected.1))
        );
    }
}

#[test]
fn what_is_allocated_has_an_order() {
    let (upgraded, seat, had) = (Box::new(license("1.0.0", None)), pack(), temporary());
    let upgrade = Allocation::Upgrade(upgraded.clone(), seat.clone());
    let granted = Allocation::Seat(seat.clone());
    let again = Allocation::TemporaryAgain(had.clone());
    let no_upgrade = Allocation::Refused(DecisionReason::NoUpgrade);
    let refused = Allocation::Refused(DecisionReason::LicenseServerRestored);
    let barred = Allocation::Refused(DecisionReason::ClientBarred);
    let ended = Allocation::Refused(DecisionReason::TemporaryEnded);
    let both = Box::new(UpgradedSeat { seat: seat.clone(), upgrade: seat.clone() });
    let granted_and_upgraded = Allocation::UpgradedSeat(both.clone());
    // Whether the client is barred, only an upgrade is wanted, the store is restored; there is an upgrade, a seat: 2 for
    // one to be upgraded, a temporary license: 2 for one that is over.
    for (facts, expected) in [
        ([0, 0, 0, 1, 1, 1], &upgrade),
        ([0, 0, 0, 0, 1, 1], &granted),
        ([0, 0, 0, 0, 1, 0], &granted),
        ([0, 0, 0, 0, 0, 1], &again),
        ([0, 0, 0, 0, 0, 2], &ended),
        ([0, 0, 0, 0, 1, 2], &granted),
        ([0, 0, 0, 0, 2, 0], &granted_and_upgraded),
        ([0, 0, 0, 0, 2, 1], &granted_and_upgraded),
        ([0, 0, 0, 1, 2, 1], &upgrade),
        ([0, 1, 0, 0, 2, 0], &no_upgrade),
        ([0, 0, 1, 0, 2, 0], &refused),
        ([0, 0, 1, 0, 0, 2], &refused),
        ([0, 1, 0, 0, 0, 2], &no_upgrade),
        ([0, 0, 0, 0, 0, 0], &Allocation::Temporary(labels(&["print"]))),
        ([0, 1, 0, 1, 1, 1], &upgrade),
        ([0, 1, 0, 0, 1, 1], &no_upgrade),
        ([0, 1, 0, 0, 0, 1], &no_upgrade),
        ([0, 0, 1, 1, 1, 1], &again),
        ([0, 0, 1, 0, 0, 1], &again),
        ([0, 0, 1, 1, 1, 0], &refused),
        ([0, 0, 1, 0, 0, 0], &refused),
        ([0, 1, 1, 1, 1, 1], &refused),
        ([1, 0, 0, 1, 1, 1], &barred),
        ([1, 1, 0, 1, 1, 1], &barred),
        ([1, 0, 1, 0, 0, 0], &barred),
    ] {
        let [barred, only_upgrade, restored, has_upgrade, has_seat, had_temporary] =
            facts.map(|fact| fact > 0);
        let had = if facts[5] == 2 {
            HadTemporary::Over(DecisionReason::TemporaryEnded)
        } else {
            HadTemporary::Good(Box::new(had.clone()))
        };
        let standing = Standing {
            only_upgrade,
            barred,
            restored,
            upgrade: has_upgrade.then(|| (upgraded.clone(), seat.clone())),
            seat: (has_seat && facts[4] == 1).then(|| seat.clone()),
            upgraded_seat: has_seat.then(|| both.clone()),
            temporary: had_temporary.then_some(had),
            bought: Some(labels(&["print"])),
        };
        assert_eq!(allocation(standing), *expected, "{facts:?}");
    }
    let nothing = Standing {
        only_upgrade: false,
        barred: false,
        restored: false,
        upgrade: None,
        seat: None,
        upgraded_seat: None,
        temporary: None,
        bought: None,
    };
    assert_eq!(allocation(nothing), Allocation::Refused(DecisionReason::NotOrdered));
}
