//! The chain of records, and what becomes of a store that was restored from a backup.

use trybuy_formats::api::LicenseOutcome;
use trybuy_formats::certificates::Serial;
use trybuy_formats::ids::{ClientId, SeatLicenseId};
use trybuy_formats::licensing::pack::LicensePack;
use trybuy_formats::licensing::records::RecordsMark;
use trybuy_server::license_server::audit::{self, Audit, Fault, MarkState};
use trybuy_server::store::{
    DecisionOutcome, DecisionReason, LicenseCase, LicenseDecision, LicenseGrant, LicenseQuery,
    RecordQuery, RecordsComparison, Revocation, Revoked, SeenReport, StoreError, Way,
};

use crate::harness::Database;
use crate::license_samples::{
    LicenseWorld, Outcome, case, client, pack, presented, product_id, upgrade_pack,
};
use crate::samples::{at, parsed};

async fn audited(world: &LicenseWorld, mark: Option<RecordsMark>) -> Audit {
    audit::verify(&world.store, world.secret(), mark).await.expect("answered")
}

/// A store with that many records of one client each.
async fn with_records(database: &Database, records: u64) -> LicenseWorld {
    let world = LicenseWorld::new(database.store.clone());
    world.order("1.0.0").await;
    for _ in 0..records {
        assert_eq!(world.outcome(client(), "1.0.0", 1).await, Outcome::TEMPORARY);
    }
    world
}

pub(crate) async fn records_in_order_are_found_to_be(database: Database) {
    let world = with_records(&database, 250).await;
    let mark = world.store.record_head().await.expect("answered").mark;
    assert_eq!(
        audited(&world, Some(mark)).await,
        Audit { records: 250, mark: MarkState::Current, fault: None }
    );
    assert_eq!(world.outcome(client(), "1.0.0", 1).await, Outcome::TEMPORARY);
    assert_eq!(
        audited(&world, Some(mark)).await,
        Audit { records: 251, mark: MarkState::Current, fault: None }
    );
}

pub(crate) async fn whatever_is_done_to_a_record_is_found(database: Database) {
    let world = with_records(&database, 9).await;
    let mark = world.store.record_head().await.expect("answered").mark;
    for (damage, repair, fault) in [
        (
            "UPDATE license_records SET record = replace(record, 'temporary', 'granted') \
             WHERE number = 4",
            "UPDATE license_records SET record = replace(record, 'granted', 'temporary') \
             WHERE number = 4",
            Fault::Altered { number: 4 },
        ),
        (
            "UPDATE license_records SET outcome = 'granted' WHERE number = 5",
            "UPDATE license_records SET outcome = 'temporary' WHERE number = 5",
            Fault::Altered { number: 5 },
        ),
        (
            "UPDATE license_records SET mac = 'x' || mac WHERE number = 2",
            "UPDATE license_records SET mac = substr(mac, 2) WHERE number = 2",
            Fault::Altered { number: 2 },
        ),
        (
            "UPDATE license_records SET number = 100 WHERE number = 3",
            "UPDATE license_records SET number = 3 WHERE number = 100",
            Fault::Missing { number: 3 },
        ),
        (
            "UPDATE license_records SET number = 0 - number WHERE number = 9",
            "UPDATE license_records SET number = 0 - number WHERE number = -9",
            Fault::Truncated { records: 9 },
        ),
        (
            "UPDATE license_records SET number = CASE number WHEN 6 THEN -7 ELSE -6 END \
             WHERE number IN (6, 7)",
            "UPDATE license_records SET number = CASE number WHEN -7 THEN 6 ELSE 7 END \
             WHERE number IN (-6, -7)",
            Fault::Missing { number: 6 },
        ),
    ] {
        database.execute(damage).await;
        assert_eq!(audited(&world, Some(mark)).await.fault, Some(fault), "{damage}");
        database.execute(repair).await;
        assert_eq!(audited(&world, Some(mark)).await.fault, None, "{repair}");
    }
    // Two records change their places.
    for statement in [
        "UPDATE license_records SET number = -6 WHERE number = 6",
        "UPDATE license_records SET number = 6 WHERE number = 7",
        "UPDATE license_records SET number = 7 WHERE number = -6",
    ] {
        database.execute(statement).await;
    }
    let fault = Some(Fault::Altered { number: 6 });
    assert_eq!(audited(&world, None).await.fault, fault);
}

