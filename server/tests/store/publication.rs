//! Publishing releases.

use trybuy_formats::policy::TrialPolicy;
use trybuy_formats::subject::Scope;
use trybuy_server::store::{
    Actor, NewRelease, OfferQuery, PolicyUpdate, PolicyUpdated, Publication, Store,
};

use crate::harness::Database;
use crate::samples::{
    LINUX, actor, at, builder, digest, parsed, policy, policy_update, publish, release, subjects,
    vendor,
};

const SKETCH: &str = "com.example.sketch";

/// The version of SKETCH that a Builder of a platform is offered.
async fn offered(store: &Store, platform: &str, version: Option<&str>) -> Option<String> {
    let somebody = builder();
    let version = version.map(parsed);
    let query = OfferQuery {
        application: &parsed(SKETCH),
        platform: &parsed(platform),
        version: version.as_ref(),
        subjects: &subjects(&somebody),
        license: somebody.license_id,
        now: at(10),
    };
    let offer = store.offer(&query).await.expect("answered").expect("there");
    assert_eq!(offer.standing.used, 0);
    offer.release.map(|release| release.version.to_string())
}

pub(crate) async fn the_first_release_creates_the_application(Database { store, .. }: Database) {
    let ours = vendor(&store, "Ours").await;
    let mut new = release(&ours, SKETCH, "1.0.0", LINUX);
    new.homepage = Some("https://example.com/?a=1".to_owned());
    let outcome = store.publish_release(&new).await.expect("answered");
    assert_eq!(outcome, Publication::Published { created_application: true, policy: policy() });
    let application = store.application(&parsed(SKETCH)).await.expect("answered").expect("there");
    assert_eq!(application.vendor, ours);
    assert_eq!(application.summary, new.summary);
    assert_eq!(application.homepage, new.homepage);
    assert_eq!(application.categories, new.categories);
    assert_eq!(application.policy, policy());
    assert_eq!(application.terms_digest, new.release.terms_digest);
    assert_eq!(application.newest_version, new.release.version);
    assert_eq!(application.created_at, at(10));
    assert_eq!(store.release(new.release.id).await.expect("answered"), Some(new.release));
    assert_eq!(store.application(&parsed("com.example.other")).await.expect("answered"), None);
}

pub(crate) async fn a_new_application_needs_a_policy(Database { store, .. }: Database) {
    let ours = vendor(&store, "Ours").await;
    let new = NewRelease { policy: None, ..release(&ours, SKETCH, "1.0.0", LINUX) };
    let outcome = store.publish_release(&new).await.expect("answered");
    assert_eq!(outcome, Publication::PolicyMissing);
    assert_eq!(store.application(&parsed(SKETCH)).await.expect("answered"), None);
}

pub(crate) async fn another_vendor_is_refused(Database { store, .. }: Database) {
    let (ours, others) = (vendor(&store, "Ours").await, vendor(&store, "Others").await);
    publish(&store, &release(&ours, SKETCH, "1.0.0", LINUX)).await;
    for version in ["1.0.0", "2.0.0"] {
        let outcome = store.publish_release(&release(&others, SKETCH, version, LINUX)).await;
        assert_eq!(outcome.expect("answered"), Publication::NotYours);
    }
    assert_eq!(store.releases_of(&parsed(SKETCH)).await.expect("answered").len(), 1);
}

pub(crate) async fn the_same_release_again_changes_nothing(Database { store, .. }: Database) {
    let ours = vendor(&store, "Ours").await;
    let first = release(&ours, SKETCH, "1.0.0", LINUX);
    publish(&store, &first).await;
    let mut again = release(&ours, SKETCH, "1.0.0", LINUX);
    again.release.published_at = at(99);
    again.policy = None;
    let outcome = store.publish_release(&again).await.expect("answered");
    let release = Box::new(first.release);
    assert_eq!(outcome, Publication::AlreadyThere { release, policy: policy() });
}

pub(crate) async fn another_content_under_the_same_version_is_refused(
    Database { store, .. }: Database,
) {
    let ours = vendor(&store, "Ours").await;
    publish(&store, &release(&ours, SKETCH, "1.0.0", LINUX)).await;
    let changes: [fn(&mut NewRelease); 4] = [
        |new| new.release.program_digest = digest("another program"),
        |new| new.release.documentation_digest = digest("another documentation"),
        |new| new.release.terms_digest = digest("other terms"),
        |new| new.release.minimum_builder = None,
    ];
    for change in changes {
        let mut other = release(&ours, SKETCH, "1.0.0", LINUX);
        change(&mut other);
        let outcome = store.publish_release(&other).await.expect("answered");
        assert_eq!(outcome, Publication::Conflict);
    }
    assert_eq!(store.releases_of(&parsed(SKETCH)).await.expect("answered").len(), 1);
}

