//! Granting licenses, also to many at once.

use trybuy_formats::api::{OrderAnswer, OrderState};
use trybuy_formats::ids::{ChallengeId, ClientId, OrderId, PackId, PlatformType};
use trybuy_formats::instant::Span;
use trybuy_formats::licensing::pack::LicensePack;
use trybuy_server::license_server::license_state::LicenseState;
use trybuy_server::store::{
    DecisionOutcome, DecisionReason, LicenseCase, LicenseGrant, LicenseOrder, LicenseQuery,
    LicenseRecord, OrderSaid, PackInstallation, PackReason, Readmission, RecordQuery, Revocation,
    Revoked, Store, UsedChallenge, Way,
};

use crate::harness::Database;
use crate::license_samples::{
    LicenseWorld, Outcome, TEMPORARY, case, client, pack, product_id, upgrade_pack,
};
use crate::samples::{at, parsed};

pub(crate) async fn a_pack_is_installed_once(Database { store, .. }: Database) {
    let world = LicenseWorld::new(store);
    let pack = pack("1.0.0", 2);
    world.install(&pack).await;
    assert_eq!(world.outcome(client(), "1.0.0", 1).await, Outcome::GRANTED);
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let (world, pack) = (world.clone(), pack.clone());
        tasks.spawn(async move { world.store.install_pack(world.secret(), &pack, at(1)).await });
    }
    for again in tasks.join_all().await {
        assert_eq!(again.expect("answered"), PackInstallation::Again);
    }
    let installed = world.store.license_packs(None).await.expect("answered");
    assert_eq!(installed.len(), 1);
    assert_eq!((installed[0].assigned, installed[0].free()), (1, 1));
    assert_eq!(installed[0].pack, pack);
}

pub(crate) async fn an_order_has_one_pack(Database { store, .. }: Database) {
    let world = LicenseWorld::new(store);
    let first = pack("1.0.0", 2);
    world.install(&first).await;
    // As a clearinghouse that was restored from a backup issues it.
    let second = LicensePack { pack_id: PackId::new(), ..first.clone() };
    let installed = world.store.install_pack(world.secret(), &second, at(1)).await;
    assert_eq!(installed.expect("answered"), PackInstallation::OfSameOrder(first.pack_id));
    let packs = world.store.license_packs(None).await.expect("answered");
    assert_eq!(packs.len(), 1);
    let records = world.store.license_records(&RecordQuery::default()).await.expect("answered");
    let refused = &records.last().expect("a record").decision;
    assert_eq!(refused.outcome, DecisionOutcome::PackRefused);
    assert_eq!(refused.reason, Some(DecisionReason::Pack(PackReason::OrderInstalled)));
    assert_eq!(refused.pack_id, Some(second.pack_id));
}

pub(crate) async fn more_clients_than_seats_get_no_more_than_there_are(
    Database { store, url, .. }: Database,
) {
    let world = LicenseWorld::new(store);
    let id = world.install(&pack("1.0.0", 20)).await;
    // As two processes would.
    let other = LicenseWorld::new(Store::connect(&url).await.expect("connected"));
    let mut tasks = tokio::task::JoinSet::new();
    for number in 0..60 {
        let world = if number % 2 == 0 { world.clone() } else { other.clone() };
        tasks.spawn(async move { world.outcome(client(), "1.0.0", 1).await });
    }
    let outcomes = tasks.join_all().await;
    let count = |wanted| outcomes.iter().filter(|outcome| **outcome == wanted).count();
    assert_eq!((count(Outcome::GRANTED), count(Outcome::TEMPORARY)), (20, 40), "{outcomes:?}");
    assert_eq!(world.assigned(id).await, 20);
    let mut serials: Vec<u64> = world
        .licenses(LicenseQuery::OfPack(id))
        .await
        .iter()
        .map(|license| license.license_id.serial())
        .collect();
    serials.dedup();
    assert_eq!(serials, (1000..1020).collect::<Vec<u64>>());
    let numbers: Vec<u64> = world.records().await.iter().map(|record| record.number).collect();
    assert_eq!(numbers, (1..=61).collect::<Vec<u64>>());
    other.store.close().await;
}

pub(crate) async fn the_same_client_at_once_gets_one_seat(Database { store, .. }: Database) {
    let world = LicenseWorld::new(store);
    let id = world.install(&pack("1.0.0", 20)).await;
    let ada = client();
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..20 {
        let world = world.clone();
        tasks.spawn(async move { world.ask(case(ada, "1.0.0", 1)).await });
    }
    let grants = tasks.join_all().await;
    let granted = grants.iter().filter(|grant| Outcome::of(grant) == Outcome::GRANTED);
    assert_eq!(granted.count(), 1);
    let certificates: Vec<_> = grants.iter().map(certificate).collect();
    assert!(certificates.windows(2).all(|pair| pair[0] == pair[1]), "always the same license");
    assert_eq!(world.assigned(id).await, 1);
    assert_eq!(world.licenses(LicenseQuery::OfClient(ada)).await.len(), 1);
}

fn certificate(grant: &LicenseGrant) -> &[u8] {
    match grant {
        LicenseGrant::Issued { certificate, .. } => certificate,
        LicenseGrant::Refused(reason) => unreachable!("refused: {reason:?}"),
    }
}

