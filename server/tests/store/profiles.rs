//! Policies with a name.

use trybuy_formats::policy::TrialPolicy;
use trybuy_server::store::ProfileRecord;

use crate::harness::Database;
use crate::samples::{at, parsed, policy, vendor};

fn profile(name: &str, trials: u8) -> ProfileRecord {
    let policy = TrialPolicy { trials, ..policy() };
    ProfileRecord { name: parsed(name), policy, changed_at: at(u64::from(trials)) }
}

pub(crate) async fn profiles_are_kept_by_name(Database { store, .. }: Database) {
    let (own, rival) = (vendor(&store, "Example Ltd").await, vendor(&store, "Rival").await);
    for new in [profile("short", 1), profile("generous", 2), profile("short", 3)] {
        assert!(store.set_profile(own.id, &new).await.expect("answered"));
    }
    let expected = [profile("generous", 2), profile("short", 3)];
    assert_eq!(store.profiles(own.id).await.expect("answered"), expected);
    assert_eq!(store.profiles(rival.id).await.expect("answered"), []);
    let short = parsed("short");
    for (vendor, removed) in [(&rival, false), (&own, true), (&own, false)] {
        assert_eq!(store.remove_profile(vendor.id, &short).await.expect("answered"), removed);
    }
    assert_eq!(store.profiles(own.id).await.expect("answered"), expected[..1]);
}

pub(crate) async fn profiles_are_bounded(database: Database) {
    let store = &database.store;
    let own = vendor(store, "Example Ltd").await;
    assert!(store.set_profile(own.id, &profile("short", 1)).await.expect("answered"));
    let many = "INSERT INTO policy_profiles (vendor_id, name, policy, changed_at) \
        WITH RECURSIVE numbers (n) AS (SELECT 2 UNION ALL SELECT n + 1 FROM numbers WHERE n < 1000) \
        SELECT vendor_id, 'profile-' || n, policy, changed_at \
        FROM numbers CROSS JOIN policy_profiles";
    database.execute(many).await;
    assert!(!store.set_profile(own.id, &profile("another", 1)).await.expect("answered"));
    assert!(store.set_profile(own.id, &profile("short", 2)).await.expect("answered"));
    assert_eq!(store.profiles(own.id).await.expect("answered").len(), 1000);
}
