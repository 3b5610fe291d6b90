//! Granted trials that get another policy.

use trybuy_formats::control::LicenseKind;
use trybuy_formats::ids::PolicyChangeId;
use trybuy_formats::policy::TrialPolicy;
use trybuy_formats::subject::Scope;
use trybuy_server::store::{
    Grant, GrantRequest, GrantedTrial, Head, PolicyRevisions, Store, TrialRecord, TrialRevision,
};

use crate::harness::Database;
use crate::samples::{World, actor, at, policy, policy_update, registered, updated};

fn other() -> TrialPolicy {
    TrialPolicy { trials: 9, ..policy() }
}

/// A trial, and the change of the policy that it follows.
async fn granted(store: &Store) -> (World, GrantRequest, PolicyChangeId) {
    let world = World::new(store).await;
    let request = world.request(at(0));
    assert_eq!(store.grant_trial(&request).await.expect("answered"), Grant::Granted);
    let by = actor(store, "Example Ltd").await;
    let application = world.application().as_str();
    let update = policy_update(&by, application, Scope::Application, Some(other()));
    updated(store, &update).await;
    (world, request, update.id)
}

async fn listed(store: &Store, world: &World) -> Vec<GrantedTrial> {
    store.granted_trials(world.application(), None, 10).await.expect("answered")
}

/// The revision of a trial as it was listed.
fn revision(trial: &GrantedTrial) -> TrialRevision {
    let GrantedTrial { id, head_due, .. } = *trial;
    TrialRevision { id, policy: other(), ends_at: at(500), head_due }
}

async fn revise(store: &Store, change: PolicyChangeId, revisions: &[TrialRevision]) -> u64 {
    store.revise_trials(PolicyRevisions { change, revisions }).await.expect("answered")
}

async fn stored(store: &Store, request: &GrantRequest) -> (TrialRecord, Head) {
    store.trial(request.trial.id).await.expect("answered").expect("it is there")
}

fn head(number: u64) -> Head {
    Head { number, etag: format!("\"e-{number}\""), made_at: at(0), bytes: vec![7] }
}

pub(crate) async fn a_revision_makes_another_head_due(Database { store, .. }: Database) {
    let (world, request, change) = granted(&store).await;
    let [trial] = listed(&store, &world).await.try_into().expect("one trial");
    assert_eq!(
        (trial.id, trial.licensee_id, &trial.email, trial.started_at, trial.ends_at),
        (
            request.trial.id,
            world.builder.licensee_id,
            &world.builder.email,
            at(0),
            request.trial.ends_at
        )
    );
    assert_eq!((trial.extended_to, trial.policy, trial.head_due), (None, policy(), 1));
    assert_eq!(revise(&store, change, &[revision(&trial)]).await, 1);
    let (record, old) = stored(&store, &request).await;
    assert_eq!((record.trial.policy, record.trial.ends_at), (other(), Some(at(500))));
    assert_eq!((record.head_number, record.head_due), (1, 2));
    assert_eq!(old, request.head, "the head there is stays until it is asked for");

    // Of two that make it at once, one comes first.
    let replaced = async |before| {
        store.replace_head(request.trial.id, before, &head(2)).await.expect("answered")
    };
    assert!(replaced(1).await);
    assert!(!replaced(1).await);
    let (record, new) = stored(&store, &request).await;
    assert_eq!((record.head_number, record.head_due, new), (2, 2, head(2)));
    let application = world.application();
    let recorded = store.policy_change(application, change).await.expect("answered");
    assert_eq!(recorded.expect("it is there").applied_to, Some(1));
}

pub(crate) async fn what_changed_meanwhile_is_not_revised(database: Database) {
    let store = &database.store;
    let (world, request, change) = granted(store).await;
    let [trial] = listed(store, &world).await.try_into().expect("one trial");
    assert_eq!(revise(store, change, &[revision(&trial)]).await, 1);
    assert_eq!(revise(store, change, &[revision(&trial)]).await, 0, "it was decided before");
    let [trial] = listed(store, &world).await.try_into().expect("one trial");
    database.execute("UPDATE trials SET kind = 'purchase'").await;
    assert_eq!(revise(store, change, &[revision(&trial)]).await, 0, "it was bought");
    assert_eq!(listed(store, &world).await, []);
    let (record, _) = stored(store, &request).await;
    assert_eq!((record.trial.kind, record.head_due), (LicenseKind::Purchase, 2));
    let recorded = store.policy_change(world.application(), change).await.expect("answered");
    assert_eq!(recorded.expect("it is there").applied_to, Some(1), "only what was changed counts");
}

pub(crate) async fn a_head_that_is_made_while_a_trial_is_revised_is_not_the_last(
    Database { store, .. }: Database,
) {
    let (world, request, change) = granted(&store).await;
    for _ in 0..2 {
        let [trial] = listed(&store, &world).await.try_into().expect("one trial");
        assert_eq!(revise(&store, change, &[revision(&trial)]).await, 1);
    }
    // It was made of what the first revision said.
    assert!(store.replace_head(request.trial.id, 1, &head(2)).await.expect("answered"));
    let (record, _) = stored(&store, &request).await;
    assert_eq!((record.head_number, record.head_due), (2, 3));
}

pub(crate) async fn trials_to_be_revised_come_in_pages(Database { store, .. }: Database) {
    let (world, first, _) = granted(&store).await;
    let mut expected = vec![first.trial.id];
    for _ in 0..4 {
        let request = world.request_of(&registered(&store).await, at(0));
        assert_eq!(store.grant_trial(&request).await.expect("answered"), Grant::Granted);
        expected.push(request.trial.id);
    }
    let mut purchase = world.request_of(&registered(&store).await, at(0));
    purchase.trial.kind = LicenseKind::Purchase;
    assert_eq!(store.grant_trial(&purchase).await.expect("answered"), Grant::Granted);
    let (mut found, mut after) = (Vec::new(), None);
    loop {
        let page = store.granted_trials(world.application(), after, 2).await.expect("answered");
        let Some(last) = page.last() else { break };
        after = Some(last.id);
        found.extend(page.into_iter().map(|trial| trial.id));
    }
    assert_eq!(found, expected);
}
