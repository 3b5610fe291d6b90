//! What vendors give by hand: it never takes anything away.

use trybuy_formats::api::Gift;
use trybuy_formats::control::LicenseKind;
use trybuy_formats::ids::LicenseeId;
use trybuy_formats::instant::{Instant, Span};
use trybuy_formats::policy::Limits;
use trybuy_server::store::{
    Actor, Given, Grant, NewBuilder, NewGift, Redeemed, Store, TrialRecord,
};

use crate::harness::Database;
use crate::purchase_keys::key;
use crate::purchases::{conversion, redeemed};
use crate::samples::{World, actor, at, builder, register, registered};

/// When everything is given.
const NOW: u64 = 50;

fn gift(world: &World, by: &Actor, gift: Gift) -> NewGift {
    NewGift {
        application: world.application().clone(),
        licensee: world.builder.licensee_id,
        gift,
        given_at: at(NOW),
        given_by: by.token,
    }
}

async fn given(store: &Store, gift: &NewGift) -> Given {
    store.give(gift).await.expect("answered")
}

/// What a Builder has of the application: one trial or license.
async fn the_one(store: &Store, builder: &NewBuilder) -> TrialRecord {
    let trials = store.trials_of(builder.license_id).await.expect("answered");
    let [one] = trials.try_into().expect("one");
    one
}

/// Makes a Builder of the world's licensee that has a trial or license until then.
async fn builder_until(
    store: &Store,
    world: &World,
    kind: LicenseKind,
    ends_at: Option<Instant>,
) -> NewBuilder {
    let new = NewBuilder { licensee_id: world.builder.licensee_id, ..builder() };
    register(store, &new).await;
    let mut request = world.request_of(&new, at(0));
    (request.trial.kind, request.trial.ends_at, request.trial.counted) = (kind, ends_at, false);
    assert_eq!(store.grant_trial(&request).await.expect("answered"), Grant::Granted);
    new
}

/// What the licensee's Builders have, what is given, and until when they have it then.
struct Case {
    had: &'static [(LicenseKind, Option<u64>)],
    gift: Gift,
    given: Option<u64>,
    have: &'static [Option<u64>],
}

const fn extension(seconds: u64) -> Gift {
    Gift::Extension { by: Span::seconds(seconds) }
}

const fn license(seconds: u64) -> Gift {
    Gift::License { duration: Some(Span::seconds(seconds)) }
}

const FOR_EVER: Gift = Gift::License { duration: None };
const TRIAL: LicenseKind = LicenseKind::Trial;
const PURCHASE: LicenseKind = LicenseKind::Purchase;

const CASES: [Case; 11] = [
    // From the end of what runs.
    Case { had: &[(TRIAL, Some(100))], gift: extension(10), given: Some(110), have: &[Some(110)] },
    // From now where it is over.
    Case { had: &[(TRIAL, Some(20))], gift: extension(10), given: Some(60), have: &[Some(60)] },
    Case {
        had: &[(PURCHASE, Some(90))],
        gift: extension(10),
        given: Some(100),
        have: &[Some(100)],
    },
    // On each Builder from its own end.
    Case {
        had: &[(TRIAL, Some(20)), (PURCHASE, Some(900)), (TRIAL, Some(100))],
        gift: extension(10),
        given: Some(910),
        have: &[Some(60), Some(910), Some(110)],
    },
    // A license from now, but not until before what there is.
    Case { had: &[(TRIAL, Some(20))], gift: license(10), given: Some(60), have: &[Some(60)] },
    Case { had: &[(TRIAL, Some(100))], gift: license(10), given: Some(100), have: &[Some(100)] },
    // One that was bought is continued.
    Case { had: &[(PURCHASE, Some(900))], gift: license(99), given: Some(999), have: &[Some(999)] },
    Case {
        had: &[(TRIAL, Some(100)), (PURCHASE, Some(900))],
        gift: license(99),
        given: Some(999),
        have: &[Some(149), Some(999)],
    },
    Case { had: &[(PURCHASE, Some(900))], gift: FOR_EVER, given: None, have: &[None] },
    // What has no end keeps having none, beside what has one.
    Case {
        had: &[(PURCHASE, None), (TRIAL, Some(100))],
        gift: license(99),
        given: Some(149),
        have: &[None, Some(149)],
    },
    Case {
        had: &[(PURCHASE, None), (PURCHASE, Some(100))],
        gift: extension(10),
        given: Some(110),
        have: &[None, Some(110)],
    },
];

pub(crate) async fn a_gift_shortens_nothing(Database { store, .. }: Database) {
    let mut world = World::new(&store).await;
    let by = actor(&store, "Example Ltd").await;
    for (number, case) in CASES.iter().enumerate() {
        world.builder.licensee_id = LicenseeId::new();
        let mut builders = Vec::new();
        for (kind, ends_at) in case.had {
            builders.push(builder_until(&store, &world, *kind, ends_at.map(at)).await);
        }
        let outcome = given(&store, &gift(&world, &by, case.gift)).await;
        assert_eq!(outcome, Given::Done(case.given.map(at)), "{number}");
        for ((builder, (kind, had)), have) in builders.iter().zip(case.had).zip(case.have) {
            let record = the_one(&store, builder).await;
            assert_eq!(record.trial.ends_at, have.map(at), "{number}");
            let was_changed = had.is_some();
            assert_eq!(record.head_due, 1 + u64::from(was_changed), "{number}");
            let is_license = matches!(case.gift, Gift::License { .. }) && was_changed;
            let kind = if is_license { PURCHASE } else { *kind };
            assert_eq!(record.trial.kind, kind, "{number}");
            assert_eq!(record.trial.policy.limits == Limits::default(), is_license, "{number}");
        }
    }
}