pub(crate) async fn records_that_are_cut_off_are_found_by_the_mark(database: Database) {
    let world = with_records(&database, 5).await;
    let earlier = world.store.record_head().await.expect("answered").mark;
    for _ in 0..3 {
        assert_eq!(world.outcome(client(), "1.0.0", 1).await, Outcome::TEMPORARY);
    }
    let mark = world.store.record_head().await.expect("answered").mark;
    database.execute("DELETE FROM license_records WHERE number > 5").await;
    assert_eq!(audited(&world, None).await.fault, Some(Fault::Truncated { records: 8 }));
    let end = format!("UPDATE license_record_head SET records = 5, mac = '{}'", earlier.mac);
    database.execute(&end).await;
    assert_eq!(audited(&world, None).await.fault, None, "that is all the database can tell");
    assert_eq!(audited(&world, Some(mark)).await.fault, Some(Fault::Truncated { records: 8 }));
    // That somebody has accepted it, the database cannot say alone.
    database.execute("UPDATE license_record_head SET accepted_at = 9000000000").await;
    assert_eq!(audited(&world, None).await.fault, Some(Fault::WrongEnd));
    assert_eq!(audited(&world, Some(mark)).await.fault, Some(Fault::Truncated { records: 8 }));
    assert_eq!(found(&world, mark, 9).await, RecordsComparison::Others);
    assert!(world.store.record_head().await.expect("answered").restored);
}

pub(crate) async fn an_end_of_the_records_that_was_removed_is_named(database: Database) {
    let world = with_records(&database, 3).await;
    let mark = world.store.record_head().await.expect("answered").mark;
    database.execute("DELETE FROM license_record_head").await;
    for mark in [None, Some(mark)] {
        let state = if mark.is_some() { MarkState::Current } else { MarkState::Missing };
        let expected = Audit { records: 3, mark: state, fault: Some(Fault::NoEnd) };
        assert_eq!(audited(&world, mark).await, expected);
    }
    let decision = LicenseDecision::of(DecisionOutcome::Readmitted, at(9));
    let written = world.store.record_decision(world.secret(), decision).await;
    assert!(matches!(written, Err(StoreError::RowMissing)), "{written:?}");
    database.execute("DELETE FROM license_records WHERE number = 3").await;
    assert_eq!(audited(&world, Some(mark)).await.fault, Some(Fault::Truncated { records: 3 }));
}

pub(crate) async fn records_are_found_by_what_they_are_about(database: Database) {
    let world = LicenseWorld::new(database.store.clone());
    world.order("1.0.0").await;
    let (ada, bob) = (client(), client());
    for (client, now) in [(ada, 1), (bob, 2), (ada, 3)] {
        world.outcome(client, "1.0.0", now).await;
    }
    let count = async |query: RecordQuery| {
        world.store.license_records(&query).await.expect("answered").len()
    };
    let again = Some(DecisionOutcome::TemporaryAgain);
    for (query, expected) in [
        (RecordQuery::default(), 3),
        (RecordQuery { client: Some(ada), ..RecordQuery::default() }, 2),
        (RecordQuery { client: Some(ada), outcome: again, ..RecordQuery::default() }, 1),
        (RecordQuery { outcome: again, ..RecordQuery::default() }, 1),
        (RecordQuery { since: Some(at(2)), ..RecordQuery::default() }, 2),
        (RecordQuery { after: 2, ..RecordQuery::default() }, 1),
        (RecordQuery { until: Some(at(3)), ..RecordQuery::default() }, 2),
        (RecordQuery { since: Some(at(2)), until: Some(at(3)), ..RecordQuery::default() }, 1),
        (RecordQuery { product: Some(product_id()), ..RecordQuery::default() }, 3),
        (RecordQuery { product: Some(parsed("com.example.des")), ..RecordQuery::default() }, 0),
    ] {
        assert_eq!(count(query.clone()).await, expected, "{query:?}");
    }
    let (one, other) =
        (world.install(&pack("1.0.0", 1)).await, world.install(&pack("1.0.0", 9)).await);
    assert_eq!(world.outcome(ada, "1.0.0", 4).await, Outcome::GRANTED);
    // Words of the operator that look like a member are none.
    let note = parsed(&format!("x\",\"pack_id\":\"{other}\",\"reason\":\"no-free-license\"}}"));
    let license_id = SeatLicenseId::of_pack(one, 1000, 0);
    let revocation = Revocation { license_id, client: None, note, bars: true, now: at(5) };
    world.store.revoke_license(world.secret(), &revocation).await.expect("answered");
    let none_free = Some(DecisionReason::NoFreeLicense);
    for (query, expected) in [
        (RecordQuery { pack: Some(one), ..RecordQuery::default() }, 3),
        (RecordQuery { pack: Some(other), ..RecordQuery::default() }, 1),
        (RecordQuery { license: Some(license_id), ..RecordQuery::default() }, 2),
        (RecordQuery { reason: none_free, ..RecordQuery::default() }, 3),
        (RecordQuery { reason: none_free, client: Some(ada), ..RecordQuery::default() }, 2),
        (RecordQuery { pack: Some(one), client: Some(bob), ..RecordQuery::default() }, 0),
    ] {
        assert_eq!(count(query.clone()).await, expected, "{query:?}");
    }
}

