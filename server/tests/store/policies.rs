//! Which policy is in force for whom, and how policies change.

use trybuy_formats::api::InPlaceOf;
use trybuy_formats::ids::{EmailKey, LicenseeId, PolicyChangeId};
use trybuy_formats::policy::TrialPolicy;
use trybuy_formats::subject::Scope;
use trybuy_server::store::{
    Actor, GrantRequest, NewBuilder, OfferQuery, PersonQuery, PolicyUpdate, PolicyUpdated,
    RequesterKey, Store, Subjects,
};

use crate::harness::Database;
use crate::samples::{
    LINUX, World, actor, at, builder, class, email_key, parsed, policy, policy_update, publish,
    register, release, updated,
};

/// Ada in the table below; her Builder is at `Ada+draw@CS.Example.edu`.
const ADA: &str = "0198a7c0-0000-7000-8000-000000000001";
const BOB: &str = "0198a7c0-0000-7000-8000-000000000002";

/// Who is in which classes, for whom there are policies, and which of them concern Ada, as whom.
struct Precedence {
    classes: &'static [(&'static str, u32, &'static [&'static str])],
    scopes: &'static [&'static str],
    expected: &'static [&'static str],
}

const PRECEDENCE: [Precedence; 10] = [
    Precedence { classes: &[], scopes: &[], expected: &[] },
    Precedence {
        classes: &[("others", 1, &["@example.com", "@ample.edu", "@math.example.edu", BOB])],
        scopes: &["class:others", "bob@cs.example.edu", BOB],
        expected: &[],
    },
    Precedence {
        classes: &[("education", 0, &["@example.edu"])],
        scopes: &["class:education", "ada@cs.example.edu", ADA],
        expected: &[ADA, "ada@cs.example.edu", "class:education as @example.edu"],
    },
    // By rank, and not by name.
    Precedence {
        classes: &[("a", 2, &[ADA]), ("z", 1, &["@example.edu"])],
        scopes: &["class:a", "class:z"],
        expected: &["class:z as @example.edu", "class:a as 0198a7c0-0000-7000-8000-000000000001"],
    },
    // Of the same rank, by name.
    Precedence {
        classes: &[("z", 7, &["@example.edu"]), ("a", 7, &["@cs.example.edu"])],
        scopes: &["class:z", "class:a"],
        expected: &["class:a as @cs.example.edu", "class:z as @example.edu"],
    },
    // A class without a policy is in nobody's way.
    Precedence {
        classes: &[("first", 0, &["@example.edu"]), ("second", 1, &["@example.edu"])],
        scopes: &["class:second"],
        expected: &["class:second as @example.edu"],
    },
    // Once, as whom she is most narrowly.
    Precedence {
        classes: &[("education", 0, &["@example.edu", "@cs.example.edu"])],
        scopes: &["class:education"],
        expected: &["class:education as @cs.example.edu"],
    },
    Precedence {
        classes: &[("education", 0, &["@cs.example.edu", "ada@cs.example.edu"])],
        scopes: &["class:education"],
        expected: &["class:education as ada@cs.example.edu"],
    },
    Precedence {
        classes: &[("education", 0, &["ada@cs.example.edu", ADA])],
        scopes: &["class:education"],
        expected: &["class:education as 0198a7c0-0000-7000-8000-000000000001"],
    },
    // Another spelling of her address.
    Precedence {
        classes: &[("education", 0, &["ADA+x@cs.example.EDU"])],
        scopes: &["class:education", "Ada+y@CS.example.edu"],
        expected: &["ada@cs.example.edu", "class:education as ada@cs.example.edu"],
    },
];

/// The n-th policy of a test.
fn numbered(number: usize) -> TrialPolicy {
    TrialPolicy { trials: u8::try_from(number).expect("few") + 1, ..policy() }
}

fn ada() -> NewBuilder {
    let email = parsed("Ada+draw@CS.Example.edu");
    NewBuilder { licensee_id: parsed(ADA), email, ..builder() }
}

/// A vendor with an application of its own.
async fn vendor_of(store: &Store, name: &str, application: &str) -> Actor {
    let by = actor(store, name).await;
    publish(store, &release(&by.vendor, application, "1.0.0", LINUX)).await;
    by
}

/// The policy that is offered to a Builder.
async fn offered(store: &Store, application: &str, builder: &NewBuilder) -> TrialPolicy {
    let query = OfferQuery {
        application: &parsed(application),
        platform: &parsed(LINUX),
        version: None,
        subjects: &Subjects::of(builder.licensee_id, &builder.email),
        license: builder.license_id,
        now: at(30),
    };
    store.offer(&query).await.expect("answered").expect("there").policy
}