pub(crate) async fn what_has_no_end_is_given_none(Database { store, .. }: Database) {
    let world = World::new(&store).await;
    let by = actor(&store, "Example Ltd").await;
    let owner = builder_until(&store, &world, PURCHASE, None).await;
    let before = the_one(&store, &owner).await;
    for what in [extension(10), license(10), FOR_EVER] {
        assert_eq!(given(&store, &gift(&world, &by, what)).await, Given::Endless, "{what:?}");
    }
    assert_eq!(the_one(&store, &owner).await, before);
    // Trials are no end.
    let trials = gift(&world, &by, Gift::Trials { number: 1 });
    assert_eq!(given(&store, &trials).await, Given::Done(None));
}

pub(crate) async fn only_who_asked_for_the_application_is_given_anything(
    Database { store, .. }: Database,
) {
    let world = World::new(&store).await;
    let by = actor(&store, "Example Ltd").await;
    let bob = registered(&store).await;
    builder_until(&store, &world, TRIAL, Some(at(100))).await;
    for what in [Gift::Trials { number: 1 }, extension(10), license(10), FOR_EVER] {
        let gift = NewGift { licensee: bob.licensee_id, ..gift(&world, &by, what) };
        assert_eq!(given(&store, &gift).await, Given::NoTrial, "{what:?}");
    }
    assert_eq!(world.standing_of(&bob, &store, at(NOW)).await.extra, 0);
}

pub(crate) async fn only_the_newest_trial_of_a_builder_goes_on(Database { store, .. }: Database) {
    let world = World::new(&store).await;
    let by = actor(&store, "Example Ltd").await;
    for second in [0, 200] {
        let outcome = store.grant_trial(&world.request(at(second))).await.expect("answered");
        assert_eq!(outcome, Grant::Granted);
    }
    let given_at = at(250);
    let gift = NewGift { given_at, ..gift(&world, &by, extension(10)) };
    assert_eq!(given(&store, &gift).await, Given::Done(Some(at(310))));
    let trials = store.trials_of(world.builder.license_id).await.expect("answered");
    let ends: Vec<_> = trials.iter().map(|record| record.trial.ends_at).collect();
    assert_eq!(ends, [Some(at(310)), Some(at(100))]);
}

pub(crate) async fn trials_that_are_given_add_up_to_a_thousand(Database { store, .. }: Database) {
    let world = World::new(&store).await;
    let by = actor(&store, "Example Ltd").await;
    let request = world.request(at(0));
    assert_eq!(store.grant_trial(&request).await.expect("answered"), Grant::Granted);
    for (number, extra) in [(3, 3), (10, 13), (986, 999), (10, 1000), (1, 1000)] {
        let gift = gift(&world, &by, Gift::Trials { number });
        assert_eq!(given(&store, &gift).await, Given::Done(None));
        let standing = world.standing(&store, at(NOW)).await;
        assert_eq!((standing.extra, standing.used), (extra, 1));
    }
    let bob = registered(&store).await;
    assert_eq!(world.standing_of(&bob, &store, at(NOW)).await.extra, 0, "theirs alone");
    assert_eq!(the_one(&store, &world.builder).await.trial, request.trial);
}

pub(crate) async fn gifts_at_once_are_all_given(Database { store, .. }: Database) {
    let world = World::new(&store).await;
    let by = actor(&store, "Example Ltd").await;
    let tried = builder_until(&store, &world, TRIAL, Some(at(100))).await;
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..5 {
        for what in [extension(10), Gift::Trials { number: 2 }] {
            let (store, gift) = (store.clone(), gift(&world, &by, what));
            tasks.spawn(async move { given(&store, &gift).await });
        }
    }
    for outcome in tasks.join_all().await {
        assert!(matches!(outcome, Given::Done(_)), "{outcome:?}");
    }
    let record = the_one(&store, &tried).await;
    assert_eq!((record.trial.ends_at, record.head_due), (Some(at(150)), 6));
    assert_eq!(world.standing(&store, at(NOW)).await.extra, 10);
}

pub(crate) async fn a_purchase_takes_nothing_of_what_was_given_meanwhile(
    Database { store, .. }: Database,
) {
    let world = World::new(&store).await;
    let by = actor(&store, "Example Ltd").await;
    for what in [extension(5000), license(5000), FOR_EVER] {
        let key = key(&store, &world, 1).await;
        let tried = builder_until(&store, &world, TRIAL, Some(at(100))).await;
        let looked_at = the_one(&store, &tried).await;
        assert!(matches!(given(&store, &gift(&world, &by, what)).await, Given::Done(_)));
        let record = the_one(&store, &tried).await;
        let bought = conversion(&looked_at, key, at(NOW), Some(at(1000)));
        assert_eq!(redeemed(&store, &bought).await, Redeemed::Changed, "{what:?}");
        assert_eq!(the_one(&store, &tried).await, record, "{what:?}");
    }
}