async fn found(world: &LicenseWorld, mark: RecordsMark, now: u64) -> RecordsComparison {
    let decision = LicenseDecision::of(DecisionOutcome::Restored, at(now));
    world.store.compare_records(world.secret(), mark, decision).await.expect("answered")
}

pub(crate) async fn a_restored_store_allocates_nothing_and_issues_again(database: Database) {
    let world = LicenseWorld::new(database.store.clone());
    let id = world.install(&pack("1.0.0", 3)).await;
    let (ada, bob, eve) = (client(), client(), client());
    assert_eq!(world.outcome(ada, "1.0.0", 1).await, Outcome::GRANTED);
    let before = world.store.record_head().await.expect("answered").mark;
    assert_eq!(found(&world, before, 2).await, RecordsComparison::GoOn);
    let farther = RecordsMark { records: 100, ..before };
    assert_eq!(found(&world, farther, 2).await, RecordsComparison::Fewer);
    assert!(world.store.record_head().await.expect("answered").restored);
    let refused = Outcome::Refused(DecisionReason::LicenseServerRestored);
    assert_eq!(world.outcome(ada, "1.0.0", 3).await, Outcome::REISSUED);
    assert_eq!(world.outcome(bob, "1.0.0", 3).await, refused);
    // Who presents what it was granted since, gets it again.
    let license_id = SeatLicenseId::of_pack(id, 1001, 0);
    let held = presented(license_id, eve, "1.0.0", Some(id));
    let with_license = LicenseCase { presented: Some(held), ..case(eve, "1.0.0", 4) };
    assert_eq!(Outcome::of(&world.ask(with_license).await), Outcome::REISSUED);
    assert_eq!(world.assigned(id).await, 2);
    for accepted in [true, false] {
        let accepting = world.store.accept_restored(world.secret(), at(5)).await;
        assert_eq!(accepting.expect("answered"), accepted);
    }
    // What was lost before is shown once more, and what was never written after it.
    assert_eq!(audited(&world, Some(farther)).await.mark, MarkState::Outdated);
    assert_eq!(found(&world, farther, 6).await, RecordsComparison::GoOn);
    let after = world.store.record_head().await.expect("answered").mark;
    assert!(before.precedes(&after) && farther.precedes(&after));
    assert_eq!(world.outcome(bob, "1.0.0", 6).await, Outcome::GRANTED);
    let serial = world.licenses(LicenseQuery::OfClient(bob)).await[0].license_id.serial();
    assert_eq!(serial, 1002, "the seat between is not free any more");
    assert_eq!(audited(&world, None).await.fault, None);
}

pub(crate) async fn a_seat_that_was_granted_twice_is_told_of_until_somebody_accepts_it(
    Database { store, .. }: Database,
) {
    let world = LicenseWorld::new(store);
    let id = world.install(&pack("1.0.0", 1)).await;
    assert_eq!(world.outcome(client(), "1.0.0", 1).await, Outcome::GRANTED);
    let told = async || world.store.has_granted_twice().await.expect("answered");
    let accept = async || {
        let accepted = world.store.accept_restored(world.secret(), at(5)).await;
        accepted.expect("answered")
    };
    assert!(!told().await && !accept().await);
    // Nothing else has shown that the store was restored. It may come to light of one client after the other.
    for _ in 0..2 {
        let bob = client();
        let held = presented(SeatLicenseId::of_pack(id, 1000, 0), bob, "1.0.0", Some(id));
        let showing = LicenseCase { presented: Some(held), ..case(bob, "1.0.0", 2) };
        assert_eq!(Outcome::of(&world.ask(showing).await), Outcome::REISSUED);
        assert!(told().await && told().await);
        assert!(accept().await);
        assert!(!told().await && !accept().await);
    }
    assert_eq!(audited(&world, None).await.fault, None);
}

