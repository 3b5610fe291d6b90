//! Vendors and tokens.

use trybuy_server::store::{Actor, NewVendorToken};

use crate::harness::Database;
use crate::samples::{at, parsed, random_digest};

fn token(vendor: &str) -> NewVendorToken {
    NewVendorToken {
        vendor: parsed(vendor),
        label: "laptop".to_owned(),
        hash: random_digest(),
        created_at: at(0),
    }
}

pub(crate) async fn a_token_leads_to_its_vendor(Database { store, .. }: Database) {
    let token = token("Example Ltd");
    let (id, vendor) = store.create_vendor_token(&token).await.expect("stored");
    assert_eq!(vendor.name, token.vendor);
    let actor = Actor { vendor, token: id };
    assert_eq!(store.actor(&token.hash).await.expect("answered"), Some(actor));
    store.create_vendor_token(&token).await.expect_err("the same hash twice");
}

pub(crate) async fn two_tokens_of_one_name_have_one_vendor(Database { store, .. }: Database) {
    let (first, ours) = store.create_vendor_token(&token("Ours")).await.expect("stored");
    let (second, again) = store.create_vendor_token(&token("Ours")).await.expect("stored");
    let (_, others) = store.create_vendor_token(&token("Others")).await.expect("stored");
    assert_eq!(ours, again);
    assert_ne!(first, second);
    assert_ne!(ours.id, others.id);
}

pub(crate) async fn an_unknown_or_revoked_token_leads_nowhere(Database { store, .. }: Database) {
    let token = token("Example Ltd");
    let (id, _) = store.create_vendor_token(&token).await.expect("stored");
    assert_eq!(store.actor(&random_digest()).await.expect("answered"), None);
    assert!(store.revoke_vendor_token(id, at(1)).await.expect("answered"));
    assert!(!store.revoke_vendor_token(id, at(2)).await.expect("answered"));
    assert_eq!(store.actor(&token.hash).await.expect("answered"), None);
}

pub(crate) async fn tokens_made_at_once_share_their_vendor(Database { store, .. }: Database) {
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..10 {
        let (store, token) = (store.clone(), token("Example Ltd"));
        tasks.spawn(async move { store.create_vendor_token(&token).await.expect("stored").1.id });
    }
    let vendors: std::collections::HashSet<_> = tasks.join_all().await.into_iter().collect();
    assert_eq!(vendors.len(), 1);
}

pub(crate) async fn all_tokens_are_listed(Database { store, .. }: Database) {
    assert_eq!(store.vendor_tokens().await.expect("answered"), []);
    let (first, _) = store.create_vendor_token(&token("Ours")).await.expect("stored");
    let later = NewVendorToken { created_at: at(5), ..token("Others") };
    let (second, _) = store.create_vendor_token(&later).await.expect("stored");
    assert!(store.revoke_vendor_token(first, at(9)).await.expect("answered"));
    let tokens = store.vendor_tokens().await.expect("answered");
    let seen: Vec<_> =
        tokens.iter().map(|token| (token.id, token.vendor.as_str(), token.revoked_at)).collect();
    assert_eq!(seen, [(first, "Ours", Some(at(9))), (second, "Others", None)]);
    assert_eq!((tokens[1].label.as_str(), tokens[1].created_at), ("laptop", at(5)));
}
