//! Whom vendors block.

use trybuy_formats::ids::{ApplicationId, LicenseeId, Note};
use trybuy_formats::subject::Subject;
use trybuy_server::store::{Store, Subjects};

use crate::harness::Database;
use crate::samples::{LINUX, World, at, parsed, publish, release, vendor};

const ADA: &str = "ada@cs.example.edu";

async fn is_blocked(
    store: &Store,
    application: &ApplicationId,
    licensee: LicenseeId,
    email: &str,
) -> bool {
    let subjects = Subjects::of(licensee, &parsed(email));
    store.is_blocked(application, &subjects).await.expect("answered")
}

pub(crate) async fn a_block_is_for_one_vendor(Database { store, .. }: Database) {
    let world = World::new(&store).await;
    let (owner, other) = (vendor(&store, "Example Ltd").await, vendor(&store, "Other").await);
    let theirs = release(&other, "com.example.theirs", "1.0.0", LINUX);
    publish(&store, &theirs).await;
    let (subject, note): (Subject, Note) = (parsed(ADA), parsed("Copies."));
    let block = store.put_block(owner.id, &subject, Some(&note), at(5)).await.expect("stored");
    assert_eq!((block.reason, block.created_at), (Some(note.clone()), at(5)));
    let id = LicenseeId::new();
    assert!(is_blocked(&store, world.application(), id, ADA).await);
    assert!(!is_blocked(&store, &theirs.release.application, id, ADA).await);
    assert!(!is_blocked(&store, &parsed("com.example.none"), id, ADA).await);

    let again = store.put_block(owner.id, &subject, None, at(9)).await.expect("stored");
    assert_eq!((again.reason, again.created_at), (Some(note), at(5)), "it stays as it is");
    let (other_note, place) = (parsed::<Note>("Resells."), &subject);
    let again = store.put_block(owner.id, place, Some(&other_note), at(9)).await.expect("stored");
    assert_eq!((again.reason, again.created_at), (Some(other_note), at(5)));
    assert!(!store.delete_block(other.id, &subject).await.expect("answered"));
    assert!(store.delete_block(owner.id, &subject).await.expect("answered"));
    assert!(!store.delete_block(owner.id, &subject).await.expect("answered"));
    assert!(!is_blocked(&store, world.application(), id, ADA).await);
}

pub(crate) async fn a_block_is_found_by_licensee_address_and_domain(
    Database { store, .. }: Database,
) {
    let world = World::new(&store).await;
    let owner = vendor(&store, "Example Ltd").await;
    let id = LicenseeId::new();
    for (subject, blocked) in [
        (id.to_string().as_str(), true),
        (ADA, true),
        ("Ada+x@CS.example.edu", true),
        ("@cs.example.edu", true),
        ("@example.edu", true),
        (LicenseeId::new().to_string().as_str(), false),
        ("bob@cs.example.edu", false),
        ("@ee.example.edu", false),
        ("@ample.edu", false),
    ] {
        let subject: Subject = parsed(subject);
        store.put_block(owner.id, &subject, None, at(5)).await.expect("stored");
        assert_eq!(is_blocked(&store, world.application(), id, ADA).await, blocked, "{subject}");
        store.delete_block(owner.id, &subject).await.expect("answered");
    }
    let deep = "@1.2.3.4.5.6.7.8.example.edu";
    store.put_block(owner.id, &parsed(deep), None, at(5)).await.expect("stored");
    assert!(is_blocked(&store, world.application(), id, &format!("ada{deep}")).await);
}

pub(crate) async fn pages_of_blocks_follow_each_other(Database { store, .. }: Database) {
    let (owner, other) = (vendor(&store, "Ada").await, vendor(&store, "Other").await);
    for name in ["d", "a", "c", "b", "e"] {
        let subject = parsed(&format!("{name}@example.com"));
        store.put_block(owner.id, &subject, None, at(5)).await.expect("stored");
    }
    store.put_block(other.id, &parsed("z@example.com"), None, at(5)).await.expect("stored");
    let (mut after, mut found, mut more): (Option<Subject>, _, _) = (None, String::new(), true);
    while more {
        let page = store.blocks(owner.id, after.as_ref(), 2).await.expect("answered");
        found.extend(page.entries.iter().map(|block| block.subject.to_string().remove(0)));
        after = page.entries.last().map(|block| block.subject.clone());
        more = page.more;
    }
    assert_eq!(found, "abcde");
}
