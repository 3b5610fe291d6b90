//! Classes of licensees.

use trybuy_formats::api::Class;
use trybuy_server::store::{ClassRemoved, MemberAdded, PolicyUpdated};

use crate::harness::Database;
use crate::samples::{
    LINUX, actor, class, parsed, policy, policy_update, publish, release, updated, vendor,
};

fn record(name: &str, rank: u32, members: &[&str]) -> Class {
    let members = members.iter().map(|member| parsed(member)).collect();
    Class { name: parsed(name), rank, members }
}

pub(crate) async fn classes_are_listed_by_rank_and_name(Database { store, .. }: Database) {
    let vendor = vendor(&store, "Example Ltd").await;
    class(&store, &vendor, "press", 10, &[]).await;
    class(&store, &vendor, "education", 20, &["ada@example.com", "@example.edu"]).await;
    class(&store, &vendor, "early", 10, &[]).await;
    // A member once more, in another spelling; a class with another rank.
    class(&store, &vendor, "education", u32::MAX, &["Ada+x@Example.com"]).await;
    let education = record("education", u32::MAX, &["@example.edu", "ada@example.com"]);
    let expected = [record("early", 10, &[]), record("press", 10, &[]), education.clone()];
    assert_eq!(store.classes(vendor.id).await.expect("answered"), expected);
    let members = store.class_members(vendor.id, &education.name).await.expect("answered");
    assert_eq!(members, education.members);

    let drop = async |member: &str| {
        store.remove_member(vendor.id, &education.name, &parsed(member)).await.expect("answered")
    };
    assert!(drop("ADA@example.com").await);
    assert!(!drop("ada@example.com").await);
    let removed = async |name: &str| store.remove_class(vendor.id, &parsed(name)).await;
    assert_eq!(removed("education").await.expect("answered"), ClassRemoved::Done);
    assert_eq!(removed("education").await.expect("answered"), ClassRemoved::NoClass);
    assert_eq!(store.class_members(vendor.id, &education.name).await.expect("answered"), []);
    assert_eq!(store.classes(vendor.id).await.expect("answered"), expected[..2]);
}

pub(crate) async fn a_class_with_a_policy_is_not_removed(Database { store, .. }: Database) {
    let by = actor(&store, "Example Ltd").await;
    publish(&store, &release(&by.vendor, "com.example.one", "1.0.0", LINUX)).await;
    class(&store, &by.vendor, "education", 1, &["@example.edu"]).await;
    let scope = || parsed("class:education");
    updated(&store, &policy_update(&by, "com.example.one", scope(), Some(policy()))).await;
    let name = parsed("education");
    let remove = async || store.remove_class(by.vendor.id, &name).await.expect("answered");
    assert_eq!(remove().await, ClassRemoved::InUse);
    assert_eq!(store.class_members(by.vendor.id, &name).await.expect("answered").len(), 1);
    updated(&store, &policy_update(&by, "com.example.one", scope(), None)).await;
    assert_eq!(remove().await, ClassRemoved::Done);
}

pub(crate) async fn a_class_never_goes_while_it_gets_a_policy(Database { store, .. }: Database) {
    let by = actor(&store, "Example Ltd").await;
    publish(&store, &release(&by.vendor, "com.example.one", "1.0.0", LINUX)).await;
    for number in 0..10 {
        let name = format!("class-{number}");
        class(&store, &by.vendor, &name, 1, &["@example.edu"]).await;
        let scope = parsed(&format!("class:{name}"));
        let update = policy_update(&by, "com.example.one", scope, Some(policy()));
        let name = parsed(&name);
        let (set, removed) =
            tokio::join!(store.update_policy(&update), store.remove_class(by.vendor.id, &name));
        let outcome = (set.expect("answered"), removed.expect("answered"));
        let one_of_two = matches!(
            outcome,
            (PolicyUpdated::Done, ClassRemoved::InUse)
                | (PolicyUpdated::NoClass(_), ClassRemoved::Done)
        );
        assert!(one_of_two, "{outcome:?}");
    }
}