pub(crate) async fn a_temporary_license_is_issued_once_ever(Database { store, .. }: Database) {
    let world = LicenseWorld::new(store);
    world.order("1.0.0").await;
    let ada = client();
    let first = world.ask(case(ada, "1.0.0", 1)).await;
    assert_eq!(Outcome::of(&first), Outcome::TEMPORARY);
    for now in [2, TEMPORARY] {
        let again = world.ask(case(ada, "1.0.0", now)).await;
        assert_eq!(Outcome::of(&again), Outcome::TEMPORARY_AGAIN);
        assert_eq!(certificate(&again), certificate(&first));
    }
    let (none_free, ended) = (DecisionReason::NoFreeLicense, DecisionReason::TemporaryEnded);
    assert_eq!(world.outcome(ada, "1.0.0", TEMPORARY + 2).await, Outcome::Refused(ended));
    assert_eq!(world.outcome(ada, "1.0.1", 2).await, Outcome::Refused(none_free));
    let reasons: Vec<_> = world.records().await.iter().map(|it| it.decision.reason).collect();
    assert_eq!(reasons, [none_free, none_free, none_free, ended, none_free].map(Some));
    // It is replaced by a permanent one as soon as there is one, and stays the only one afterwards.
    let id = world.install(&pack("1.0.0", 1)).await;
    assert_eq!(world.outcome(ada, "1.0.0", 3).await, Outcome::GRANTED);
    assert_eq!(world.outcome(ada, "1.0.0", 4).await, Outcome::REISSUED);
    assert_eq!(world.outcome(ada, "2.0.0", 5).await, Outcome::Refused(none_free));
    assert_eq!(world.assigned(id).await, 1);
    assert_eq!(world.store.temporary_licenses(None, None).await.expect("answered").len(), 1);
}

pub(crate) async fn an_upgrade_uses_exactly_one_upgrade_license(Database { store, .. }: Database) {
    let world = LicenseWorld::new(store);
    let old = world.install(&pack("1.0.0", 2)).await;
    let upgrade = world.install(&upgrade_pack("1.0.0", "2.0.0", 1)).await;
    let (ada, bob) = (client(), client());
    for client in [ada, bob] {
        assert_eq!(world.outcome(client, "1.0.0", 1).await, Outcome::GRANTED);
    }
    let before = world.licenses(LicenseQuery::OfClient(ada)).await.remove(0);
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..10 {
        let world = world.clone();
        let case = LicenseCase { way: Way::Upgrade, ..case(ada, "2.0.0", 2) };
        tasks.spawn(async move { Outcome::of(&world.ask(case).await) });
    }
    let outcomes = tasks.join_all().await;
    let upgraded = outcomes.iter().filter(|outcome| **outcome == Outcome::UPGRADED).count();
    let again = outcomes.iter().filter(|outcome| **outcome == Outcome::REISSUED).count();
    assert_eq!((upgraded, again), (1, 9), "{outcomes:?}");
    assert_eq!((world.assigned(old).await, world.assigned(upgrade).await), (2, 1));
    let after = world.licenses(LicenseQuery::OfClient(ada)).await;
    assert_eq!(after.len(), 1, "the record of the table is upgraded");
    assert_eq!(after[0].license_id, before.license_id);
    assert_eq!(
        (after[0].version.to_string(), after[0].upgraded_by),
        ("2.0.0".into(), Some(upgrade))
    );
    let revoked = world.store.revoked_certificates(at(3)).await.expect("answered");
    assert_eq!(revoked.len(), 1);
    assert_eq!(revoked[0].serial, before.certificate_serial);
    // Nothing is left for the other one, who keeps what there is.
    let without = LicenseCase { way: Way::Upgrade, ..case(bob, "2.0.0", 2) };
    let refused = Outcome::of(&world.ask(without).await);
    assert_eq!(refused, Outcome::Refused(DecisionReason::NoUpgrade));
    assert_eq!(world.outcome(bob, "1.0.0", 3).await, Outcome::REISSUED);
}

pub(crate) async fn a_revoked_seat_is_granted_again(Database { store, .. }: Database) {
    let world = LicenseWorld::new(store);
    let id = world.install(&pack("1.0.0", 1)).await;
    let upgrade = world.install(&upgrade_pack("1.0.0", "2.0.0", 1)).await;
    let (ada, bob) = (client(), client());
    assert_eq!(world.outcome(ada, "1.0.0", 1).await, Outcome::GRANTED);
    assert_eq!(world.outcome(ada, "2.0.0", 2).await, Outcome::UPGRADED);
    let license_id = world.licenses(LicenseQuery::OfClient(ada)).await[0].license_id;
    let note = parsed("Machine was sold");
    let revocation = Revocation { license_id, client: None, note, bars: false, now: at(3) };
    for expected in [Revoked::Done, Revoked::Before] {
        let revoked = world.store.revoke_license(world.secret(), &revocation).await;
        assert_eq!(revoked.expect("answered"), expected);
    }
    assert_eq!((world.assigned(id).await, world.assigned(upgrade).await), (0, 0));
    assert_eq!(world.store.revoked_certificates(at(4)).await.expect("answered").len(), 2);
    assert_eq!(world.outcome(bob, "1.0.0", 4).await, Outcome::GRANTED);
    let again = world.licenses(LicenseQuery::OfClient(bob)).await[0].license_id;
    assert_eq!((again.serial(), again.turn()), (license_id.serial(), 1));
    assert_eq!(world.outcome(bob, "2.0.0", 5).await, Outcome::UPGRADED);
    assert_eq!(world.outcome(ada, "1.0.0", 6).await, Outcome::TEMPORARY);
}

