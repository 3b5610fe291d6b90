//! Two certificates of one license, of which a store that was restored from a backup knows one.

use trybuy_formats::api::LicenseOutcome;
use trybuy_formats::certificates::Serial;
use trybuy_formats::ids::{ClientId, PackId, SeatLicenseId};
use trybuy_server::store::{
    DecisionOutcome, DecisionReason, LicenseCase, LicenseGrant, LicenseQuery, LicenseRecord,
    PresentedLicense, Revocation, Revoked,
};

use crate::harness::Database;
use crate::license_samples::{LicenseWorld, Outcome, case, client, pack, presented, upgrade_pack};
use crate::samples::{at, parsed};

/// A store that gave a client the first license of a pack, 2.0.0 with one feature.
struct Given {
    world: LicenseWorld,
    ada: ClientId,
    pack: PackId,
}

impl Given {
    async fn on(database: &Database) -> Self {
        let world = LicenseWorld::new(database.store.clone());
        let (pack, ada) = (world.install(&pack("2.0.0", 1)).await, client());
        assert_eq!(world.outcome(ada, "2.0.0", 10).await, Outcome::GRANTED);
        Self { world, ada, pack }
    }

    /// Upgrade licenses for one feature more.
    async fn install_upgrades(&self, quantity: u32) -> PackId {
        let mut upgrades = upgrade_pack("1.0.0", "2.0.0", quantity);
        upgrades.product.features = vec![parsed("basic"), parsed("print")];
        self.world.install(&upgrades).await
    }

    /// Another certificate of the license, with the terms of a pack.
    fn certificate(&self, pack: PackId, features: &[&str], issued: u64) -> PresentedLicense {
        let license_id = SeatLicenseId::of_pack(self.pack, 1000, 0);
        let mut held = presented(license_id, self.ada, "2.0.0", Some(pack));
        held.license.features = features.iter().map(|it| parsed(it)).collect();
        held.license.issued_at = at(issued);
        held
    }

    async fn known(&self) -> Serial {
        let known = self.world.licenses(LicenseQuery::OfClient(self.ada)).await;
        assert_eq!(known.len(), 1);
        known[0].certificate_serial.clone()
    }

    /// The client asks for a license and shows one. Answers what was recorded before what it was given.
    async fn show(&self, held: &PresentedLicense) -> Option<DecisionOutcome> {
        let before = self.world.records().await.len();
        let asking = LicenseCase { presented: Some(held.clone()), ..case(self.ada, "2.0.0", 30) };
        assert_eq!(Outcome::of(&self.world.ask(asking).await), Outcome::REISSUED);
        let records = self.world.records().await;
        let (_, shown) = records[before..].split_last().expect("a record of the answer");
        assert!(shown.len() < 2, "{shown:?}");
        shown.first().map(|record| record.decision.outcome)
    }

    async fn revoked(&self) -> Vec<Serial> {
        let revoked = self.world.store.revoked_certificates(at(40)).await.expect("answered");
        revoked.into_iter().map(|it| it.serial).collect()
    }

    async fn revoke(&self) {
        let revocation = Revocation {
            license_id: SeatLicenseId::of_pack(self.pack, 1000, 0),
            client: None,
            note: parsed("lost"),
            bars: false,
            now: at(40),
        };
        let revoked = self.world.store.revoke_license(self.world.secret(), &revocation).await;
        assert_eq!(revoked.expect("answered"), Revoked::Done);
    }
}

pub(crate) async fn a_license_that_was_upgraded_only_in_features_stays_good(database: Database) {
    let given = Given::on(&database).await;
    let upgrades = given.install_upgrades(1).await;
    let known = given.known().await;
    let upgraded = given.certificate(upgrades, &["basic", "print"], 20);
    assert_eq!(given.show(&upgraded).await, Some(DecisionOutcome::Adopted));
    assert_eq!(given.known().await, upgraded.certificate_serial);
    assert_eq!(given.revoked().await, [known]);
    assert_eq!(given.world.assigned(upgrades).await, 1);
}

