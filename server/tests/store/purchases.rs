//! Licenses that are bought with a key, also by several at once.

use trybuy_formats::control::LicenseKind;
use trybuy_formats::instant::{Instant, Span};
use trybuy_formats::policy::{Limits, TrialPolicy};
use trybuy_server::store::{
    Bought, ConvertedTrial, Grant, NewBuilder, Purchase, PurchaseKeyId, Redeemed, Redemption,
    Store, TrialRecord,
};

use crate::harness::Database;
use crate::purchase_keys::{key, listed};
use crate::samples::{World, at, builder, random_digest, register, registered};

/// What the keys of the cases buy.
const DURATION: Span = Span::seconds(1000);

/// The purchase of a license by a Builder that has no trial.
pub(crate) fn license(
    world: &World,
    buyer: &NewBuilder,
    key: PurchaseKeyId,
    now: Instant,
) -> Redemption {
    let ends_at = Some(now.plus(DURATION));
    let mut request = world.request_of(buyer, now);
    request.trial.kind = LicenseKind::Purchase;
    request.trial.counted = false;
    request.trial.ends_at = ends_at;
    request.trial.purchase = Some(Purchase { at: now, key: Some(key), terms: None });
    let (licensee, license) = (buyer.licensee_id, buyer.license_id);
    Redemption {
        key,
        licensee,
        license,
        now,
        ends_at,
        terms: None,
        of: Bought::New(request.into()),
    }
}

/// The purchase of what a Builder tries, or has bought before, until then.
pub(crate) fn conversion(
    record: &TrialRecord,
    key: PurchaseKeyId,
    now: Instant,
    ends_at: Option<Instant>,
) -> Redemption {
    let trial = &record.trial;
    let policy = TrialPolicy { limits: Limits::default(), ..trial.policy };
    Redemption {
        key,
        licensee: trial.licensee_id,
        license: trial.license_id,
        now,
        ends_at,
        terms: Some(random_digest()),
        of: Bought::Trial(ConvertedTrial { id: trial.id, head_due: record.head_due, policy }),
    }
}

/// The same with another end of the license.
fn until(mut redemption: Redemption, ends_at: Option<Instant>) -> Redemption {
    redemption.ends_at = ends_at;
    if let Bought::New(request) = &mut redemption.of {
        request.trial.ends_at = ends_at;
    }
    redemption
}

pub(crate) async fn redeemed(store: &Store, redemption: &Redemption) -> Redeemed {
    store.redeem(redemption).await.expect("answered")
}

/// What a Builder has of the application.
async fn the_one(store: &Store, builder: &NewBuilder) -> TrialRecord {
    let trials = store.trials_of(builder.license_id).await.expect("answered");
    let [one] = trials.try_into().expect("one");
    one
}

async fn tried(store: &Store, world: &World, builder: &NewBuilder) -> TrialRecord {
    let request = world.request_of(builder, at(0));
    assert_eq!(store.grant_trial(&request).await.expect("answered"), Grant::Granted);
    the_one(store, builder).await
}

/// Further Builders of the world's licensee.
async fn more_builders(store: &Store, world: &World, number: usize) -> Vec<NewBuilder> {
    let mut builders = Vec::new();
    for _ in 0..number {
        let new = NewBuilder { licensee_id: world.builder.licensee_id, ..builder() };
        register(store, &new).await;
        builders.push(new);
    }
    builders
}

/// All of them at once.
async fn at_once(store: &Store, redemptions: Vec<Redemption>) -> Vec<Redeemed> {
    let mut tasks = tokio::task::JoinSet::new();
    for redemption in redemptions {
        let store = store.clone();
        tasks.spawn(async move { redeemed(&store, &redemption).await });
    }
    tasks.join_all().await
}

fn done(outcomes: &[Redeemed]) -> usize {
    outcomes.iter().filter(|outcome| matches!(outcome, Redeemed::Done(_))).count()
}