pub(crate) async fn an_acceptance_comes_after_every_one_that_was_shown(database: Database) {
    let world = with_records(&database, 3).await;
    let before = world.store.record_head().await.expect("answered").mark;
    // Of a later time than this clock shows, as that of the license server was ahead once.
    let shown = |accepted| RecordsMark { accepted_at: Some(at(accepted)), records: 9, ..before };
    for accepted in [100, 300, 200] {
        assert_eq!(found(&world, shown(accepted), 2).await, RecordsComparison::Fewer);
    }
    assert_eq!(world.records().await.len(), 4, "it is recorded once that it is a restored one");
    assert!(world.store.accept_restored(world.secret(), at(5)).await.expect("answered"));
    let after = world.store.record_head().await.expect("answered").mark;
    assert_eq!(after.accepted_at, Some(at(301)));
    for accepted in [100, 300, 200] {
        assert_eq!(found(&world, shown(accepted), 6).await, RecordsComparison::GoOn);
    }
    assert_eq!(audited(&world, Some(shown(300))).await.fault, None);
}

pub(crate) async fn an_end_that_the_records_do_not_say_is_none(database: Database) {
    let world = LicenseWorld::new(database.store.clone());
    let said = async || world.store.authentic_head(world.secret()).await.expect("answered");
    assert_eq!(said().await.expect("a beginning").mark, RecordsMark::BEGIN);
    with_records(&database, 3).await;
    let head = said().await.expect("an end");
    assert_eq!(head.mark.records, 3);
    let (mac, other) = (head.mark.mac, RecordsMark::BEGIN.mac);
    for (forge, repair) in [
        ("records = 9".to_owned(), "records = 3".to_owned()),
        ("records = 2".to_owned(), "records = 3".to_owned()),
        (format!("records = 0, mac = '{mac}'"), "records = 3".to_owned()),
        (format!("mac = '{other}'"), format!("mac = '{mac}'")),
        ("accepted_at = 9000000000".to_owned(), "accepted_at = NULL".to_owned()),
    ] {
        database.execute(&format!("UPDATE license_record_head SET {forge}")).await;
        assert_eq!(said().await, None, "{forge}");
        database.execute(&format!("UPDATE license_record_head SET {repair}")).await;
        assert_eq!(said().await, Some(head), "{repair}");
    }
    for (forge, repair) in [
        ("'temporary', 'granted'", "'granted', 'temporary'"),
        ("'\"number\":3', '\"number\":4'", "'\"number\":4', '\"number\":3'"),
    ] {
        let change = |words| {
            format!("UPDATE license_records SET record = replace(record, {words}) WHERE number = 3")
        };
        database.execute(&change(forge)).await;
        assert_eq!(said().await, None, "{forge}");
        database.execute(&change(repair)).await;
        assert_eq!(said().await, Some(head), "{repair}");
    }
}