pub(crate) async fn a_class_never_goes_while_it_gets_a_member(Database { store, .. }: Database) {
    let vendor = vendor(&store, "Example Ltd").await;
    let members: Vec<_> = (0..4).map(|n| parsed(&format!("@n{n}.example.edu"))).collect();
    for number in 0..20 {
        let name = parsed(&format!("class-{number}"));
        class(&store, &vendor, &format!("class-{number}"), 1, &["@example.edu"]).await;
        let add = async |member| store.add_member(vendor.id, &name, member).await;
        let (first, second, removed, third, fourth) = tokio::join!(
            add(&members[0]),
            add(&members[1]),
            store.remove_class(vendor.id, &name),
            add(&members[2]),
            add(&members[3]),
        );
        assert_eq!(removed.expect("answered"), ClassRemoved::Done);
        for added in [first, second, third, fourth] {
            let added = added.expect("answered");
            assert!(matches!(added, MemberAdded::Done | MemberAdded::NoClass), "{added:?}");
        }
        // Who was added before it went is gone with it.
        assert_eq!(store.class_members(vendor.id, &name).await.expect("answered"), []);
    }
}

pub(crate) async fn classes_belong_to_their_vendor(Database { store, .. }: Database) {
    let own = vendor(&store, "Example Ltd").await;
    let rival = vendor(&store, "Rival").await;
    class(&store, &own, "education", 1, &["@example.edu"]).await;
    let (name, member) = (parsed("education"), parsed("@example.edu"));
    let added = store.add_member(rival.id, &name, &member).await.expect("answered");
    assert_eq!(added, MemberAdded::NoClass);
    assert!(!store.remove_member(rival.id, &name, &member).await.expect("answered"));
    let removed = store.remove_class(rival.id, &name).await.expect("answered");
    assert_eq!(removed, ClassRemoved::NoClass);
    assert_eq!(store.classes(rival.id).await.expect("answered"), []);
    class(&store, &rival, "education", 2, &[]).await;
    let classes = store.classes(own.id).await.expect("answered");
    assert_eq!(classes, [record("education", 1, &["@example.edu"])]);
}

pub(crate) async fn classes_and_members_are_bounded(database: Database) {
    let store = &database.store;
    let own = vendor(store, "Example Ltd").await;
    class(store, &own, "education", 1, &["@example.edu"]).await;
    class(store, &own, "press", 1, &[]).await;
    let members = "INSERT INTO class_members (vendor_id, class, subject) \
        WITH RECURSIVE numbers (n) AS (SELECT 2 UNION ALL SELECT n + 1 FROM numbers WHERE n < 50000) \
        SELECT vendor_id, class, n || '@example.com' FROM numbers CROSS JOIN class_members";
    database.execute(members).await;
    let add = async |class: &str, member: &str| {
        store.add_member(own.id, &parsed(class), &parsed(member)).await.expect("answered")
    };
    for class in ["education", "press"] {
        assert_eq!(add(class, "@example.net").await, MemberAdded::Full, "{class}");
    }
    assert_eq!(add("education", "@example.edu").await, MemberAdded::Done, "it is there");
    assert_eq!(add("nobody", "@example.edu").await, MemberAdded::NoClass);

    let classes = "INSERT INTO classes (vendor_id, name, rank) \
        WITH RECURSIVE numbers (n) AS (SELECT 3 UNION ALL SELECT n + 1 FROM numbers WHERE n < 1000) \
        SELECT vendor_id, 'class-' || n, rank FROM numbers CROSS JOIN classes WHERE name = 'press'";
    database.execute(classes).await;
    let set = async |name: &str| store.set_class(own.id, &parsed(name), 2).await.expect("answered");
    assert!(!set("another").await);
    assert!(set("press").await, "another rank for one that is there");
    let other = vendor(store, "Other").await;
    assert!(store.set_class(other.id, &parsed("another"), 2).await.expect("answered"));
}