pub(crate) async fn the_order_of_precedence(Database { store, .. }: Database) {
    for (number, case) in PRECEDENCE.iter().enumerate() {
        let (name, application) = (format!("Vendor {number}"), format!("com.example.n{number}"));
        let by = vendor_of(&store, &name, &application).await;
        for (name, rank, members) in case.classes {
            class(&store, &by.vendor, name, *rank, members).await;
        }
        for (number, scope) in case.scopes.iter().enumerate() {
            let policy = Some(numbered(number));
            updated(&store, &policy_update(&by, &application, parsed(scope), policy)).await;
        }
        let subjects = Subjects::of(ada().licensee_id, &ada().email);
        let applicable = store.applicable_policies(&parsed(&application), &subjects).await;
        let applicable = applicable.expect("answered");
        let described = applicable.iter().map(|found| match &found.member {
            Some(member) => format!("{} as {member}", found.scope),
            None => found.scope.to_string(),
        });
        assert_eq!(described.collect::<Vec<_>>(), case.expected, "{number}");
        let in_force = applicable.first().map_or(policy(), |first| first.policy);
        assert_eq!(offered(&store, &application, &ada()).await, in_force, "{number}");
    }
}

pub(crate) async fn a_policy_is_that_of_its_own_application(Database { store, .. }: Database) {
    let one = vendor_of(&store, "One", "com.example.one").await;
    vendor_of(&store, "Two", "com.example.two").await;
    let own = vendor_of(&store, "One", "com.example.three").await;
    class(&store, &one.vendor, "education", 0, &["@example.edu"]).await;
    let scope: Scope = parsed("class:education");
    for (number, scope) in [scope, parsed(ADA)].into_iter().enumerate() {
        let policy = Some(numbered(number));
        updated(&store, &policy_update(&one, "com.example.one", scope, policy)).await;
    }
    assert!(store.has_policy_overrides(&parsed("com.example.one")).await.expect("answered"));
    for other in ["com.example.two", "com.example.three"] {
        assert_eq!(offered(&store, other, &ada()).await, policy());
        assert_eq!(store.policy_overrides(&parsed(other)).await.expect("answered"), []);
        assert!(!store.has_policy_overrides(&parsed(other)).await.expect("answered"));
    }
    // Another vendor's class of the same name has nothing to do with it.
    let rival = vendor_of(&store, "Rival", "com.example.rival").await;
    class(&store, &rival.vendor, "education", 0, &[]).await;
    let update = policy_update(&rival, "com.example.rival", parsed("class:education"), None);
    let update = PolicyUpdate { policy: Some(numbered(3)), ..update };
    updated(&store, &update).await;
    assert_eq!(offered(&store, "com.example.rival", &ada()).await, policy());
    assert_eq!(own.vendor, one.vendor);
}

pub(crate) async fn a_change_that_cannot_be_is_not_recorded(Database { store, .. }: Database) {
    let by = vendor_of(&store, "One", "com.example.one").await;
    let rival = actor(&store, "Rival").await;
    class(&store, &rival.vendor, "theirs", 0, &[]).await;
    let set = Some(numbered(0));
    let cases = [
        (&rival, "application", set, PolicyUpdated::NoApplication),
        (&rival, ADA, set, PolicyUpdated::NoApplication),
        (&rival, ADA, None, PolicyUpdated::NoApplication),
        (&rival, "class:theirs", set, PolicyUpdated::NoApplication),
        (&by, "class:theirs", set, PolicyUpdated::NoClass(parsed("theirs"))),
        (&by, "application", None, PolicyUpdated::NoPolicy),
        (&by, ADA, None, PolicyUpdated::NoPolicy),
    ];
    for (by, scope, policy, expected) in cases {
        let update = policy_update(by, "com.example.one", parsed(scope), policy);
        let outcome = store.update_policy(&update).await.expect("answered");
        assert_eq!(outcome, expected, "{scope}");
    }
    let application = parsed("com.example.one");
    assert_eq!(store.policy_changes(&application).await.expect("answered"), []);
    assert_eq!(offered(&store, "com.example.one", &ada()).await, policy());
}

pub(crate) async fn a_policy_is_set_in_place_of_what_is_there(Database { store, .. }: Database) {
    let by = vendor_of(&store, "One", "com.example.one").await;
    for (scope, first) in [("application", Some(policy())), (ADA, None)] {
        let made_from = async |there, number| {
            let update =
                policy_update(&by, "com.example.one", parsed(scope), Some(numbered(number)));
            let in_place_of = Some(InPlaceOf { policy: there });
            let update = PolicyUpdate { in_place_of, ..update };
            store.update_policy(&update).await.expect("answered")
        };
        assert_eq!(made_from(Some(numbered(7)), 1).await, PolicyUpdated::Other, "{scope}");
        assert_eq!(made_from(first, 1).await, PolicyUpdated::Done, "{scope}");
        assert_eq!(made_from(first, 2).await, PolicyUpdated::Other, "{scope}");
        assert_eq!(made_from(Some(numbered(1)), 2).await, PolicyUpdated::Done, "{scope}");
    }
    assert_eq!(offered(&store, "com.example.one", &ada()).await, numbered(2));
    let changes = store.policy_changes(&parsed("com.example.one")).await.expect("answered");
    assert_eq!(changes.len(), 4);
}

