//! Who asked for trials.

use std::collections::BTreeSet;

use trybuy_server::store::{Grant, RequestCursor};

use crate::harness::Database;
use crate::samples::{World, at, parsed, registered};

pub(crate) async fn an_owner_sees_who_asked_in_order(Database { store, .. }: Database) {
    let world = World::new(&store).await;
    for second in [30, 10, 20] {
        let bob = registered(&store).await;
        let request = world.request_of(&bob, at(second));
        assert_eq!(store.grant_trial(&request).await.expect("answered"), Grant::Granted);
    }
    let page = store.requests(world.application(), None, 10).await.expect("answered");
    assert!(!page.more);
    let times: Vec<_> = page.entries.iter().map(|entry| entry.requested_at).collect();
    assert_eq!(times, [at(10), at(20), at(30)]);
    let first = &page.entries[0];
    assert_eq!(first.name, parsed("Ada Lovelace"));
    assert_eq!(first.email, parsed("ada@example.com"));
    assert_eq!(first.platform, world.release.platform);
    assert_eq!(first.version, world.release.version);
    assert_eq!(first.terms_digest, world.release.terms_digest);
    assert_eq!(first.accepted_as, Some(parsed("A. L.")));
    assert_eq!(first.terms_version, Some(world.release.version.clone()));
    assert_eq!((first.delivered_at, first.purchased_at), (None, None));
    assert_eq!((first.converted, first.counted), (false, true));
    assert_eq!(first.ends_at, Some(at(110)));
    let other = store.requests(&parsed("com.example.other"), None, 10).await.expect("answered");
    assert!(other.entries.is_empty());
}

pub(crate) async fn requests_of_one_second_are_paged_without_gaps(
    Database { store, .. }: Database,
) {
    let world = World::new(&store).await;
    let mut expected = BTreeSet::new();
    for number in 0..7 {
        let bob = registered(&store).await;
        let request = world.request_of(&bob, at(number / 5));
        expected.insert(request.trial.id.to_string());
        assert_eq!(store.grant_trial(&request).await.expect("answered"), Grant::Granted);
    }
    let (mut after, mut found, mut more) = (None, Vec::new(), true);
    while more {
        let page = store.requests(world.application(), after, 3).await.expect("answered");
        after = page.entries.last().map(RequestCursor::of);
        found.extend(page.entries.iter().map(|entry| entry.trial_id.to_string()));
        more = page.more;
    }
    assert_eq!(found.len(), expected.len());
    assert_eq!(found.into_iter().collect::<BTreeSet<_>>(), expected);
}
