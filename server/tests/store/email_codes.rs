//! Codes that were sent to e-mail addresses.

use trybuy_formats::ids::Digest;
use trybuy_formats::instant::Instant;
use trybuy_server::store::{
    EMAIL_CODE_TRIES, EmailCodeTry, EmailVerification, NewBuilder, NewEmailCode, Store,
};

use crate::harness::Database;
use crate::samples::{at, digest, registered};

async fn put(store: &Store, of: &NewBuilder, code: &str, expires_at: Instant) {
    let code = NewEmailCode { license_id: of.license_id, hash: digest(code), expires_at };
    store.put_email_code(&code).await.expect("stored");
}

async fn typed(
    store: &Store,
    by: &NewBuilder,
    hash: Option<Digest>,
    now: Instant,
) -> EmailVerification {
    let typed = EmailCodeTry { license_id: by.license_id, hash, now };
    store.verify_email(&typed).await.expect("answered")
}

async fn verified_at(store: &Store, of: &NewBuilder) -> Option<Instant> {
    let builder = store.builder(of.license_id).await.expect("answered").expect("there");
    builder.email_verified_at
}

pub(crate) async fn the_right_code_verifies_the_address_once(Database { store, .. }: Database) {
    let (ada, bob) = (registered(&store).await, registered(&store).await);
    let right = Some(digest("right"));
    assert_eq!(typed(&store, &ada, right, at(10)).await, EmailVerification::NoCode);
    put(&store, &ada, "right", at(100)).await;
    assert_eq!(typed(&store, &bob, right, at(10)).await, EmailVerification::NoCode);
    assert_eq!(typed(&store, &ada, None, at(10)).await, EmailVerification::WrongCode);
    assert_eq!(verified_at(&store, &ada).await, None);
    assert_eq!(typed(&store, &ada, right, at(11)).await, EmailVerification::Verified);
    assert_eq!(verified_at(&store, &ada).await, Some(at(11)));
    assert_eq!(verified_at(&store, &bob).await, None);
    assert_eq!(typed(&store, &ada, right, at(12)).await, EmailVerification::NoCode);
}

pub(crate) async fn a_code_is_tried_five_times(Database { store, .. }: Database) {
    let ada = registered(&store).await;
    put(&store, &ada, "right", at(100)).await;
    for _ in 0..EMAIL_CODE_TRIES {
        let outcome = typed(&store, &ada, Some(digest("wrong")), at(10)).await;
        assert_eq!(outcome, EmailVerification::WrongCode);
    }
    let outcome = typed(&store, &ada, Some(digest("right")), at(10)).await;
    assert_eq!(outcome, EmailVerification::NoCode);
    put(&store, &ada, "newer", at(100)).await;
    let outcome = typed(&store, &ada, Some(digest("newer")), at(10)).await;
    assert_eq!(outcome, EmailVerification::Verified);
}

pub(crate) async fn a_code_expires_and_a_newer_one_replaces_it(Database { store, .. }: Database) {
    let ada = registered(&store).await;
    put(&store, &ada, "old", at(100)).await;
    assert_eq!(typed(&store, &ada, Some(digest("old")), at(100)).await, EmailVerification::NoCode);
    put(&store, &ada, "new", at(200)).await;
    let outcome = typed(&store, &ada, Some(digest("old")), at(199)).await;
    assert_eq!(outcome, EmailVerification::WrongCode);
    let outcome = typed(&store, &ada, Some(digest("new")), at(199)).await;
    assert_eq!(outcome, EmailVerification::Verified);
}

pub(crate) async fn of_tries_at_once_no_more_than_five_are_looked_at(
    Database { store, .. }: Database,
) {
    let ada = registered(&store).await;
    put(&store, &ada, "right", at(100)).await;
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..12 {
        let (store, ada) = (store.clone(), ada.clone());
        tasks.spawn(async move { typed(&store, &ada, Some(digest("wrong")), at(10)).await });
    }
    let outcomes = tasks.join_all().await;
    let looked_at = outcomes.iter().filter(|o| **o == EmailVerification::WrongCode).count();
    assert_eq!(looked_at, EMAIL_CODE_TRIES as usize);
}
