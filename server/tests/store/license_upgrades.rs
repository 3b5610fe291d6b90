//! Upgrades that end sooner than what they upgrade: afterwards the license is what it was before.

use trybuy_formats::certificates::Serial;
use trybuy_formats::ids::{ClientId, PackId, ProductId, SeatLicenseId};
use trybuy_formats::licensing::pack::LicensePack;
use trybuy_server::store::{
    Assignment, DecisionOutcome, LicenseCase, LicenseQuery, Revocation, Revoked, Way,
};

use crate::harness::Database;
use crate::license_samples::{LicenseWorld, Outcome, case, client, pack, presented, upgrade_pack};
use crate::samples::{at, parsed};

/// Licenses, or upgrades, that end then.
fn ending(pack: LicensePack, end: u64) -> LicensePack {
    LicensePack { ends_at: Some(at(end)), ..pack }
}

async fn license(world: &LicenseWorld, client: ClientId) -> Assignment {
    world.licenses(LicenseQuery::OfClient(client)).await.remove(0)
}

/// The version of the client's only license, and the upgrade pack that it is of.
async fn terms(world: &LicenseWorld, client: ClientId) -> (String, Option<PackId>) {
    let licenses = world.licenses(LicenseQuery::OfClient(client)).await;
    assert_eq!(licenses.len(), 1, "{licenses:?}");
    (licenses[0].version.to_string(), licenses[0].upgraded_by)
}

pub(crate) async fn a_license_whose_upgrade_has_ended_is_issued_again_as_what_it_was(
    Database { store, .. }: Database,
) {
    let world = LicenseWorld::new(store);
    let full = world.install(&pack("1.0.0", 1)).await;
    let upgrade = world.install(&ending(upgrade_pack("1.0.0", "2.0.0", 1), 50)).await;
    let ada = client();
    assert_eq!(world.outcome(ada, "1.0.0", 1).await, Outcome::GRANTED);
    let first = license(&world, ada).await;
    assert_eq!(world.outcome(ada, "2.0.0", 2).await, Outcome::UPGRADED);
    let upgraded = license(&world, ada).await;
    assert_eq!(upgraded.upgraded_by, Some(upgrade));
    for of in [LicenseQuery::UpgradedBy(upgrade), LicenseQuery::OfPack(full)] {
        assert_eq!(world.licenses(of).await, std::slice::from_ref(&upgraded), "{of:?}");
    }
    for of in [LicenseQuery::UpgradedBy(full), LicenseQuery::OfPack(upgrade)] {
        assert_eq!(world.licenses(of).await, [], "{of:?}");
    }
    assert_eq!(world.outcome(ada, "1.0.0", 49).await, Outcome::REISSUED);
    assert_eq!(license(&world, ada).await, upgraded, "while the upgrade is good, nothing changes");
    assert_eq!(world.outcome(ada, "1.0.0", 50).await, Outcome::REISSUED);
    let again = license(&world, ada).await;
    assert_eq!(again.license_id, first.license_id);
    assert_eq!((again.version.to_string().as_str(), again.upgraded_by), ("1.0.0", None));
    assert_eq!((again.ends_at, &again.features), (None, &first.features));
    assert!(![&first, &upgraded].iter().any(|it| it.certificate == again.certificate));
    let last = world.records().await.pop().expect("recorded").decision;
    assert_eq!((last.outcome, last.pack_id), (DecisionOutcome::Reissued, Some(full)));
    assert_eq!(world.outcome(ada, "1.0.0", 51).await, Outcome::REISSUED);
    assert_eq!(license(&world, ada).await, again, "it is signed once");
    assert_eq!((world.assigned(full).await, world.assigned(upgrade).await), (1, 1));
    // It is upgraded as it was at first.
    let next = world.install(&ending(upgrade_pack("1.0.0", "2.0.0", 1), 90)).await;
    assert_eq!(world.outcome(ada, "2.0.0", 52).await, Outcome::UPGRADED);
    assert_eq!(terms(&world, ada).await, ("2.0.0".into(), Some(next)));
}