pub(crate) async fn an_application_has_a_bounded_number_of_policies(database: Database) {
    let store = &database.store;
    let by = vendor_of(store, "One", "com.example.one").await;
    updated(store, &policy_update(&by, "com.example.one", parsed(ADA), Some(numbered(0)))).await;
    let many = "INSERT INTO policy_overrides (application, scope, policy, changed_at) \
        WITH RECURSIVE numbers (n) AS (SELECT 2 UNION ALL SELECT n + 1 FROM numbers WHERE n < 10000) \
        SELECT application, n || '@example.com', policy, changed_at \
        FROM numbers CROSS JOIN policy_overrides";
    database.execute(many).await;
    let set = async |scope: &str, policy| {
        let update = policy_update(&by, "com.example.one", parsed(scope), policy);
        store.update_policy(&update).await.expect("answered")
    };
    assert_eq!(set(BOB, Some(numbered(1))).await, PolicyUpdated::Full);
    assert_eq!(set("application", Some(numbered(1))).await, PolicyUpdated::Done);
    assert_eq!(set(ADA, Some(numbered(1))).await, PolicyUpdated::Done);
    assert_eq!(set(ADA, None).await, PolicyUpdated::Done);
    assert_eq!(set(BOB, Some(numbered(1))).await, PolicyUpdated::Done);
}

pub(crate) async fn changes_are_listed_newest_first(Database { store, .. }: Database) {
    let by = vendor_of(&store, "One", "com.example.one").await;
    vendor_of(&store, "One", "com.example.two").await;
    class(&store, &by.vendor, "education", 0, &[]).await;
    let class: Scope = parsed("class:education");
    let mut updates = Vec::new();
    for (scope, policy, profile) in [
        (Scope::Application, Some(numbered(1)), None),
        (class.clone(), Some(numbered(2)), Some("generous")),
        (class, None, None),
    ] {
        let update = policy_update(&by, "com.example.one", scope, policy);
        let changed_at = at(20 + updates.len() as u64);
        let update = PolicyUpdate { profile: profile.map(parsed), changed_at, ..update };
        updated(&store, &update).await;
        updates.push(update);
    }
    let application = parsed("com.example.one");
    let changes = store.policy_changes(&application).await.expect("answered");
    assert_eq!(changes.len(), updates.len());
    for (change, update) in changes.iter().zip(updates.iter().rev()) {
        assert_eq!(
            (&change.scope, change.policy, &change.profile, change.changed_at),
            (&update.scope, update.policy, &update.profile, update.changed_at)
        );
        assert_eq!((change.changed_by.as_str(), change.applied_to), ("test", None));
        let found = store.policy_change(&application, update.id).await.expect("answered");
        assert_eq!(found.as_ref(), Some(change));
        let elsewhere = store.policy_change(&parsed("com.example.two"), update.id).await;
        assert_eq!(elsewhere.expect("answered"), None);
    }
    let unknown = store.policy_change(&application, PolicyChangeId::new()).await;
    assert_eq!(unknown.expect("answered"), None);
    let other = store.policy_changes(&parsed("com.example.two")).await.expect("answered");
    assert_eq!(other, []);
}

pub(crate) async fn a_requester_is_known_by_id_and_address(Database { store, .. }: Database) {
    let world = World::new(&store).await;
    let own = actor(&store, "Example Ltd").await.vendor.id;
    let rival = actor(&store, "Rival").await.vendor.id;
    let new = NewBuilder { email: parsed("A_da+draw@Example.edu"), ..ada() };
    register(&store, &new).await;
    let request: GrantRequest = world.request_of(&new, at(0));
    store.grant_trial(&request).await.expect("answered");
    let found = Some((new.licensee_id, new.email.clone()));
    let key = email_key(&new);
    for who in [RequesterKey::Licensee(parsed(ADA)), RequesterKey::Email(key)] {
        let of = async |vendor| store.requester(vendor, who).await.expect("answered");
        assert_eq!(of(own).await, found, "{who:?}");
        assert_eq!(of(rival).await, None, "{who:?}");
    }
    let other = EmailKey::from_bytes([7; 32]);
    for who in [RequesterKey::Licensee(LicenseeId::new()), RequesterKey::Email(other)] {
        assert_eq!(store.requester(own, who).await.expect("answered"), None, "{who:?}");
    }
    // Who had their data deleted is a licensee still, and nobody's address.
    let person = PersonQuery { mailbox: new.email.mailbox(), email_key: key };
    store.delete_person(&person, at(9)).await.expect("deleted");
    assert_eq!(store.requester(own, RequesterKey::Email(key)).await.expect("answered"), None);
    let found = store.requester(own, RequesterKey::Licensee(parsed(ADA))).await.expect("answered");
    assert_eq!(found, Some((new.licensee_id, parsed("deleted@invalid"))));
}