pub(crate) async fn an_older_release_leaves_the_texts_alone(Database { store, .. }: Database) {
    let ours = vendor(&store, "Ours").await;
    for version in ["1.10.0", "1.9.0", "1.10.1", "1.9.1"] {
        publish(&store, &release(&ours, SKETCH, version, LINUX)).await;
    }
    let application = store.application(&parsed(SKETCH)).await.expect("answered").expect("there");
    assert_eq!(application.newest_version, parsed("1.10.1"));
    let texts = store.application_texts(&parsed(SKETCH)).await.expect("answered").expect("there");
    assert_eq!(texts.documentation, "D 1.10.1 of com.example.sketch");
    assert_eq!(texts.terms, "T 1.10.1 of com.example.sketch");
    assert_eq!(texts.relicensing, "R");
    let versions = store.releases_of(&parsed(SKETCH)).await.expect("answered");
    let versions: Vec<_> = versions.iter().map(|release| release.version.to_string()).collect();
    assert_eq!(versions, ["1.10.1", "1.10.0", "1.9.1", "1.9.0"]);
}

pub(crate) async fn a_pre_release_is_the_newest_only_where_there_is_nothing_else(
    Database { store, .. }: Database,
) {
    let ours = vendor(&store, "Ours").await;
    let newest = async || {
        let id = parsed(SKETCH);
        let application = store.application(&id).await.expect("answered").expect("there");
        let version = offered(&store, LINUX, None).await.expect("there");
        assert_eq!(version, application.newest_version.to_string());
        version
    };
    for (version, expected) in [
        ("1.0.0-rc.1", "1.0.0-rc.1"),
        ("1.0.0-rc.2", "1.0.0-rc.2"),
        ("1.0.0", "1.0.0"),
        ("2.0.0-rc.1", "1.0.0"),
        ("0.9.0", "1.0.0"),
        ("2.0.0", "2.0.0"),
    ] {
        publish(&store, &release(&ours, SKETCH, version, LINUX)).await;
        assert_eq!(newest().await, expected, "after {version}");
    }
    let asked = offered(&store, LINUX, Some("2.0.0-rc.1")).await;
    assert!(asked.is_some(), "who asks for it gets it");
}

pub(crate) async fn it_is_known_which_blobs_are_in_use(Database { store, .. }: Database) {
    let ours = vendor(&store, "Ours").await;
    let new = release(&ours, SKETCH, "1.0.0", LINUX);
    assert!(!store.refers_to_blob(&new.release.blob_key).await.expect("answered"));
    publish(&store, &new).await;
    assert!(store.refers_to_blob(&new.release.blob_key).await.expect("answered"));
}

pub(crate) async fn replaced_terms_can_still_be_read(Database { store, .. }: Database) {
    let ours = vendor(&store, "Ours").await;
    let releases =
        ["1.0.0", "2.0.0", "1.5.0"].map(|version| release(&ours, SKETCH, version, LINUX));
    for new in &releases {
        publish(&store, new).await;
    }
    for new in &releases {
        for (digest, text) in [
            (&new.release.terms_digest, &new.terms),
            (&new.release.relicensing_digest, &new.relicensing),
        ] {
            let terms = store.terms(&new.release.application, digest).await.expect("answered");
            assert_eq!(terms.as_ref(), Some(text));
        }
    }
    let (foreign, first) = (parsed("com.example.other"), &releases[0].release);
    for (application, digest) in [
        (&first.application, &digest("unknown")),
        (&first.application, &first.documentation_digest),
        (&foreign, &first.terms_digest),
    ] {
        assert_eq!(store.terms(application, digest).await.expect("answered"), None);
    }
}

pub(crate) async fn the_policy_stays_until_its_vendor_sets_it(Database { store, .. }: Database) {
    let Actor { vendor: ours, token } = actor(&store, "Ours").await;
    publish(&store, &release(&ours, SKETCH, "1.0.0", LINUX)).await;
    let other = TrialPolicy { trials: 9, ..policy() };
    let new = NewRelease { policy: Some(other), ..release(&ours, SKETCH, "2.0.0", LINUX) };
    let outcome = store.publish_release(&new).await.expect("answered");
    assert_eq!(outcome, Publication::Published { created_application: false, policy: policy() });
    let update = PolicyUpdate {
        changed_at: at(77),
        ..policy_update(&Actor { vendor: ours, token }, SKETCH, Scope::Application, Some(other))
    };
    let outcome = store.update_policy(&update).await.expect("answered");
    assert_eq!(outcome, PolicyUpdated::Done);
    let application = store.application(&parsed(SKETCH)).await.expect("answered").expect("there");
    assert_eq!((application.policy, application.policy_changed_at), (other, at(77)));
}