pub(crate) async fn a_client_whose_license_was_revoked_gets_none_until_it_is_readmitted(
    Database { store, .. }: Database,
) {
    let world = LicenseWorld::new(store);
    world.order("3.0.0").await;
    world.install(&pack("1.0.0", 5)).await;
    world.install(&upgrade_pack("1.0.0", "2.0.0", 5)).await;
    let [ada, bob, temporary] = [client(), client(), client()];
    assert_eq!(world.outcome(ada, "1.0.0", 1).await, Outcome::GRANTED);
    assert_eq!(world.outcome(bob, "1.0.0", 1).await, Outcome::GRANTED);
    assert_eq!(world.outcome(temporary, "3.0.0", 1).await, Outcome::TEMPORARY);
    let permanent = world.licenses(LicenseQuery::OfClient(ada)).await[0].license_id;
    let of_a_day =
        world.store.temporary_licenses(None, None).await.expect("answered")[0].license.license_id;
    for license_id in [permanent, of_a_day] {
        let note = parsed("Machine was stolen");
        let revocation = Revocation { license_id, client: None, note, bars: true, now: at(2) };
        let revoked = world.store.revoke_license(world.secret(), &revocation).await;
        assert_eq!(revoked.expect("answered"), Revoked::Done);
    }
    let barred = Outcome::Refused(DecisionReason::ClientBarred);
    for (client, version, expected) in [
        (ada, "1.0.0", barred),
        (ada, "2.0.0", barred),
        (temporary, "3.0.0", barred),
        (bob, "2.0.0", Outcome::UPGRADED),
    ] {
        assert_eq!(world.outcome(client, version, 3).await, expected);
    }
    let listed = world.store.barred_clients(None).await.expect("answered");
    assert_eq!(listed.len(), 2);
    let rest = world.store.barred_clients(Some(&listed[0])).await.expect("answered");
    assert_eq!(rest, listed[1..]);
    let readmission = Readmission {
        client_id: ada,
        product_id: product_id(),
        note: parsed("It was found"),
        now: at(4),
    };
    for was_barred in [true, false] {
        let readmitted = world.store.readmit_client(world.secret(), &readmission).await;
        assert_eq!(readmitted.expect("answered"), was_barred);
    }
    assert_eq!(world.outcome(ada, "1.0.0", 5).await, Outcome::GRANTED);
    // A temporary license that was revoked was the only one.
    let readmission = Readmission { client_id: temporary, ..readmission };
    let readmitted = world.store.readmit_client(world.secret(), &readmission).await;
    assert!(readmitted.expect("answered"));
    let revoked = Outcome::Refused(DecisionReason::TemporaryRevoked);
    assert_eq!(world.outcome(temporary, "3.0.0", 5).await, revoked);
    let records = world.records().await;
    let readmitted = |record: &&LicenseRecord| {
        record.decision.outcome == DecisionOutcome::Readmitted
            && record.decision.client_id == Some(ada)
    };
    assert_eq!(records.iter().filter(readmitted).count(), 1);
}

pub(crate) async fn who_is_barred_keeps_no_temporary_license(Database { store, .. }: Database) {
    let world = LicenseWorld::new(store);
    world.order("1.0.0").await;
    let ada = client();
    assert_eq!(world.outcome(ada, "1.0.0", 1).await, Outcome::TEMPORARY);
    world.install(&pack("1.0.0", 1)).await;
    assert_eq!(world.outcome(ada, "1.0.0", 2).await, Outcome::GRANTED);
    let license_id = world.licenses(LicenseQuery::OfClient(ada)).await[0].license_id;
    let note = parsed("Machine was stolen");
    let revocation = Revocation { license_id, client: None, note, bars: true, now: at(3) };
    let revoked = world.store.revoke_license(world.secret(), &revocation).await;
    assert_eq!(revoked.expect("answered"), Revoked::Done);
    assert_eq!(world.store.revoked_certificates(at(4)).await.expect("answered").len(), 2);
    let records = world.records().await.into_iter();
    let revoked = records.filter(|it| it.decision.outcome == DecisionOutcome::Revoked);
    let licenses: Vec<_> = revoked.filter_map(|it| it.decision.license_id).collect();
    let temporary =
        world.store.temporary_licenses(None, None).await.expect("answered")[0].license.license_id;
    assert_eq!(licenses, [license_id, temporary]);
}

pub(crate) async fn an_order_has_the_pack_that_was_made_for_it(Database { store, .. }: Database) {
    let world = LicenseWorld::new(store);
    let (mine, other) = (pack("1.0.0", 1), pack("1.0.0", 1));
    let order = LicenseOrder {
        order_id: mine.order_id,
        document: "signed".into(),
        product: mine.product.clone(),
        quantity: 1,
        ordered_at: at(1),
        said: None,
        pack_id: None,
    };
    world.store.keep_license_order(&order).await.expect("kept");
    world.install(&other).await;
    let kept = async || world.store.license_orders(None).await.expect("answered").remove(0);
    assert_eq!(kept().await, order);
    let answer = OrderAnswer {
        order_id: mine.order_id,
        state: OrderState::Issued,
        fee: 1,
        currency: parsed("EUR"),
    };
    let said = OrderSaid::Answer(answer);
    world.store.keep_order_said(mine.order_id, &said).await.expect("kept");
    world.install(&mine).await;
    let expected = LicenseOrder { said: Some(said), pack_id: Some(mine.pack_id), ..order };
    assert_eq!(kept().await, expected);
    let pack_of = async |id| world.store.pack_of_order(id).await.expect("answered");
    assert_eq!(pack_of(mine.order_id).await, Some(mine.pack_id));
    assert_eq!(pack_of(other.order_id).await, Some(other.pack_id));
    assert_eq!(pack_of(OrderId::new()).await, None);
}

pub(crate) async fn a_listed_license_says_what_has_become_of_it(Database { store, .. }: Database) {
    let world = LicenseWorld::new(store);
    let (ada, bob, eve) = (client(), client(), client());
    world.order("1.0.0").await;
    for client in [ada, bob, eve] {
        assert_eq!(world.outcome(client, "1.0.0", 1).await, Outcome::TEMPORARY);
    }
    let id = world.install(&LicensePack { ends_at: Some(at(90)), ..pack("1.0.0", 1) }).await;
    assert_eq!(world.outcome(ada, "1.0.0", 2).await, Outcome::GRANTED);
    let temporary = async |client, now| {
        let listed = world.store.temporary_licenses(Some(client), None).await.expect("answered");
        assert_eq!(listed.len(), 1);
        assert_eq!(listed[0].license.client_id, client);
        (LicenseState::of_temporary(&listed[0], at(now)), listed[0].license.license_id)
    };
    let (state, license_id) = temporary(bob, 3).await;
    assert_eq!(state, LicenseState::Valid);
    let note = parsed("Machine was stolen");
    let revocation = Revocation { license_id, client: None, note, bars: false, now: at(3) };
    world.store.revoke_license(world.secret(), &revocation).await.expect("answered");
    assert_eq!(temporary(ada, 4).await.0, LicenseState::Replaced);
    assert_eq!(temporary(bob, 4).await.0, LicenseState::Revoked);
    assert_eq!(temporary(eve, TEMPORARY).await.0, LicenseState::Valid);
    assert_eq!(temporary(eve, TEMPORARY + 1).await.0, LicenseState::Ended);
    let all = world.store.temporary_licenses(None, None).await.expect("answered");
    assert_eq!(all.len(), 3);
    assert_eq!(
        world.store.temporary_licenses(None, Some(&all[0])).await.expect("answered"),
        all[1..]
    );
    let assigned = async |now| {
        let licenses = world.licenses(LicenseQuery::OfClient(ada)).await;
        LicenseState::of_assigned(&licenses[0], at(now))
    };
    assert_eq!(assigned(89).await, LicenseState::Valid);
    assert_eq!(assigned(90).await, LicenseState::Ended);
    let license_id = world.licenses(LicenseQuery::OfClient(ada)).await[0].license_id;
    let revocation = Revocation { license_id, ..revocation };
    world.store.revoke_license(world.secret(), &revocation).await.expect("answered");
    assert_eq!(assigned(90).await, LicenseState::Revoked);
    assert_eq!(temporary(ada, 4).await.0, LicenseState::Valid, "it is the only one again");
    let installed = world.store.license_pack(id).await.expect("answered").expect("installed");
    let begin = installed.pack.first_active_at;
    for (now, state) in [
        (begin.minus(Span::seconds(1)), LicenseState::NotActiveYet),
        (begin, LicenseState::Valid),
        (at(90), LicenseState::Ended),
    ] {
        assert_eq!(LicenseState::of_free(&installed, now), state);
    }
}

