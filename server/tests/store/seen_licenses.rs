//! Licenses that a gateway has seen.

use trybuy_formats::certificates::{Certificate, DevelopmentAuthority};
use trybuy_formats::instant::DAY;
use trybuy_server::store::{SeenLicense, Store};

use crate::harness::Database;
use crate::samples::at;

/// Any certificate.
fn certificate() -> Certificate {
    let authority = DevelopmentAuthority::generate("Example", at(0), DAY).expect("generated");
    authority.certificate().clone()
}

fn seen(certificate: &Certificate, serial: &str, issued_at: u64) -> SeenLicense {
    let (serial, certificate) = (serial.to_owned(), certificate.clone());
    SeenLicense { serial, certificate, issued_at: at(issued_at) }
}

/// The serial numbers of all, told so many at a time.
async fn told(store: &Store, limit: u32) -> Vec<String> {
    let (mut told, mut after) = (Vec::new(), None);
    loop {
        let page = store.seen_licenses(after.as_ref(), limit).await.expect("answered");
        told.extend(page.iter().map(|seen| seen.serial.clone()));
        after = page.into_iter().next_back();
        if after.is_none() {
            return told;
        }
    }
}

pub(crate) async fn licenses_of_one_second_are_told_once_each_in_pages_of_any_size(
    Database { store, .. }: Database,
) {
    let certificate = certificate();
    for (serial, issued_at) in
        [("b", 2), ("e", 2), ("0", 3), ("d", 2), ("f", 1), ("a", 2), ("c", 2), ("e", 2)]
    {
        let seen = seen(&certificate, serial, issued_at);
        store.note_seen_license(&seen).await.expect("noted");
    }
    for limit in 1..=8 {
        assert_eq!(told(&store, limit).await, ["f", "a", "b", "c", "d", "e", "0"], "by {limit}");
    }
    store.forget_seen_licenses(at(2)).await.expect("forgotten");
    assert_eq!(told(&store, 2).await, ["a", "b", "c", "d", "e", "0"]);
}

pub(crate) async fn what_was_seen_before_each_certificate_was_kept_is_told_still(
    database: Database,
) {
    let (store, certificate) = (&database.store, certificate());
    store.note_seen_license(&seen(&certificate, "pack.1", 1)).await.expect("noted");
    for change in [
        "DROP INDEX gateway_seen_licenses_by_issue",
        "ALTER TABLE gateway_seen_licenses RENAME COLUMN serial TO license_id",
        "CREATE INDEX gateway_seen_licenses_by_issue ON gateway_seen_licenses (issued_at, license_id)",
        "DELETE FROM _sqlx_migrations WHERE version = 22",
    ] {
        database.execute(change).await;
    }
    store.migrate().await.expect("migrated");
    assert_eq!(told(store, 5).await, ["pack.1"]);
    let before = store.seen_licenses(None, 5).await.expect("answered");
    assert_eq!(before[0].certificate.der(), certificate.der());
    // It is kept once more when it is presented again, and forgotten as others are.
    store.note_seen_license(&seen(&certificate, "0a", 1)).await.expect("noted");
    assert_eq!(told(store, 1).await, ["0a", "pack.1"]);
    store.forget_seen_licenses(at(2)).await.expect("forgotten");
    assert_eq!(told(store, 5).await, [""; 0]);
}