pub(crate) async fn what_a_license_was_before_an_upgrade_that_ends_sooner_stays_good_as_long_as_the_license(
    Database { store, .. }: Database,
) {
    let world = LicenseWorld::new(store);
    let full = world.install(&pack("1.0.0", 1)).await;
    world.install(&ending(upgrade_pack("1.0.0", "2.0.0", 1), 50)).await;
    let ada = client();
    assert_eq!(world.outcome(ada, "1.0.0", 1).await, Outcome::GRANTED);
    let first = license(&world, ada).await;
    assert_eq!(world.outcome(ada, "2.0.0", 2).await, Outcome::UPGRADED);
    let upgraded = license(&world, ada).await;
    let revoked = async |now| -> Vec<Serial> {
        let listed = world.store.revoked_certificates(at(now)).await.expect("answered");
        listed.into_iter().map(|it| it.serial).collect()
    };
    // Also where it is shown, by its client or to a license server that has forgotten it.
    for serial in [first.certificate_serial.clone(), Serial::random()] {
        let mut shown = presented(first.license_id, ada, "1.0.0", Some(full));
        shown.certificate_serial = serial;
        let showing = LicenseCase { presented: Some(shown), ..case(ada, "1.0.0", 3) };
        assert_eq!(Outcome::of(&world.ask(showing).await), Outcome::REISSUED);
        assert_eq!(license(&world, ada).await, upgraded);
        assert_eq!(revoked(3).await, []);
    }
    assert_eq!(world.outcome(ada, "1.0.0", 50).await, Outcome::REISSUED);
    let again = license(&world, ada).await;
    let note = parsed("Machine was sold");
    let license_id = first.license_id;
    let revocation = Revocation { license_id, client: None, note, bars: false, now: at(51) };
    world.store.revoke_license(world.secret(), &revocation).await.expect("revoked");
    let revoked = revoked(49).await;
    for license in [first, upgraded, again] {
        assert!(revoked.contains(&license.certificate_serial), "{}", license.version);
    }
    assert_eq!(revoked.len(), 4);
}

pub(crate) async fn an_upgrade_replaces_every_certificate_of_the_license_that_ends_no_later(
    Database { store, .. }: Database,
) {
    let world = LicenseWorld::new(store);
    // The end of a license, those of its upgrades to one version after the other, and which of the certificates are good
    // at the end.
    for (number, (end, upgrades, good)) in [
        (None, &[Some(50)][..], &[0, 1][..]),
        (None, &[Some(50), Some(90)], &[0, 2]),
        (None, &[Some(50), None], &[2]),
        (Some(100), &[Some(50), Some(99)], &[0, 2]),
        (Some(100), &[Some(50), Some(100)], &[2]),
        (None, &[Some(90), Some(50), Some(60)], &[0, 1, 3]),
        (None, &[Some(90), Some(50), Some(90)], &[0, 3]),
        (Some(100), &[Some(90), Some(50), None], &[3]),
    ]
    .into_iter()
    .enumerate()
    {
        let product_id: ProductId = parsed(&format!("com.example.desk{number}"));
        let ada = client();
        let mut signed = Vec::new();
        for (day, end) in (1..).zip([end].into_iter().chain(upgrades.iter().copied())) {
            let version = format!("{day}.0.0");
            let mut pack = match day {
                1 => pack(&version, 1),
                _ => upgrade_pack("1.0.0", &version, 1),
            };
            pack.product.product_id = product_id.clone();
            pack.ends_at = end.map(at);
            world.install(&pack).await;
            let mut asking = case(ada, &version, day);
            asking.wanted.product_id = product_id.clone();
            world.ask(asking).await;
            let held = license(&world, ada).await;
            assert_eq!((held.version.to_string(), held.ends_at), (version, end.map(at)));
            signed.push(held.certificate_serial);
        }
        let revoked = world.store.revoked_certificates(at(10)).await.expect("answered");
        let is_good = |it: &usize| !revoked.iter().any(|revoked| revoked.serial == signed[*it]);
        let found: Vec<usize> = (0..signed.len()).filter(is_good).collect();
        assert_eq!(found, good, "{end:?}, {upgrades:?}");
    }
}