pub(crate) async fn an_upgrade_counts_as_bought_where_there_is_something_to_upgrade(
    Database { store, .. }: Database,
) {
    const DAYS: u64 = 86_400;
    let world = LicenseWorld::new(store);
    let refused = Outcome::Refused(DecisionReason::NotOrdered);
    let upgrade =
        LicensePack { first_active_at: at(90 * DAYS), ..upgrade_pack("2.0.0", "3.0.0", 1) };
    let ordered = world.order("1.0.0").await;
    let order = |product: &LicensePack| LicenseOrder {
        order_id: product.order_id,
        product: product.product.clone(),
        ..ordered.clone()
    };
    assert_eq!(world.outcome(client(), "3.0.0", 1).await, refused);
    world.store.keep_license_order(&order(&upgrade)).await.expect("kept");
    assert_eq!(world.outcome(client(), "3.0.0", 1).await, refused, "nothing that it upgrades");
    world.install(&upgrade).await;
    assert_eq!(world.outcome(client(), "3.0.0", 1).await, refused, "nothing that it upgrades");
    let newer = pack("4.0.0", 1);
    world.store.keep_license_order(&order(&newer)).await.expect("kept");
    assert_eq!(world.outcome(client(), "3.0.0", 1).await, Outcome::TEMPORARY, "a full one");
    let ends_at = Some(at(80 * DAYS));
    world
        .install(&LicensePack { first_active_at: at(79 * DAYS), ends_at, ..pack("2.0.0", 1) })
        .await;
    for (day, expected) in [(70, Outcome::TEMPORARY), (139, Outcome::TEMPORARY), (140, refused)] {
        assert_eq!(world.outcome(client(), "3.0.0", day * DAYS).await, expected, "on day {day}");
    }
}

pub(crate) async fn an_order_counts_however_much_else_was_ordered_since(
    Database { store, .. }: Database,
) {
    let world = LicenseWorld::new(store);
    let order = world.order("1.0.0").await;
    for number in 0..220_u64 {
        let mut product = order.product.clone();
        product.product_id = parsed("com.example.other");
        let (order_id, ordered_at) = (OrderId::new(), at(1 + number));
        let order = LicenseOrder { order_id, product, ordered_at, ..order.clone() };
        world.store.keep_license_order(&order).await.expect("kept");
    }
    assert_eq!(world.outcome(client(), "1.0.0", 500).await, Outcome::TEMPORARY);
}

pub(crate) async fn a_temporary_license_is_replaced_by_what_is_for_the_same(
    Database { store, .. }: Database,
) {
    let world = LicenseWorld::new(store);
    let ordered = enabling("2.0.0", &["print", "scan"], 1);
    let order = LicenseOrder { product: ordered.product.clone(), ..world.order("1.0.0").await };
    let order = LicenseOrder { order_id: ordered.order_id, ..order };
    world.store.keep_license_order(&order).await.expect("kept");
    let windows = |mut pack: LicensePack| {
        pack.product.platform_type = PlatformType::Windows;
        pack
    };
    for (pack, wanted, replaced) in [
        (enabling("1.0.0", &["print", "scan"], 1), ("1.0.0", &[][..]), false),
        (enabling("2.0.0", &["print"], 1), ("2.0.0", &["print"]), false),
        (windows(enabling("2.0.0", &["print", "scan"], 1)), ("2.0.0", &["print"]), false),
        (enabling("2.0.0", &["print", "scan"], 1), ("2.0.0", &["print"]), true),
        (enabling("2.1.0", &["mail", "print", "scan"], 1), ("2.0.0", &["print"]), true),
    ] {
        let ada = client();
        let temporary = world.ask(wants(ada, "2.0.0", &["print", "scan"], 1)).await;
        assert_eq!(Outcome::of(&temporary), Outcome::TEMPORARY, "{pack:?}");
        world.install(&LicensePack { ends_at: Some(at(90)), ..pack.clone() }).await;
        let mut wanted = wants(ada, wanted.0, wanted.1, 2);
        wanted.wanted.platform_type = pack.product.platform_type;
        assert_eq!(Outcome::of(&world.ask(wanted).await), Outcome::GRANTED, "{pack:?}");
        let listed = world.store.temporary_licenses(Some(ada), None).await.expect("answered");
        let states = [3, 90].map(|now| LicenseState::of_temporary(&listed[0], at(now)));
        let expected = if replaced { LicenseState::Replaced } else { LicenseState::Valid };
        assert_eq!(states, [expected, LicenseState::Valid], "{pack:?}");
    }
}