pub(crate) async fn a_trial_becomes_a_license(Database { store, .. }: Database) {
    let world = World::new(&store).await;
    let key = key(&store, &world, 1).await;
    let trial = tried(&store, &world, &world.builder).await;
    let bought = conversion(&trial, key, at(10), Some(at(1010)));
    assert_eq!(redeemed(&store, &bought).await, Redeemed::Done(trial.trial.id));
    let mut expected = trial.clone();
    expected.trial.kind = LicenseKind::Purchase;
    expected.trial.ends_at = Some(at(1010));
    expected.trial.policy.limits = Limits::default();
    expected.trial.purchase = Some(Purchase { at: at(10), key: Some(key), terms: bought.terms });
    expected.head_due = 2;
    assert_eq!(the_one(&store, &world.builder).await, expected);
    let record = listed(&store, &world, key).await;
    assert_eq!(
        (record.licensee_id, record.redeemed_at, record.ends_at),
        (Some(world.builder.licensee_id), Some(at(10)), Some(at(1010)))
    );
}

pub(crate) async fn of_buyers_at_once_with_one_key_one_gets_the_license(
    Database { store, .. }: Database,
) {
    let world = World::new(&store).await;
    let key = key(&store, &world, 3).await;
    let (mut buyers, mut redemptions) = (Vec::new(), Vec::new());
    for number in 0..10 {
        let buyer = registered(&store).await;
        redemptions.push(if number % 2 == 0 {
            license(&world, &buyer, key, at(10))
        } else {
            conversion(&tried(&store, &world, &buyer).await, key, at(10), Some(at(1010)))
        });
        buyers.push(buyer);
    }
    let outcomes = at_once(&store, redemptions).await;
    assert_eq!(done(&outcomes), 1, "{outcomes:?}");
    let refused = outcomes.iter().filter(|outcome| **outcome == Redeemed::Changed).count();
    assert_eq!(refused, 9, "{outcomes:?}");
    let owner = listed(&store, &world, key).await.licensee_id.expect("somebody");
    for buyer in &buyers {
        let trials = store.trials_of(buyer.license_id).await.expect("answered");
        let bought = trials.iter().any(|record| record.trial.kind == LicenseKind::Purchase);
        assert_eq!(bought, buyer.licensee_id == owner);
    }
}

pub(crate) async fn a_key_is_used_on_as_many_builders_as_it_is_for(
    Database { store, .. }: Database,
) {
    let world = World::new(&store).await;
    for most in [1, 3] {
        let key = key(&store, &world, most).await;
        let builders = more_builders(&store, &world, 6).await;
        let purchase = |builder| license(&world, builder, key, at(10));
        let outcomes = at_once(&store, builders.iter().map(purchase).collect()).await;
        assert_eq!(done(&outcomes), most as usize, "{outcomes:?}");
        let refused = outcomes.iter().filter(|one| **one == Redeemed::NoMoreBuilders).count();
        assert_eq!(refused, 6 - most as usize, "{outcomes:?}");
        let mut used = 0;
        for builder in &builders {
            used += store.trials_of(builder.license_id).await.expect("answered").len();
        }
        assert_eq!(used, most as usize, "and nothing of those that were refused");
    }
}

pub(crate) async fn a_builder_that_goes_on_with_another_key_still_uses_the_first(
    Database { store, .. }: Database,
) {
    let world = World::new(&store).await;
    let (first, second) = (key(&store, &world, 1).await, key(&store, &world, 1).await);
    let bought = license(&world, &world.builder, first, at(10));
    assert_eq!(done(&[redeemed(&store, &bought).await]), 1);
    let record = the_one(&store, &world.builder).await;
    let end = record.trial.ends_at.expect("an end");
    let continued = conversion(&record, second, at(20), Some(end.plus(DURATION)));
    assert_eq!(done(&[redeemed(&store, &continued).await]), 1);
    assert_eq!(the_one(&store, &world.builder).await.trial.ends_at, Some(at(2010)));
    assert_eq!(listed(&store, &world, first).await.ends_at, Some(at(1010)));
    assert_eq!(listed(&store, &world, second).await.ends_at, Some(at(2010)));
    for (key, ends_at) in [(first, at(1010)), (second, at(2010))] {
        let [other] = more_builders(&store, &world, 1).await.try_into().expect("one");
        let further = until(license(&world, &other, key, at(30)), Some(ends_at));
        assert_eq!(redeemed(&store, &further).await, Redeemed::NoMoreBuilders, "{ends_at:?}");
    }
}