pub(crate) async fn every_way_of_asking_finds_what_a_license_was_before_its_upgrade(
    Database { store, .. }: Database,
) {
    let world = LicenseWorld::new(store);
    world.install(&pack("1.0.0", 3)).await;
    world.install(&ending(upgrade_pack("1.0.0", "2.0.0", 3), 50)).await;
    for way in [Way::Upgrade, Way::Gateway(parsed("front")), case(client(), "1.0.0", 50).way] {
        let ada = client();
        // Also one that was granted and upgraded in one step.
        assert_eq!(world.outcome(ada, "2.0.0", 2).await, Outcome::GRANTED);
        let held = license(&world, ada).await;
        assert_eq!(held.version.to_string(), "2.0.0");
        let mut shown = presented(held.license_id, ada, "2.0.0", held.upgraded_by);
        shown.certificate_serial = held.certificate_serial;
        let asking = LicenseCase { way, presented: Some(shown), ..case(ada, "1.0.0", 50) };
        assert_eq!(Outcome::of(&world.ask(asking.clone()).await), Outcome::REISSUED, "{asking:?}");
        assert_eq!(terms(&world, ada).await, ("1.0.0".into(), None), "{asking:?}");
    }
}

pub(crate) async fn an_upgrade_that_takes_nothing_away_is_used_first_and_else_the_last_to_end(
    Database { store, .. }: Database,
) {
    let world = LicenseWorld::new(store);
    // The versions and ends of upgrades of a license until day 100, and the one that is used.
    for (number, (upgrades, used)) in [
        (&[("2.0.0", Some(50)), ("3.0.0", None)][..], 1),
        (&[("2.0.0", Some(50)), ("2.0.0", Some(90))], 1),
        (&[("2.0.0", Some(90)), ("3.0.0", Some(50))], 0),
        (&[("2.0.0", Some(50)), ("3.0.0", Some(50))], 0),
        (&[("2.0.0", Some(50)), ("3.0.0", Some(100)), ("3.0.0", None)], 1),
    ]
    .into_iter()
    .enumerate()
    {
        let product_id: ProductId = parsed(&format!("com.example.desk{number}"));
        let install = async |mut pack: LicensePack, end: Option<u64>| {
            pack.product.product_id = product_id.clone();
            pack.ends_at = end.map(at);
            world.install(&pack).await
        };
        install(pack("1.0.0", 2), Some(100)).await;
        let mut packs = Vec::new();
        for (version, end) in upgrades {
            packs.push(install(upgrade_pack("1.0.0", version, 2), *end).await);
        }
        // A license that a client has, and one that is free.
        let (ada, bob) = (client(), client());
        for (client, version, now) in [(ada, "1.0.0", 1), (ada, "2.0.0", 2), (bob, "2.0.0", 2)] {
            let mut asking = case(client, version, now);
            asking.wanted.product_id = product_id.clone();
            world.ask(asking).await;
        }
        for client in [ada, bob] {
            assert_eq!(terms(&world, client).await.1, Some(packs[used]), "{upgrades:?}");
        }
    }
}

pub(crate) async fn a_license_goes_back_from_upgrade_to_upgrade_and_each_takes_nothing_away(
    Database { store, .. }: Database,
) {
    let world = LicenseWorld::new(store);
    let mut full = pack("1.0.0", 1);
    full.product.features = vec![parsed("basic"), parsed("print")];
    let full = world.install(&full).await;
    let upgrade = |version, end| {
        let mut upgrade = ending(upgrade_pack("1.0.0", version, 1), end);
        upgrade.product.features = vec![parsed("basic"), parsed("print")];
        upgrade
    };
    let second = world.install(&upgrade("2.0.0", 100)).await;
    let third = world.install(&upgrade("3.0.0", 50)).await;
    let ada = client();
    for (version, now, outcome, expected) in [
        ("1.0.0", 1, Outcome::GRANTED, ("1.0.0", None)),
        ("2.0.0", 2, Outcome::UPGRADED, ("2.0.0", Some(second))),
        ("3.0.0", 3, Outcome::UPGRADED, ("3.0.0", Some(third))),
        ("1.0.0", 49, Outcome::REISSUED, ("3.0.0", Some(third))),
        ("1.0.0", 50, Outcome::REISSUED, ("2.0.0", Some(second))),
        ("2.0.0", 99, Outcome::REISSUED, ("2.0.0", Some(second))),
        ("1.0.0", 100, Outcome::REISSUED, ("1.0.0", None)),
    ] {
        assert_eq!(world.outcome(ada, version, now).await, outcome, "{version} at {now}");
        assert_eq!(terms(&world, ada).await, (expected.0.into(), expected.1), "{version} at {now}");
    }
    for pack in [full, second, third] {
        assert_eq!(world.assigned(pack).await, 1);
    }
    // What it is again counts in an upgrade, also before it is issued.
    for pack in [ending(upgrade_pack("1.0.0", "4.0.0", 1), 150), upgrade("4.0.0", 150)] {
        world.install(&pack).await;
    }
    assert_eq!(world.outcome(ada, "4.0.0", 101).await, Outcome::UPGRADED);
    let upgraded = license(&world, ada).await.upgraded_by;
    let last = world.install(&ending(upgrade_pack("1.0.0", "5.0.0", 1), 900)).await;
    let cannot_print = Outcome::TEMPORARY;
    assert_eq!(world.outcome(ada, "5.0.0", 160).await, cannot_print);
    assert_eq!(terms(&world, ada).await.1, upgraded);
    assert_eq!(world.assigned(last).await, 0);
}

