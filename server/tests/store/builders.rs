//! Registered Builders.

use trybuy_formats::ids::LicenseId;
use trybuy_server::store::{NewBuilder, Registration};

use crate::harness::Database;
use crate::samples::{at, builder, digest, email_key, registered, untouched};

pub(crate) async fn a_builder_comes_back_as_it_registered(Database { store, .. }: Database) {
    let ada = registered(&store).await;
    let found = store.builder(ada.license_id).await.expect("answered");
    assert_eq!(found, Some(untouched(ada)));
    assert_eq!(store.builder(LicenseId::new()).await.expect("answered"), None);
}

pub(crate) async fn registering_again_answers_the_same_builder(Database { store, .. }: Database) {
    let ada = registered(&store).await;
    let again = NewBuilder {
        builder_key_id: ada.builder_key_id,
        request_key: ada.request_key,
        ..builder()
    };
    let outcome = store.register_builder(&again, &email_key(&again)).await.expect("answered");
    assert_eq!(outcome, Registration::Existing(Box::new(untouched(ada))));
    assert_eq!(store.builder(again.license_id).await.expect("answered"), None);
}

pub(crate) async fn a_key_of_another_builder_is_refused(Database { store, .. }: Database) {
    let (ada, bob) = (registered(&store).await, registered(&store).await);
    for thief in [
        NewBuilder { builder_key_id: ada.builder_key_id, ..builder() },
        NewBuilder { request_key: ada.request_key, ..builder() },
        NewBuilder {
            builder_key_id: ada.builder_key_id,
            request_key: bob.request_key,
            ..builder()
        },
    ] {
        let outcome = store.register_builder(&thief, &email_key(&thief)).await.expect("answered");
        assert_eq!(outcome, Registration::KeyTaken);
    }
}

pub(crate) async fn registrations_at_once_make_one_builder(Database { store, .. }: Database) {
    let ada = builder();
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..10 {
        let (store, new) =
            (store.clone(), NewBuilder { license_id: LicenseId::new(), ..ada.clone() });
        let key = email_key(&new);
        tasks.spawn(async move { store.register_builder(&new, &key).await.expect("answered") });
    }
    let outcomes = tasks.join_all().await;
    let is_new = |outcome: &&Registration| matches!(outcome, Registration::New(_));
    assert_eq!(outcomes.iter().filter(is_new).count(), 1);
    assert!(!outcomes.contains(&Registration::KeyTaken));
}

pub(crate) async fn an_address_has_one_licensee(Database { store, .. }: Database) {
    let ada = registered(&store).await;
    let again = store.register_builder(&builder(), &email_key(&ada)).await.expect("answered");
    assert_eq!(again, Registration::New(ada.licensee_id));
    let bob = builder();
    let other = store.register_builder(&bob, &email_key(&bob)).await.expect("answered");
    assert_eq!(other, Registration::New(bob.licensee_id));
}

pub(crate) async fn registrations_at_once_make_one_licensee(Database { store, .. }: Database) {
    let key = email_key(&builder());
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..10 {
        let (store, new) = (store.clone(), builder());
        tasks.spawn(async move { store.register_builder(&new, &key).await.expect("answered") });
    }
    let outcomes = tasks.join_all().await;
    assert!(matches!(outcomes[0], Registration::New(_)));
    assert!(outcomes.iter().all(|outcome| *outcome == outcomes[0]), "{outcomes:?}");
}

pub(crate) async fn a_renewed_license_ends_later(Database { store, .. }: Database) {
    let ada = registered(&store).await;
    let terms = digest("newer terms");
    let renewed = store.renew_builder(ada.license_id, Some(at(9_000)), &terms, at(500)).await;
    assert!(renewed.expect("answered"));
    let found = store.builder(ada.license_id).await.expect("answered").expect("there");
    assert_eq!(found.facts.ends_at, Some(at(9_000)));
    assert_eq!(found.facts.terms_digest, terms);
    assert_eq!(found.facts.created_at, ada.created_at);
    assert_eq!(found.renewed_at, Some(at(500)));
    let without_end = store.renew_builder(ada.license_id, None, &terms, at(600)).await;
    assert!(without_end.expect("answered"));
    let found = store.builder(ada.license_id).await.expect("answered").expect("there");
    assert_eq!(found.facts.ends_at, None);
}

pub(crate) async fn a_revoked_license_is_not_renewed(Database { store, .. }: Database) {
    let ada = registered(&store).await;
    assert!(store.revoke_builder(ada.license_id, at(6)).await.expect("answered"));
    assert!(!store.revoke_builder(ada.license_id, at(7)).await.expect("answered"));
    let renewed = store.renew_builder(ada.license_id, None, &ada.terms_digest, at(8)).await;
    assert!(!renewed.expect("answered"));
    let found = store.builder(ada.license_id).await.expect("answered").expect("there");
    assert_eq!(found.revoked_at, Some(at(6)));
}