pub(crate) async fn what_was_decided_on_something_older_is_not_done(
    Database { store, .. }: Database,
) {
    let world = World::new(&store).await;
    let (first, second) = (key(&store, &world, 2).await, key(&store, &world, 2).await);
    let trial = tried(&store, &world, &world.builder).await;
    // Two keys at once, each of which would be the first one: no key is lost.
    let both = [first, second].map(|key| conversion(&trial, key, at(10), Some(at(1010))));
    let outcomes = at_once(&store, both.to_vec()).await;
    assert_eq!(done(&outcomes), 1, "{outcomes:?}");
    assert!(outcomes.contains(&Redeemed::Changed), "{outcomes:?}");
    let (mut used, mut unused) = (Vec::new(), Vec::new());
    for key in [first, second] {
        let record = listed(&store, &world, key).await;
        if record.licensee_id.is_some() { &mut used } else { &mut unused }.push(key);
    }
    assert_eq!((used.len(), unused.len()), (1, 1));
    // The end of a used key's licenses is settled.
    let [other] = more_builders(&store, &world, 1).await.try_into().expect("one");
    let late = license(&world, &other, used[0], at(11));
    assert_eq!(redeemed(&store, &late).await, Redeemed::Changed);
    assert!(store.trials_of(other.license_id).await.expect("answered").is_empty());
}

pub(crate) async fn a_purchase_that_is_sent_again_changes_nothing(
    Database { store, .. }: Database,
) {
    let world = World::new(&store).await;
    let key = key(&store, &world, 2).await;
    let bought = conversion(&tried(&store, &world, &world.builder).await, key, at(10), None);
    let [other] = more_builders(&store, &world, 1).await.try_into().expect("one");
    let new = until(license(&world, &other, key, at(20)), None);
    for (redemption, of) in [(bought, &world.builder), (new, &other)] {
        let outcomes = at_once(&store, vec![redemption.clone(); 5]).await;
        assert_eq!(done(&outcomes), 1, "{outcomes:?}");
        let (record, of_key) = (the_one(&store, of).await, listed(&store, &world, key).await);
        let later = Redemption { now: at(500), ..redemption };
        assert_eq!(redeemed(&store, &later).await, Redeemed::Changed);
        assert_eq!(the_one(&store, of).await, record);
        assert_eq!(listed(&store, &world, key).await, of_key);
    }
}

pub(crate) async fn a_purchase_is_no_trial_that_was_used(Database { store, .. }: Database) {
    let world = World::new(&store).await;
    let key = key(&store, &world, 2).await;
    let bought = license(&world, &world.builder, key, at(0));
    assert_eq!(done(&[redeemed(&store, &bought).await]), 1);
    let [other] = more_builders(&store, &world, 1).await.try_into().expect("one");
    assert_eq!(world.standing_of(&other, &store, at(5)).await.used, 0);
    // A trial stays one when it is bought; and its licensee has bought before, on another Builder.
    let trial = tried(&store, &world, &other).await;
    let page = store.requests(world.application(), None, 10).await.expect("answered");
    let of_trial = page.entries.iter().find(|one| one.purchased_at.is_none()).expect("the trial");
    assert!(of_trial.converted);
    let converted = conversion(&trial, key, at(10), Some(at(1000)));
    assert_eq!(done(&[redeemed(&store, &converted).await]), 1);
    for builder in [&world.builder, &other] {
        assert_eq!(world.standing_of(builder, &store, at(20)).await.used, 1);
    }
    let page = store.requests(world.application(), None, 10).await.expect("answered");
    let listed: Vec<_> = page.entries.iter().map(|one| (one.counted, one.purchased_at)).collect();
    assert_eq!(listed.len(), 2);
    assert!(listed.contains(&(false, Some(at(0)))) && listed.contains(&(true, Some(at(10)))));
}
