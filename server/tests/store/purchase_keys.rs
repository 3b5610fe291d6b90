//! Purchase keys: made, read and revoked.

use trybuy_formats::ids::Digest;
use trybuy_formats::instant::Span;
use trybuy_server::store::{
    Grant, KeyBatchId, KeyRecord, KeyRevoked, NewKeys, PurchaseKeyId, Redeemed, Store, VendorId,
};

use crate::harness::Database;
use crate::purchases::{license, redeemed};
use crate::samples::{
    LINUX, World, actor, at, parsed, publish, random_digest, registered, release,
};

/// Keys of the world's application, for so many Builders each.
pub(crate) fn keys(world: &World, number: usize, builders: u32) -> NewKeys {
    NewKeys {
        batch: KeyBatchId::new(),
        application: world.application().clone(),
        label: "web shop".to_owned(),
        license_duration: Some(Span::seconds(1000)),
        builders,
        created_at: at(0),
        keys: (0..number).map(|_| (PurchaseKeyId::new(), random_digest())).collect(),
    }
}

/// Makes one key for so many Builders.
pub(crate) async fn key(store: &Store, world: &World, builders: u32) -> PurchaseKeyId {
    let keys = keys(world, 1, builders);
    store.create_keys(&keys).await.expect("stored");
    keys.keys[0].0
}

/// A key as it is listed.
pub(crate) async fn listed(store: &Store, world: &World, key: PurchaseKeyId) -> KeyRecord {
    let page = store.purchase_keys(world.application(), None, 100).await.expect("answered");
    page.entries.into_iter().find(|record| record.id == key).expect("it is listed")
}

async fn vendor_id(store: &Store, name: &str) -> VendorId {
    actor(store, name).await.vendor.id
}

fn record(keys: &NewKeys, number: usize) -> KeyRecord {
    KeyRecord {
        id: keys.keys[number].0,
        batch: keys.batch,
        application: keys.application.clone(),
        label: keys.label.clone(),
        license_duration: keys.license_duration,
        builders: keys.builders,
        created_at: keys.created_at,
        licensee_id: None,
        redeemed_at: None,
        ends_at: None,
        revoked_at: None,
    }
}

pub(crate) async fn keys_are_listed_in_pages_as_they_were_made(Database { store, .. }: Database) {
    let world = World::new(&store).await;
    let first = keys(&world, 3, 2);
    let endless = NewKeys { license_duration: None, ..keys(&world, 2, 1) };
    let mut expected = Vec::new();
    for keys in [&first, &endless] {
        store.create_keys(keys).await.expect("stored");
        expected.extend((0..keys.keys.len()).map(|number| record(keys, number)));
    }
    let (mut found, mut after) = (Vec::new(), None);
    loop {
        let page = store.purchase_keys(world.application(), after, 2).await.expect("answered");
        after = page.entries.last().map(|last| last.id);
        found.extend(page.entries);
        if !page.more {
            break;
        }
    }
    assert_eq!(found, expected);
}

pub(crate) async fn a_key_is_one_of_its_own_application(Database { store, .. }: Database) {
    let world = World::new(&store).await;
    let vendor = actor(&store, "Example Ltd").await.vendor;
    publish(&store, &release(&vendor, "com.example.chart", "1.0.0", LINUX)).await;
    let keys = keys(&world, 1, 1);
    store.create_keys(&keys).await.expect("stored");
    let found = async |application: &str, hash: &Digest| {
        store.purchase_key(&parsed(application), hash).await.expect("answered")
    };
    let hash = &keys.keys[0].1;
    assert_eq!(found("com.example.sketch", hash).await, Some(record(&keys, 0)));
    // Also where the other application is of the same vendor.
    assert_eq!(found("com.example.chart", hash).await, None);
    assert_eq!(found("com.example.sketch", &random_digest()).await, None);
    let elsewhere = store.purchase_keys(&parsed("com.example.chart"), None, 10).await;
    assert_eq!(elsewhere.expect("answered").entries, []);
}

