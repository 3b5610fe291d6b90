//! Policies with a name.

use trybuy_formats::api::{InPlaceOf, Profile};
use trybuy_formats::policy::TrialPolicy;
use trybuy_server::store::{ProfileUpdate, ProfileUpdated, Store, VendorId};

use crate::harness::Database;
use crate::samples::{at, parsed, policy, vendor};

fn profile(name: &str, trials: u8) -> Profile {
    let policy = TrialPolicy { trials, ..policy() };
    Profile { name: parsed(name), policy, changed_at: at(u64::from(trials)) }
}

async fn set(store: &Store, vendor: VendorId, profile: Profile) -> ProfileUpdated {
    let update = ProfileUpdate { vendor, profile, in_place_of: None };
    store.update_profile(&update).await.expect("answered")
}

pub(crate) async fn profiles_are_kept_by_name(Database { store, .. }: Database) {
    let (own, rival) = (vendor(&store, "Example Ltd").await, vendor(&store, "Rival").await);
    for new in [profile("short", 1), profile("generous", 2), profile("short", 3)] {
        assert_eq!(set(&store, own.id, new).await, ProfileUpdated::Done);
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
    assert_eq!(set(store, own.id, profile("short", 1)).await, ProfileUpdated::Done);
    let many = "INSERT INTO policy_profiles (vendor_id, name, policy, changed_at) \
        WITH RECURSIVE numbers (n) AS (SELECT 2 UNION ALL SELECT n + 1 FROM numbers WHERE n < 1000) \
        SELECT vendor_id, 'profile-' || n, policy, changed_at \
        FROM numbers CROSS JOIN policy_profiles";
    database.execute(many).await;
    assert_eq!(set(store, own.id, profile("another", 1)).await, ProfileUpdated::Full);
    assert_eq!(set(store, own.id, profile("short", 2)).await, ProfileUpdated::Done);
    assert_eq!(store.profiles(own.id).await.expect("answered").len(), 1000);
}

pub(crate) async fn a_profile_is_set_in_place_of_what_is_there(Database { store, .. }: Database) {
    let own = vendor(&store, "Example Ltd").await;
    let made_from = async |policy: Option<TrialPolicy>, trials| {
        let in_place_of = Some(InPlaceOf { policy });
        let update =
            ProfileUpdate { vendor: own.id, profile: profile("short", trials), in_place_of };
        store.update_profile(&update).await.expect("answered")
    };
    let numbered = |trials| Some(profile("short", trials).policy);
    assert_eq!(made_from(numbered(1), 2).await, ProfileUpdated::Other);
    assert_eq!(made_from(None, 1).await, ProfileUpdated::Done);
    assert_eq!(made_from(None, 2).await, ProfileUpdated::Other);
    assert_eq!(made_from(numbered(1), 2).await, ProfileUpdated::Done);
    assert_eq!(made_from(numbered(1), 3).await, ProfileUpdated::Other);
    assert_eq!(store.profiles(own.id).await.expect("answered"), [profile("short", 2)]);
}