pub(crate) async fn texts_come_back_byte_for_byte(Database { store, .. }: Database) {
    let ours = vendor(&store, "Ours").await;
    let mut new = release(&ours, SKETCH, "1.0.0", LINUX);
    new.documentation = "\u{0}a\r\n\u{feff}ß\u{1f600}".repeat(10_000);
    new.summary = "O'Brien; DROP TABLE \"x\" -- $1 ? \\".to_owned();
    publish(&store, &new).await;
    let texts = store.application_texts(&parsed(SKETCH)).await.expect("answered").expect("there");
    assert_eq!(texts.documentation, new.documentation);
    let application = store.application(&parsed(SKETCH)).await.expect("answered").expect("there");
    assert_eq!(application.summary, new.summary);
}

pub(crate) async fn releases_published_at_once_are_all_there(Database { store, .. }: Database) {
    let ours = vendor(&store, "Ours").await;
    let mut tasks = tokio::task::JoinSet::new();
    for minor in 0..10 {
        let (store, new) = (store.clone(), release(&ours, SKETCH, &format!("1.{minor}.0"), LINUX));
        tasks.spawn(async move { store.publish_release(&new).await.expect("answered") });
    }
    let outcomes = tasks.join_all().await;
    let created = |outcome: &&Publication| {
        matches!(outcome, Publication::Published { created_application: true, .. })
    };
    assert_eq!(outcomes.iter().filter(created).count(), 1);
    assert_eq!(store.releases_of(&parsed(SKETCH)).await.expect("answered").len(), 10);
    let application = store.application(&parsed(SKETCH)).await.expect("answered").expect("there");
    assert_eq!(application.newest_version, parsed("1.9.0"));
}

pub(crate) async fn of_two_contents_at_once_one_is_published(Database { store, .. }: Database) {
    let ours = vendor(&store, "Ours").await;
    let mut tasks = tokio::task::JoinSet::new();
    for content in 0..8 {
        let (store, mut new) = (store.clone(), release(&ours, SKETCH, "1.0.0", LINUX));
        new.release.program_digest = digest(&format!("{content}"));
        tasks.spawn(async move { store.publish_release(&new).await.expect("answered") });
    }
    let outcomes = tasks.join_all().await;
    let conflicts = outcomes.iter().filter(|outcome| **outcome == Publication::Conflict).count();
    assert_eq!(conflicts, 7, "{outcomes:?}");
}

pub(crate) async fn a_release_is_found_by_version_or_as_the_newest(
    Database { store, .. }: Database,
) {
    let ours = vendor(&store, "Ours").await;
    for version in ["1.9.0", "1.10.0"] {
        publish(&store, &release(&ours, SKETCH, version, LINUX)).await;
    }
    publish(&store, &release(&ours, SKETCH, "2.0.0", "aarch64-macos")).await;
    let find = async |platform, version| offered(&store, platform, version).await;
    assert_eq!(find(LINUX, None).await.as_deref(), Some("1.10.0"));
    assert_eq!(find(LINUX, Some("1.9.0")).await.as_deref(), Some("1.9.0"));
    assert_eq!(find("aarch64-macos", None).await.as_deref(), Some("2.0.0"));
    assert_eq!(find(LINUX, Some("2.0.0")).await, None);
    assert_eq!(find("x86_64-windows", None).await, None);
}

pub(crate) async fn a_vendor_sees_only_own_releases(Database { store, .. }: Database) {
    let (ours, others) = (vendor(&store, "Ours").await, vendor(&store, "Others").await);
    publish(&store, &release(&ours, SKETCH, "1.0.0", LINUX)).await;
    let mut later = release(&ours, "com.example.chart", "1.0.0", LINUX);
    later.release.published_at = at(11);
    publish(&store, &later).await;
    publish(&store, &release(&others, "com.others.tool", "1.0.0", LINUX)).await;
    let list = async |application: Option<&str>| {
        let application = application.map(parsed);
        let releases =
            store.vendor_releases(ours.id, application.as_ref()).await.expect("answered");
        releases.iter().map(|release| release.application.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(list(None).await, ["com.example.chart", SKETCH]);
    assert_eq!(list(Some(SKETCH)).await, [SKETCH]);
    assert!(list(Some("com.others.tool")).await.is_empty());
}