pub(crate) async fn keys_are_made_together_or_not_at_all(Database { store, .. }: Database) {
    let world = World::new(&store).await;
    let mut keys = keys(&world, 3, 1);
    keys.keys[2].1 = keys.keys[0].1;
    store.create_keys(&keys).await.expect_err("two keys of one text");
    let page = store.purchase_keys(world.application(), None, 10).await.expect("answered");
    assert_eq!(page.entries, []);
}

pub(crate) async fn nothing_is_bought_with_a_revoked_key(Database { store, .. }: Database) {
    let world = World::new(&store).await;
    let (own, rival) = (vendor_id(&store, "Example Ltd").await, vendor_id(&store, "Rival").await);
    let id = key(&store, &world, 1).await;
    let revoke = async |vendor| store.revoke_key(vendor, id, false, at(5)).await.expect("answered");
    assert_eq!(revoke(rival).await, KeyRevoked::NoKey, "it is not theirs");
    assert_eq!(listed(&store, &world, id).await.revoked_at, None);
    assert_eq!(revoke(own).await, KeyRevoked::Done);
    assert_eq!(revoke(own).await, KeyRevoked::NoKey, "it was before");
    let outcome = redeemed(&store, &license(&world, &world.builder, id, at(10))).await;
    assert_eq!(outcome, Redeemed::Changed);
    assert!(store.trials_of(world.builder.license_id).await.expect("answered").is_empty());
    let record = listed(&store, &world, id).await;
    assert_eq!((record.revoked_at, record.licensee_id), (Some(at(5)), None));
}

pub(crate) async fn a_key_is_revoked_or_bought_with_and_not_both(Database { store, .. }: Database) {
    let world = World::new(&store).await;
    let own = vendor_id(&store, "Example Ltd").await;
    for _ in 0..10 {
        let (id, bob) = (key(&store, &world, 1).await, registered(&store).await);
        let redemption = license(&world, &bob, id, at(10));
        let (bought, revoked) =
            tokio::join!(redeemed(&store, &redemption), store.revoke_key(own, id, false, at(10)));
        let outcome = (bought, revoked.expect("answered"));
        let one_of_two = matches!(
            outcome,
            (Redeemed::Done(_), KeyRevoked::Redeemed) | (Redeemed::Changed, KeyRevoked::Done)
        );
        assert!(one_of_two, "{outcome:?}");
        let licenses = store.trials_of(bob.license_id).await.expect("answered").len();
        assert_eq!(licenses, usize::from(outcome.1 == KeyRevoked::Redeemed));
    }
}

pub(crate) async fn the_licenses_of_a_revoked_key_end_where_that_is_wanted(
    Database { store, .. }: Database,
) {
    let world = World::new(&store).await;
    let own = vendor_id(&store, "Example Ltd").await;
    let (id, other) = (key(&store, &world, 2).await, key(&store, &world, 1).await);
    let redemption = license(&world, &world.builder, id, at(10));
    assert!(matches!(redeemed(&store, &redemption).await, Redeemed::Done(_)));
    let bob = registered(&store).await;
    let another = license(&world, &bob, other, at(10));
    assert!(matches!(redeemed(&store, &another).await, Redeemed::Done(_)));
    let eve = registered(&store).await;
    let trial = world.request_of(&eve, at(10));
    assert_eq!(store.grant_trial(&trial).await.expect("answered"), Grant::Granted);
    let ends = async |license| {
        let trials = store.trials_of(license).await.expect("answered");
        assert_eq!(trials.len(), 1);
        (trials[0].trial.ends_at, trials[0].head_due)
    };
    let revoke = async |end, now| store.revoke_key(own, id, end, now).await.expect("answered");
    assert_eq!(revoke(false, at(20)).await, KeyRevoked::Redeemed);
    assert_eq!(ends(world.builder.license_id).await, (Some(at(1010)), 1));
    assert_eq!(revoke(true, at(30)).await, KeyRevoked::Done);
    assert_eq!(ends(world.builder.license_id).await, (Some(at(30)), 2));
    assert_eq!(ends(bob.license_id).await, (Some(at(1010)), 1), "it is of another key");
    assert_eq!(ends(eve.license_id).await, (trial.trial.ends_at, 1), "it was not bought");
    assert_eq!(listed(&store, &world, id).await.licensee_id, Some(world.builder.licensee_id));
}