pub(crate) async fn a_temporary_license_is_for_its_platform_type(Database { store, .. }: Database) {
    let world = LicenseWorld::new(store);
    world.order("1.0.0").await;
    let ada = client();
    assert_eq!(world.outcome(ada, "1.0.0", 1).await, Outcome::TEMPORARY);
    let mut other = case(ada, "1.0.0", 2);
    other.wanted.platform_type = PlatformType::Windows;
    let refused = Outcome::Refused(DecisionReason::NoFreeLicense);
    assert_eq!(Outcome::of(&world.ask(other).await), refused);
    assert_eq!(world.outcome(ada, "1.0.0", 3).await, Outcome::TEMPORARY_AGAIN);
}

pub(crate) async fn a_license_for_which_there_is_an_upgrade_is_upgraded(
    Database { store, .. }: Database,
) {
    let world = LicenseWorld::new(store);
    world.install(&enabling("2.0.0", &["scan"], 1)).await;
    world.install(&enabling("1.0.0", &["print"], 1)).await;
    let mut upgrade = upgrade_pack("1.0.0", "3.0.0", 1);
    upgrade.product.features = vec![parsed("print")];
    world.install(&upgrade).await;
    let ada = client();
    for (version, feature) in [("2.0.0", "scan"), ("1.0.0", "print")] {
        let granted = world.ask(wants(ada, version, &[feature], 1)).await;
        assert_eq!(Outcome::of(&granted), Outcome::GRANTED);
    }
    // For the newer license, which has another feature, there is none.
    assert_eq!(world.outcome(ada, "3.0.0", 2).await, Outcome::UPGRADED);
    let mut versions: Vec<String> = world
        .licenses(LicenseQuery::OfClient(ada))
        .await
        .iter()
        .map(|license| license.version.to_string())
        .collect();
    versions.sort();
    assert_eq!(versions, ["2.0.0", "3.0.0"]);
}

pub(crate) async fn requests_of_one_client_at_once_build_on_each_other(
    Database { store, .. }: Database,
) {
    let world = LicenseWorld::new(store);
    let full = world.install(&pack("1.0.0", 2)).await;
    let upgrade = world.install(&upgrade_pack("1.0.0", "2.0.0", 2)).await;
    let ada = client();
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..4 {
        for version in ["1.0.0", "2.0.0"] {
            let world = world.clone();
            tasks.spawn(async move { world.outcome(ada, version, 1).await });
        }
    }
    let outcomes = tasks.join_all().await;
    let count = |wanted| outcomes.iter().filter(|outcome| **outcome == wanted).count();
    // Who asks for version 2 first gets an upgraded license at once.
    assert_eq!(count(Outcome::GRANTED), 1, "{outcomes:?}");
    assert!(count(Outcome::UPGRADED) <= 1 && count(Outcome::TEMPORARY) == 0, "{outcomes:?}");
    assert_eq!(world.outcome(ada, "2.0.0", 2).await, Outcome::REISSUED);
    assert_eq!((world.assigned(full).await, world.assigned(upgrade).await), (1, 1));
    assert_eq!(world.licenses(LicenseQuery::OfClient(ada)).await.len(), 1);
}

pub(crate) async fn requests_at_once_go_on_with_the_next_pack(Database { store, .. }: Database) {
    let world = LicenseWorld::new(store);
    let mut packs = Vec::new();
    for version in ["1.0.0", "1.1.0", "2.0.0"] {
        packs.push(world.install(&pack(version, 7)).await);
    }
    let mut tasks = tokio::task::JoinSet::new();
    for number in 0..20 {
        let world = world.clone();
        let version = if number % 2 == 0 { "1.0.0" } else { "1.1.0" };
        tasks.spawn(async move { world.outcome(client(), version, 1).await });
    }
    let outcomes = tasks.join_all().await;
    assert!(outcomes.iter().all(|outcome| *outcome == Outcome::GRANTED), "{outcomes:?}");
    let mut assigned = Vec::new();
    for pack in packs {
        assigned.push(world.assigned(pack).await);
        let serials = world.licenses(LicenseQuery::OfPack(pack)).await.into_iter();
        let serials: Vec<u64> = serials.map(|license| license.license_id.serial()).collect();
        let count = u64::from(*assigned.last().expect("pushed"));
        assert_eq!(serials, (1000..1000 + count).collect::<Vec<u64>>());
    }
    assert_eq!(assigned, [7, 7, 6], "the least sufficient first");
}

pub(crate) async fn packs_have_their_dates_versions_and_platforms(
    Database { store, .. }: Database,
) {
    let world = LicenseWorld::new(store);
    let mut later = pack("1.0.0", 9);
    later.first_active_at = at(100);
    let mut ended = pack("1.0.0", 9);
    ended.ends_at = Some(at(50));
    let mut windows = pack("1.0.0", 9);
    windows.product.platform_type = PlatformType::Windows;
    for pack in [&later, &ended, &windows, &pack("0.9.0", 9)] {
        world.install(pack).await;
    }
    let ada = client();
    assert_eq!(world.outcome(ada, "1.0.0", 60).await, Outcome::TEMPORARY);
    assert_eq!(world.outcome(ada, "1.0.0", 99).await, Outcome::TEMPORARY_AGAIN);
    assert_eq!(world.outcome(ada, "1.0.0", 100).await, Outcome::GRANTED);
    let bob = client();
    assert_eq!(world.outcome(bob, "1.0.0", 49).await, Outcome::GRANTED);
    assert_eq!(world.licenses(LicenseQuery::OfClient(bob)).await[0].pack_id, ended.pack_id);
    assert_eq!(world.outcome(bob, "1.0.0", 50).await, Outcome::TEMPORARY, "it has ended");
}