pub(crate) async fn what_an_upgrade_replaced_is_revoked_also_where_the_upgrade_is_used_twice(
    database: Database,
) {
    let given = Given::on(&database).await;
    let upgrades = given.install_upgrades(1).await;
    // Somebody else has it.
    given.world.install(&pack("2.0.0", 1)).await;
    let mut other = case(client(), "2.0.0", 11);
    other.wanted.features = vec![parsed("print")];
    assert_eq!(Outcome::of(&given.world.ask(other).await), Outcome::GRANTED);
    let known = given.known().await;
    let upgraded = given.certificate(upgrades, &["basic", "print"], 20);
    assert_eq!(given.show(&upgraded).await, Some(DecisionOutcome::SeatGrantedTwice));
    assert_eq!(given.known().await, upgraded.certificate_serial);
    assert_eq!(given.revoked().await, [known]);
}

pub(crate) async fn what_a_license_was_before_its_upgrade_is_good_no_more(database: Database) {
    let given = Given::on(&database).await;
    given.install_upgrades(1).await;
    let mut wants_more = case(given.ada, "2.0.0", 20);
    wants_more.wanted.features = vec![parsed("print")];
    assert_eq!(Outcome::of(&given.world.ask(wants_more).await), Outcome::UPGRADED);
    let (before, upgraded) = (given.revoked().await, given.known().await);
    let earlier = given.certificate(given.pack, &["basic"], 15);
    assert_eq!(given.show(&earlier).await, None);
    assert_eq!(given.known().await, upgraded);
    assert_eq!(given.revoked().await, [before, vec![earlier.certificate_serial]].concat());
}

pub(crate) async fn a_license_that_was_issued_again_after_its_upgrade_had_ended_stays_good(
    database: Database,
) {
    let given = Given::on(&database).await;
    let upgrades = given.install_upgrades(1).await;
    let mut upgraded = given.certificate(upgrades, &["basic", "print"], 15);
    upgraded.license.ends_at = Some(at(20));
    let again = given.certificate(given.pack, &["basic"], 20);
    // The store knows the upgrade, and is shown what came after it.
    assert_eq!(given.show(&upgraded).await, Some(DecisionOutcome::Adopted));
    assert_eq!(given.show(&again).await, Some(DecisionOutcome::Adopted));
    assert_eq!(given.known().await, again.certificate_serial);
    assert!(!given.revoked().await.contains(&again.certificate_serial));
    assert_eq!(given.show(&upgraded).await, None);
    assert_eq!(given.known().await, again.certificate_serial);
    assert_eq!(given.world.assigned(upgrades).await, 1);
}

pub(crate) async fn an_upgrade_that_had_ended_before_a_license_was_issued_again_replaces_nothing(
    database: Database,
) {
    let given = Given::on(&database).await;
    let upgrades = given.install_upgrades(1).await;
    let again = given.certificate(given.pack, &["basic"], 20);
    assert_eq!(given.show(&again).await, Some(DecisionOutcome::Adopted));
    let mut upgraded = given.certificate(upgrades, &["basic", "print"], 15);
    upgraded.license.ends_at = Some(at(20));
    assert_eq!(given.show(&upgraded).await, None);
    assert_eq!(given.known().await, again.certificate_serial);
    assert_eq!(given.world.assigned(upgrades).await, 0);
}

pub(crate) async fn an_upgrade_that_a_license_goes_back_to_is_used_once(database: Database) {
    let given = Given::on(&database).await;
    let first = given.install_upgrades(2).await;
    let second = given.install_upgrades(2).await;
    let signed = |pack, issued, end: Option<u64>| {
        let mut held = given.certificate(pack, &["basic", "print"], issued);
        held.license.ends_at = end.map(at);
        held
    };
    let (early, short) = (signed(first, 11, Some(19)), signed(second, 19, Some(25)));
    let again = signed(first, 25, None);
    for held in [&early, &short, &again] {
        assert_eq!(given.show(held).await, Some(DecisionOutcome::Adopted));
        assert_eq!(given.known().await, held.certificate_serial);
    }
    for pack in [first, second] {
        assert_eq!(given.world.assigned(pack).await, 1);
    }
}