pub(crate) async fn what_a_gateway_has_seen_is_assigned_again(database: Database) {
    let world = LicenseWorld::new(database.store.clone());
    let id = world.install(&pack("1.0.0", 5)).await;
    let upgrade = world.install(&upgrade_pack("1.0.0", "2.0.0", 1)).await;
    let (ada, bob, eve, mia) = (client(), client(), client(), client());
    // The restored store has given the first seat to somebody else already, and knows an older license of Bob.
    for client in [ada, bob] {
        assert_eq!(world.outcome(client, "1.0.0", 1).await, Outcome::GRANTED);
    }
    let seat = |serial| SeatLicenseId::of_pack(id, serial, 0);
    let licenses = vec![
        presented(seat(1000), eve, "1.0.0", Some(id)),
        presented(seat(1001), bob, "2.0.0", Some(upgrade)),
        presented(seat(1003), mia, "1.0.0", Some(id)),
        presented(SeatLicenseId::temporary(), mia, "1.0.0", None),
        presented(SeatLicenseId::of_pack(parsed(&uuid()), 1, 0), mia, "1.0.0", Some(id)),
    ];
    let report = SeenReport { gateway: parsed("front"), licenses, now: at(2) };
    let take = async || world.store.take_report(world.secret(), &report).await.expect("answered");
    assert_eq!(take().await, 5);
    assert_eq!(take().await, 0, "of an unknown pack it is said once");
    assert_eq!((world.assigned(id).await, world.assigned(upgrade).await), (3, 1));
    let outcomes: Vec<_> =
        world.records().await.iter().skip(4).map(|it| it.decision.outcome).collect();
    assert_eq!(
        outcomes,
        [
            DecisionOutcome::SeatGrantedTwice,
            DecisionOutcome::Adopted,
            DecisionOutcome::Adopted,
            DecisionOutcome::Adopted,
            DecisionOutcome::Refused,
        ]
    );
    // Both licenses of the seat are issued again, until the operator revokes one.
    for client in [ada, eve, mia] {
        assert_eq!(world.outcome(client, "1.0.0", 3).await, Outcome::REISSUED);
    }
    assert_eq!(world.outcome(bob, "2.0.0", 3).await, Outcome::REISSUED);
    let mut revocation = Revocation {
        license_id: seat(1000),
        client: None,
        note: parsed("twice"),
        bars: false,
        now: at(4),
    };
    let revoke = async |revocation: &Revocation| {
        world.store.revoke_license(world.secret(), revocation).await.expect("answered")
    };
    assert_eq!(revoke(&revocation).await, Revoked::Ambiguous);
    revocation.client = Some(ada);
    assert_eq!(revoke(&revocation).await, Revoked::Done);
    assert_eq!(world.assigned(id).await, 3, "the other one has the seat");
    assert_eq!(world.outcome(eve, "1.0.0", 5).await, Outcome::REISSUED);
    revocation.client = Some(eve);
    assert_eq!(revoke(&revocation).await, Revoked::Done);
    assert_eq!(world.assigned(id).await, 2);
    assert_eq!(audited(&world, None).await.fault, None);
}

pub(crate) async fn what_is_presented_for_another_product_counts_for_requests_of_the_same_commit(
    database: Database,
) {
    let world = LicenseWorld::new(database.store.clone());
    let desk = world.install(&pack("1.0.0", 5)).await;
    let mut other = pack("1.0.0", 5);
    other.product.product_id = parsed("com.example.other");
    world.install(&other).await;
    let ada = client();
    let mut asks_other = case(ada, "1.0.0", 1);
    asks_other.wanted.product_id = other.product.product_id;
    let known_to_nobody = SeatLicenseId::of_pack(desk, 1003, 0);
    asks_other.presented = Some(presented(known_to_nobody, ada, "1.0.0", Some(desk)));
    let mut tasks = tokio::task::JoinSet::new();
    // The first is written alone, and the others gather meanwhile.
    for case in [case(client(), "2.0.0", 1), asks_other, case(ada, "1.0.0", 1)] {
        let world = world.clone();
        tasks.spawn(async move { Outcome::of(&world.ask(case).await) });
    }
    let outcomes = tasks.join_all().await;
    assert!(outcomes.contains(&Outcome::GRANTED), "{outcomes:?}");
    let records = world.records().await.into_iter().map(|record| record.decision);
    let of_desk = records.filter(|it| it.client_id == Some(ada) && it.pack_id == Some(desk));
    let outcomes: Vec<_> = of_desk.map(|it| it.outcome).collect();
    let (granted, reissued) = (DecisionOutcome::Granted, DecisionOutcome::Reissued);
    // Whichever was decided first.
    let adopted = DecisionOutcome::Adopted;
    assert!(
        [[adopted, reissued], [granted, adopted]].iter().any(|it| outcomes == it),
        "{outcomes:?}"
    );
}