pub(crate) async fn the_least_sufficient_license_is_taken_first(Database { store, .. }: Database) {
    let world = LicenseWorld::new(store);
    let ending = |version, end, issued| {
        let mut pack = pack(version, 1);
        pack.ends_at = end;
        pack.issued_at = issued;
        pack
    };
    let in_order = [
        ending("1.0.0", Some(at(500)), at(9)),
        ending("1.0.0", Some(at(900)), at(1)),
        ending("1.0.0", Some(at(900)), at(2)),
        ending("1.0.0", None, at(0)),
        ending("2.0.0-rc.1", None, at(0)),
        ending("2.0.0", Some(at(10)), at(0)),
    ];
    for pack in in_order.iter().rev() {
        world.install(pack).await;
    }
    for expected in &in_order {
        let client = client();
        assert_eq!(world.outcome(client, "1.0.0", 1).await, Outcome::GRANTED);
        let license = world.licenses(LicenseQuery::OfClient(client)).await.remove(0);
        assert_eq!(license.pack_id, expected.pack_id);
    }
    assert_eq!(world.outcome(client(), "1.0.0", 1).await, Outcome::TEMPORARY);
}

pub(crate) async fn a_newer_license_does_for_an_older_version(Database { store, .. }: Database) {
    let world = LicenseWorld::new(store);
    let id = world.install(&pack("5.1.0", 3)).await;
    let ada = client();
    assert_eq!(world.outcome(ada, "4.0.0", 1).await, Outcome::GRANTED);
    for version in ["5.1.0", "5.0.0", "3.0.0"] {
        assert_eq!(world.outcome(ada, version, 2).await, Outcome::REISSUED);
    }
    let newer = world.outcome(ada, "5.2.0", 3).await;
    assert_eq!(newer, Outcome::Refused(DecisionReason::NotOrdered));
    assert_eq!(world.assigned(id).await, 1);
}

pub(crate) async fn a_challenge_is_used_once_whatever_came_of_it(Database { store, .. }: Database) {
    let world = LicenseWorld::new(store);
    world.install(&pack("1.0.0", 3)).await;
    let ada = client();
    let wrong =
        LicenseCase { refused: Some(DecisionReason::ChallengeWrong), ..case(ada, "1.0.0", 1) };
    let right = LicenseCase { refused: None, ..wrong.clone() };
    let refused = Outcome::of(&world.ask(wrong).await);
    assert_eq!(refused, Outcome::Refused(DecisionReason::ChallengeWrong));
    for _ in 0..2 {
        let repeated = Outcome::of(&world.ask(right.clone()).await);
        assert_eq!(repeated, Outcome::Refused(DecisionReason::ChallengeRepeated));
    }
    assert_eq!(world.records().await.len(), 4, "one a request, and the pack");
}

pub(crate) async fn a_challenge_that_was_forgotten_is_answered_by_no_clock(
    Database { store, .. }: Database,
) {
    let world = LicenseWorld::new(store);
    world.install(&pack("1.0.0", 3)).await;
    let store = &world.store;
    let period = async || store.record_head().await.expect("answered").challenge_period;
    let used = UsedChallenge { id: ChallengeId::new(), period: period().await };
    // What any license server would ask whose clock says so.
    let asked = async |id, period, now| {
        let (ada, challenge) = (client(), Some(UsedChallenge { id, period }));
        let way = Way::Challenge { software_id: parsed("0200000100000001"), challenge };
        Outcome::of(&world.ask(LicenseCase { way, ..case(ada, "1.0.0", now) }).await)
    };
    let repeated = Outcome::Refused(DecisionReason::ChallengeRepeated);
    let late = Outcome::Refused(DecisionReason::ChallengeLate);
    assert_eq!(asked(used.id, used.period, 1).await, Outcome::GRANTED);
    for (ended, is_remembered, again) in
        [(0, true, repeated), (1, true, repeated), (2, false, late), (3, false, late)]
    {
        assert_eq!(period().await, used.period + ended);
        let remembered = store.is_challenge_used(used).await.expect("answered");
        assert_eq!(remembered, is_remembered, "after {ended} periods");
        for now in [1, 100_000, 0] {
            assert_eq!(asked(used.id, used.period, now).await, again, "after {ended}, at {now}");
        }
        // Two license servers find at once that a period is over.
        let now = period().await;
        for _ in 0..2 {
            store.end_challenge_period(now).await.expect("ended");
        }
    }
    let now = period().await;
    for (made, expected) in
        [(now - 2, late), (now - 1, Outcome::GRANTED), (now, Outcome::GRANTED), (now + 1, late)]
    {
        assert_eq!(asked(ChallengeId::new(), made, 1).await, expected, "of {made} in {now}");
    }
}

pub(crate) async fn a_failing_license_takes_no_other_along(Database { store, .. }: Database) {
    let world = LicenseWorld::new(store);
    let id = world.install(&pack("1.0.0", 60)).await;
    let mut tasks = tokio::task::JoinSet::new();
    for number in 0..60 {
        let bad = number % 10 == 3;
        let mut case = case(client(), "1.0.0", 1);
        if bad {
            case.wanted.client_key = b"fails".to_vec();
        }
        let world = world.clone();
        tasks.spawn(async move { (bad, world.store.grant_license(&world.granting, case).await) });
    }
    for (bad, outcome) in tasks.join_all().await {
        assert_eq!(outcome.is_err(), bad, "{outcome:?}");
    }
    assert_eq!(world.assigned(id).await, 54);
    assert_eq!(world.records().await.len(), 55);
}

pub(crate) async fn licenses_are_found_by_pack_and_client_and_free_ones_by_number(
    Database { store, .. }: Database,
) {
    let world = LicenseWorld::new(store);
    let first = world.install(&pack("1.0.0", 5)).await;
    let second = world.install(&pack("2.0.0", 5)).await;
    let clients: Vec<ClientId> = (0..3).map(|_| client()).collect();
    for client in &clients {
        assert_eq!(world.outcome(*client, "1.0.0", 1).await, Outcome::GRANTED);
    }
    assert_eq!(world.outcome(clients[0], "2.0.0", 1).await, Outcome::GRANTED);
    let of_first = world.licenses(LicenseQuery::OfPack(first)).await;
    assert_eq!(of_first.iter().map(|it| it.client_id).collect::<Vec<_>>(), clients);
    let page = world.store.licenses(LicenseQuery::OfPack(first), Some(&of_first[1])).await;
    assert_eq!(page.expect("answered"), of_first[2..]);
    let of_client = world.licenses(LicenseQuery::OfClient(clients[0])).await;
    assert_eq!(of_client.iter().map(|it| it.pack_id).collect::<Vec<_>>(), [first, second]);
    assert_eq!(world.licenses(LicenseQuery::All).await.len(), 4);
    let free = world.store.free_licenses(None).await.expect("answered");
    let ranges: Vec<_> =
        free.iter().map(|it| (it.pack_id, it.first_serial, it.last_serial)).collect();
    assert_eq!(ranges, [(first, 1003, 1004), (second, 1001, 1004)]);
    let outcomes: Vec<_> = world.records().await.iter().map(|it| it.decision.outcome).collect();
    assert_eq!(
        outcomes[..3],
        [DecisionOutcome::PackInstalled, DecisionOutcome::PackInstalled, DecisionOutcome::Granted]
    );
}