pub(crate) async fn two_certificates_of_the_same_license_are_both_good_until_it_is_revoked(
    database: Database,
) {
    let given = Given::on(&database).await;
    let known = given.known().await;
    let earlier = given.certificate(given.pack, &["basic"], 5);
    let later = given.certificate(given.pack, &["basic"], 20);
    for (held, expected, kept) in [
        (&earlier, Some(DecisionOutcome::Adopted), &known),
        (&earlier, None, &known),
        (&later, Some(DecisionOutcome::Adopted), &later.certificate_serial),
        (&later, None, &later.certificate_serial),
        (&earlier, None, &later.certificate_serial),
    ] {
        assert_eq!(given.show(held).await, expected);
        assert_eq!(&given.known().await, kept, "the one that was issued last");
    }
    assert_eq!(given.revoked().await, []);
    given.revoke().await;
    let mut all = vec![known, earlier.certificate_serial, later.certificate_serial];
    all.sort();
    assert_eq!(given.revoked().await, all);
    let again = given.certificate(given.pack, &["basic"], 25);
    let asking = LicenseCase { presented: Some(again.clone()), ..case(given.ada, "2.0.0", 41) };
    assert_eq!(Outcome::of(&given.world.ask(asking).await), Outcome::GRANTED);
    assert!(given.revoked().await.contains(&again.certificate_serial));
}

pub(crate) async fn both_certificates_of_a_license_are_replaced_by_its_upgrade(database: Database) {
    let given = Given::on(&database).await;
    let upgrades = given.install_upgrades(1).await;
    let known = given.known().await;
    let later = given.certificate(given.pack, &["basic"], 20);
    assert_eq!(given.show(&later).await, Some(DecisionOutcome::Adopted));
    let upgraded = given.certificate(upgrades, &["basic", "print"], 21);
    assert_eq!(given.show(&upgraded).await, Some(DecisionOutcome::Adopted));
    let mut replaced = vec![known, later.certificate_serial];
    replaced.sort();
    let mut revoked = given.revoked().await;
    revoked.sort();
    assert_eq!(revoked, replaced);
}

pub(crate) async fn every_certificate_of_a_temporary_license_is_revoked_with_it(
    database: Database,
) {
    let world = LicenseWorld::new(database.store.clone());
    world.order("1.0.0").await;
    let ada = client();
    assert_eq!(world.outcome(ada, "1.0.0", 1).await, Outcome::TEMPORARY);
    let stored = world.store.temporary_licenses(None, None).await.expect("answered").remove(0);
    let known = stored.license;
    // The same license signed again, and one that was the client's before the store forgot it.
    let signed = |id| presented(id, ada, "1.0.0", None);
    let (again, forgotten) = (signed(known.license_id), signed(SeatLicenseId::temporary()));
    for held in [&again, &forgotten, &again] {
        let asking = LicenseCase { presented: Some(held.clone()), ..case(ada, "1.0.0", 2) };
        let answer = world.ask(asking).await;
        let (outcome, certificate) = (LicenseOutcome::TemporaryAgain, known.certificate.clone());
        assert_eq!(answer, LicenseGrant::Issued { outcome, certificate });
    }
    let records = world.records().await;
    let adopted = |record: &&LicenseRecord| record.decision.outcome == DecisionOutcome::Adopted;
    let adopted: Vec<_> = records.iter().filter(adopted).map(|it| it.decision.license_id).collect();
    assert_eq!(adopted, [&again, &forgotten].map(|it| Some(it.license.license_id)), "each once");
    let note = parsed("Machine was stolen");
    let license_id = known.license_id;
    let revocation = Revocation { license_id, client: None, note, bars: true, now: at(3) };
    let revoked = world.store.revoke_license(world.secret(), &revocation).await;
    assert_eq!(revoked.expect("answered"), Revoked::Done);
    // One that comes to light afterwards is taken too.
    let late = signed(license_id);
    let asking = LicenseCase { presented: Some(late.clone()), ..case(ada, "1.0.0", 4) };
    let barred = Outcome::Refused(DecisionReason::ClientBarred);
    assert_eq!(Outcome::of(&world.ask(asking).await), barred);
    let revoked = world.store.revoked_certificates(at(5)).await.expect("answered");
    let mut revoked: Vec<Serial> = revoked.into_iter().map(|it| it.serial).collect();
    let mut all = vec![known.certificate_serial];
    all.extend([again, forgotten, late].map(|it| it.certificate_serial));
    revoked.sort();
    all.sort();
    assert_eq!(revoked, all);
}