pub(crate) async fn a_seat_is_not_free_while_a_client_has_a_later_license_of_it(
    database: Database,
) {
    let world = LicenseWorld::new(database.store.clone());
    let id = world.install(&pack("1.0.0", 1)).await;
    let revoke = async |license_id: SeatLicenseId, client: ClientId| {
        let revocation = Revocation {
            license_id,
            client: Some(client),
            note: parsed("again"),
            bars: false,
            now: at(4),
        };
        world.store.revoke_license(world.secret(), &revocation).await.expect("answered")
    };
    let turn = |turn| SeatLicenseId::of_pack(id, 1000, turn);
    let (ada, bob, eve) = (client(), client(), client());
    assert_eq!(world.outcome(ada, "1.0.0", 1).await, Outcome::GRANTED);
    // The store has forgotten that Ada's license was revoked, and that Bob and then Eve got its seat.
    for (client, number) in [(bob, 1), (eve, 2)] {
        let held = presented(turn(number), client, "1.0.0", Some(id));
        let with_license = LicenseCase { presented: Some(held), ..case(client, "1.0.0", 2) };
        assert_eq!(Outcome::of(&world.ask(with_license).await), Outcome::REISSUED);
    }
    for (license, client) in [(turn(0), ada), (turn(2), eve)] {
        assert_eq!(revoke(license, client).await, Revoked::Done);
        assert_eq!(world.assigned(id).await, 1, "Bob has the seat");
    }
    assert_eq!(revoke(turn(1), bob).await, Revoked::Done);
    assert_eq!(world.assigned(id).await, 0);
    assert_eq!(world.outcome(ada, "1.0.0", 6).await, Outcome::GRANTED);
    let licenses = world.licenses(LicenseQuery::OfClient(ada)).await;
    let living = licenses.iter().find(|it| it.revoked_at.is_none()).expect("a license");
    assert_eq!(living.license_id, turn(3), "an id that nobody had");
}

pub(crate) async fn an_upgrade_of_a_license_that_had_ended_is_assigned_again(database: Database) {
    let world = LicenseWorld::new(database.store.clone());
    let ends = LicensePack { ends_at: Some(at(50)), ..pack("2.0.0", 1) };
    let id = world.install(&ends).await;
    let upgrade = world.install(&upgrade_pack("1.0.0", "2.0.0", 1)).await;
    let ada = client();
    assert_eq!(world.outcome(ada, "2.0.0", 1).await, Outcome::GRANTED);
    let mut held = presented(SeatLicenseId::of_pack(id, 1000, 0), ada, "2.0.0", Some(upgrade));
    held.license.issued_at = at(60);
    let with_license = LicenseCase { presented: Some(held), ..case(ada, "2.0.0", 70) };
    assert_eq!(Outcome::of(&world.ask(with_license).await), Outcome::REISSUED);
    assert_eq!((world.assigned(id).await, world.assigned(upgrade).await), (1, 1));
}

pub(crate) async fn a_license_that_was_signed_anew_since_the_backup_stays_the_one(
    database: Database,
) {
    let world = LicenseWorld::new(database.store.clone());
    let id = world.install(&pack("1.0.0", 1)).await;
    let upgrade = world.install(&upgrade_pack("1.0.0", "2.0.0", 2)).await;
    let license_id = SeatLicenseId::of_pack(id, 1000, 0);
    let ada = client();
    let at_once = LicenseCase { way: Way::Upgrade, ..case(ada, "2.0.0", 2) };
    assert_eq!(world.outcome(ada, "1.0.0", 1).await, Outcome::GRANTED);
    assert_eq!(Outcome::of(&world.ask(at_once).await), Outcome::UPGRADED);
    let before = world.licenses(LicenseQuery::OfClient(ada)).await.remove(0);
    let signed = |issued_at| {
        let mut held = presented(license_id, ada, "2.0.0", Some(upgrade));
        held.license.issued_at = at(issued_at);
        held
    };
    let (older, anew) = (signed(4), signed(5));
    for (held, now) in [(&anew, 6), (&older, 7)] {
        let with_license = LicenseCase { presented: Some(held.clone()), ..case(ada, "2.0.0", now) };
        let (outcome, certificate) = (LicenseOutcome::Reissued, anew.certificate.clone());
        let expected = LicenseGrant::Issued { outcome, certificate };
        assert_eq!(world.ask(with_license).await, expected);
    }
    assert_eq!((world.assigned(id).await, world.assigned(upgrade).await), (1, 1));
    let revoked = world.store.revoked_certificates(at(8)).await.expect("answered");
    let serials = [&before.certificate_serial, &older.certificate_serial, &anew.certificate_serial];
    let is_revoked = |serial: &&Serial| revoked.iter().any(|revoked| revoked.serial == **serial);
    assert!(!serials.iter().any(is_revoked), "they are all of the same license");
}

fn uuid() -> String {
    uuid::Uuid::now_v7().to_string()
}