/// Licenses of a version with these features.
fn enabling(version: &str, features: &[&str], quantity: u32) -> LicensePack {
    let mut pack = pack(version, quantity);
    pack.product.features = features.iter().map(|name| parsed(name)).collect();
    pack
}

/// A client that asks for a version with these features.
fn wants(client: ClientId, version: &str, features: &[&str], now: u64) -> LicenseCase {
    let mut case = case(client, version, now);
    case.wanted.features = features.iter().map(|name| parsed(name)).collect();
    case
}

pub(crate) async fn a_license_has_the_features_that_are_wanted(Database { store, .. }: Database) {
    let world = LicenseWorld::new(store);
    let both = world.install(&enabling("1.0.0", &["export", "print"], 9)).await;
    let plain = world.install(&enabling("1.0.0", &[], 9)).await;
    let newer = world.install(&enabling("2.0.0", &["print"], 9)).await;
    let ada = client();
    for (features, expected, pack) in [
        // The fewest features that do, so that others are left to those who need them.
        (&[][..], Outcome::GRANTED, plain),
        (&["print"], Outcome::GRANTED, both),
        (&["export", "print"], Outcome::REISSUED, both),
        (&["export"], Outcome::REISSUED, both),
        (&[], Outcome::REISSUED, both),
    ] {
        let grant = world.ask(wants(ada, "1.0.0", features, 1)).await;
        assert_eq!(Outcome::of(&grant), expected, "{features:?}");
        let records = world.records().await;
        let last = &records.last().expect("recorded").decision;
        assert_eq!(last.features, wants(ada, "1.0.0", features, 1).wanted.features);
        let held = world.licenses(LicenseQuery::OfClient(ada)).await;
        assert!(held.iter().any(|license| license.pack_id == pack), "{features:?}");
    }
    // Whatever it asks for in whatever order: one license of each kind.
    for version in ["1.0.0", "2.0.0", "1.0.0", "2.0.0"] {
        for features in [&["print"][..], &["export"], &[], &["export", "print"]] {
            world.ask(wants(ada, version, features, 2)).await;
        }
    }
    for pack in [both, plain, newer] {
        assert_eq!(world.assigned(pack).await, 1);
    }
    assert!(world.store.temporary_licenses(None, None).await.expect("answered").is_empty());
}

pub(crate) async fn an_upgrade_has_the_features_of_what_it_upgrades(
    Database { store, .. }: Database,
) {
    let world = LicenseWorld::new(store);
    world.install(&enabling("1.0.0", &["print"], 1)).await;
    let mut upgrades = Vec::new();
    for features in [&[][..], &["export"], &["export", "print"]] {
        let mut pack = enabling("2.0.0", features, 1);
        pack.product.license_type = upgrade_pack("1.0.0", "2.0.0", 1).product.license_type;
        upgrades.push(world.install(&pack).await);
    }
    let ada = client();
    assert_eq!(world.outcome(ada, "1.0.0", 1).await, Outcome::GRANTED);
    let case = LicenseCase { way: Way::Upgrade, ..wants(ada, "2.0.0", &["export"], 2) };
    assert_eq!(Outcome::of(&world.ask(case).await), Outcome::UPGRADED);
    let license = world.licenses(LicenseQuery::OfClient(ada)).await.remove(0);
    assert_eq!(license.upgraded_by, Some(upgrades[2]));
    assert_eq!(license.features, [parsed("export"), parsed("print")]);
}

pub(crate) async fn a_temporary_license_has_the_features_that_are_wanted(
    Database { store, .. }: Database,
) {
    let world = LicenseWorld::new(store);
    let pack = world.install(&enabling("1.0.0", &["export", "print"], 1)).await;
    let (ada, bob) = (client(), client());
    assert_eq!(world.outcome(bob, "1.0.0", 1).await, Outcome::GRANTED);
    let temporary = world.ask(wants(ada, "1.0.0", &["print"], 1)).await;
    assert_eq!(Outcome::of(&temporary), Outcome::TEMPORARY);
    let stored = world.store.temporary_licenses(None, None).await.expect("answered");
    assert_eq!(
        stored[0].license.features,
        [parsed("export"), parsed("print")],
        "as one of the pack has"
    );
    let again = world.ask(wants(ada, "1.0.0", &["export"], 2)).await;
    assert_eq!(Outcome::of(&again), Outcome::TEMPORARY_AGAIN);
    let other = world.ask(wants(ada, "1.0.0", &["scan"], 2)).await;
    assert_eq!(Outcome::of(&other), Outcome::Refused(DecisionReason::NoFreeLicense));
    assert_eq!(world.assigned(pack).await, 1);
}