pub(crate) async fn each_license_of_a_client_goes_back_to_what_it_was_itself(
    Database { store, .. }: Database,
) {
    let world = LicenseWorld::new(store);
    let ada = client();
    let asked = async |version: &str, feature: &str, now| {
        let mut asking = case(ada, version, now);
        asking.wanted.features = vec![parsed(feature)];
        Outcome::of(&world.ask(asking).await)
    };
    for feature in ["edit", "print"] {
        for mut pack in [pack("1.0.0", 1), ending(upgrade_pack("1.0.0", "2.0.0", 1), 50)] {
            pack.product.features = vec![parsed(feature)];
            world.install(&pack).await;
        }
        assert_eq!(asked("1.0.0", feature, 1).await, Outcome::GRANTED);
    }
    let first = world.licenses(LicenseQuery::OfClient(ada)).await;
    for (version, now, outcome) in
        [("2.0.0", 2, Outcome::UPGRADED), ("1.0.0", 50, Outcome::REISSUED)]
    {
        for feature in ["edit", "print"] {
            assert_eq!(asked(version, feature, now).await, outcome, "{feature} at {now}");
        }
    }
    let again = world.licenses(LicenseQuery::OfClient(ada)).await;
    let terms = |it: &Assignment| {
        (it.license_id, it.version.clone(), it.features.clone(), it.ends_at, it.upgraded_by)
    };
    assert!(first.iter().map(terms).eq(again.iter().map(terms)), "{again:?}");
}

pub(crate) async fn of_two_clients_with_one_license_each_has_its_own_upgrades(
    Database { store, .. }: Database,
) {
    let world = LicenseWorld::new(store);
    let full = world.install(&ending(pack("1.0.0", 1), 40)).await;
    let long = world.install(&ending(upgrade_pack("1.0.0", "2.0.0", 1), 90)).await;
    let short = world.install(&ending(upgrade_pack("1.0.0", "3.0.0", 2), 60)).await;
    let (ada, bob) = (client(), client());
    assert_eq!(world.outcome(ada, "1.0.0", 1).await, Outcome::GRANTED);
    // The store was restored from a backup, and gave Bob's seat to Ada.
    let license_id = SeatLicenseId::of_pack(full, 1000, 0);
    let mut shown = presented(license_id, bob, "1.0.0", Some(full));
    shown.license.ends_at = Some(at(40));
    let showing = LicenseCase { presented: Some(shown), ..case(bob, "1.0.0", 2) };
    assert_eq!(Outcome::of(&world.ask(showing).await), Outcome::REISSUED);
    assert_eq!(world.outcome(ada, "2.0.0", 3).await, Outcome::UPGRADED);
    for client in [ada, bob] {
        assert_eq!(world.outcome(client, "3.0.0", 4).await, Outcome::UPGRADED);
    }
    assert_eq!((world.assigned(long).await, world.assigned(short).await), (1, 2));
    assert_eq!(world.outcome(bob, "1.0.0", 70).await, Outcome::TEMPORARY);
    assert_eq!(world.outcome(ada, "1.0.0", 70).await, Outcome::REISSUED);
    assert_eq!(terms(&world, ada).await, ("2.0.0".into(), Some(long)));
    let note = parsed("Machine was sold");
    let revocation = Revocation { license_id, client: Some(ada), note, bars: false, now: at(71) };
    let revoked = world.store.revoke_license(world.secret(), &revocation).await;
    assert_eq!(revoked.expect("answered"), Revoked::Done);
    assert_eq!((world.assigned(long).await, world.assigned(short).await), (0, 1));
}