pub(crate) async fn an_upgraded_seat_that_was_given_back_is_granted_with_its_upgrade(
    Database { store, .. }: Database,
) {
    let world = LicenseWorld::new(store);
    let seat = world.install(&pack("3.0.0", 2)).await;
    let upgrade = world.install(&upgrade_pack("3.0.0", "4.0.0", 1)).await;
    world.install(&pack("2.0.0", 1)).await;
    let [ada, bob, mia] = [client(), client(), client()];
    assert_eq!(world.outcome(ada, "3.0.0", 1).await, Outcome::GRANTED);
    assert_eq!(world.outcome(ada, "4.0.0", 2).await, Outcome::UPGRADED);
    let license_id = world.licenses(LicenseQuery::OfClient(ada)).await[0].license_id;
    let note = parsed("Machine was sold");
    let revocation = Revocation { license_id, client: None, note, bars: false, now: at(3) };
    let revoked = world.store.revoke_license(world.secret(), &revocation).await;
    assert_eq!(revoked.expect("answered"), Revoked::Done);
    let only_upgrade = LicenseCase { way: Way::Upgrade, ..case(bob, "4.0.0", 4) };
    let refused = Outcome::of(&world.ask(only_upgrade).await);
    assert_eq!(refused, Outcome::Refused(DecisionReason::NoUpgrade));
    assert_eq!(world.outcome(bob, "4.0.0", 4).await, Outcome::GRANTED);
    let license = world.licenses(LicenseQuery::OfClient(bob)).await.remove(0);
    assert_eq!((license.pack_id, license.upgraded_by), (seat, Some(upgrade)));
    assert_eq!((license.version, license.license_id.turn()), (parsed("4.0.0"), 1));
    let records = world.records().await;
    let last = &records.last().expect("recorded").decision;
    assert_eq!((last.outcome, last.pack_id), (DecisionOutcome::Granted, Some(upgrade)));
    assert_eq!(last.license_id, Some(license.license_id));
    assert_eq!((world.assigned(seat).await, world.assigned(upgrade).await), (1, 1));
    // It is issued again and given back as every other one; without an upgrade license the old one is left alone.
    assert_eq!(world.outcome(bob, "4.0.0", 5).await, Outcome::REISSUED);
    assert_eq!(world.outcome(mia, "4.0.0", 5).await, Outcome::TEMPORARY);
    let note = parsed("Machine was sold");
    let license_id = license.license_id;
    let revocation = Revocation { license_id, client: None, note, bars: false, now: at(6) };
    let revoked = world.store.revoke_license(world.secret(), &revocation).await;
    assert_eq!(revoked.expect("answered"), Revoked::Done);
    assert_eq!((world.assigned(seat).await, world.assigned(upgrade).await), (0, 0));
    assert_eq!(world.outcome(mia, "4.0.0", 7).await, Outcome::GRANTED);
}

pub(crate) async fn requests_at_once_take_each_seat_with_one_upgrade(
    Database { store, .. }: Database,
) {
    let world = LicenseWorld::new(store);
    let seat = world.install(&pack("1.0.0", 8)).await;
    let upgrade = world.install(&upgrade_pack("1.0.0", "2.0.0", 5)).await;
    let mut tasks = tokio::task::JoinSet::new();
    for number in 0..20 {
        let world = world.clone();
        let version = if number % 2 == 0 { "1.0.0" } else { "2.0.0" };
        tasks.spawn(async move { world.outcome(client(), version, 1).await });
    }
    let outcomes = tasks.join_all().await;
    let count = |wanted| outcomes.iter().filter(|outcome| **outcome == wanted).count();
    assert_eq!((count(Outcome::GRANTED), count(Outcome::TEMPORARY)), (8, 12), "{outcomes:?}");
    assert_eq!(world.assigned(seat).await, 8);
    let licenses = world.licenses(LicenseQuery::OfPack(seat)).await;
    let upgraded = licenses.iter().filter(|license| license.upgraded_by == Some(upgrade)).count();
    assert_eq!(world.assigned(upgrade).await, u32::try_from(upgraded).expect("few"));
    let mut serials: Vec<u64> = licenses.iter().map(|it| it.license_id.serial()).collect();
    serials.dedup();
    assert_eq!(serials.len(), 8);
}

pub(crate) async fn a_temporary_license_is_given_only_for_what_was_bought(
    Database { store, .. }: Database,
) {
    const DAYS: u64 = 86_400;
    let world = LicenseWorld::new(store);
    let outcome =
        async |version: &str, day: u64| world.outcome(client(), version, day * DAYS).await;
    let refused = Outcome::Refused(DecisionReason::NotOrdered);
    assert_eq!(outcome("1.0.0", 0).await, refused);
    let last = world.records().await.pop().expect("recorded").decision;
    assert_eq!(
        (last.outcome, last.reason),
        (DecisionOutcome::Refused, Some(DecisionReason::NotOrdered))
    );
    // An order does for two months, if it is fulfilled.
    let order = world.order("2.0.0").await;
    for (version, day, expected) in [
        ("1.0.0", 0, Outcome::TEMPORARY),
        ("2.0.0", 59, Outcome::TEMPORARY),
        ("2.0.0", 60, refused),
        ("2.0.1", 0, refused),
    ] {
        assert_eq!(outcome(version, day).await, expected, "{version} on day {day}");
    }
    let mut case = case(client(), "2.0.0", 0);
    case.wanted.platform_type = PlatformType::Windows;
    assert_eq!(Outcome::of(&world.ask(case).await), refused, "others were ordered");
    assert_eq!(Outcome::of(&world.ask(wants(client(), "2.0.0", &["scan"], 0)).await), refused);
    let (state, currency) = (OrderState::Cancelled, parsed("EUR"));
    let answer = OrderAnswer { order_id: order.order_id, state, fee: 1, currency };
    let said = OrderSaid::Answer(answer);
    world.store.keep_order_said(order.order_id, &said).await.expect("kept");
    assert_eq!(outcome("2.0.0", 1).await, refused);
    // A pack does as long as its licenses last, and for two months more.
    let mut pack = pack("2.0.0", 1);
    pack.first_active_at = at(10 * DAYS);
    pack.ends_at = Some(at(20 * DAYS));
    world.install(&pack).await;
    for (day, expected) in [
        (5, Outcome::TEMPORARY),
        (15, Outcome::GRANTED),
        (15, Outcome::TEMPORARY),
        (79, Outcome::TEMPORARY),
        (80, refused),
    ] {
        assert_eq!(outcome("2.0.0", day).await, expected, "on day {day}");
    }
}
