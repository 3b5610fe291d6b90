//! Trials as they are read.

use trybuy_formats::ids::{LicenseId, ReleaseId, TrialId};
use trybuy_formats::policy::AcceptanceKind;
use trybuy_server::store::{Grant, TrialRecord};

use crate::harness::Database;
use crate::samples::{World, at, parsed, registered};

pub(crate) async fn a_trial_comes_back_with_its_head(Database { store, .. }: Database) {
    let world = World::new(&store).await;
    let mut request = world.request(at(10));
    request.trial.acceptance = AcceptanceKind::RetypeCode;
    request.trial.accepted_as = None;
    request.trial.extended_to = Some(at(7));
    request.trial.ends_at = None;
    request.head.bytes = (0..=255).cycle().take(6_000).collect();
    assert_eq!(store.grant_trial(&request).await.expect("answered"), Grant::Granted);
    let record = TrialRecord {
        trial: request.trial.clone(),
        application_name: parsed("Sketch"),
        version: parsed("1.0.0"),
        head_number: 1,
        head_made_at: request.head.made_at,
        head_due: 1,
        delivered_at: None,
        first_run_on: None,
    };
    let found = store.trial(request.trial.id).await.expect("answered");
    assert_eq!(found, Some((record, request.head)));
    assert_eq!(store.trial(TrialId::new()).await.expect("answered"), None);
}

pub(crate) async fn the_first_delivery_is_remembered(Database { store, .. }: Database) {
    let world = World::new(&store).await;
    let (request, other) =
        (world.request(at(10)), world.request_of(&registered(&store).await, at(10)));
    for request in [&request, &other] {
        assert_eq!(store.grant_trial(request).await.expect("answered"), Grant::Granted);
    }
    store.deliver_trial(request.trial.id, at(20)).await.expect("remembered");
    store.deliver_trial(request.trial.id, at(30)).await.expect("remembered");
    let delivered_at = async |id| {
        let (record, _) = store.trial(id).await.expect("answered").expect("it is there");
        record.delivered_at
    };
    assert_eq!(delivered_at(request.trial.id).await, Some(at(20)));
    assert_eq!(delivered_at(other.trial.id).await, None);
}

pub(crate) async fn the_first_report_of_a_first_run_counts(Database { store, .. }: Database) {
    let world = World::new(&store).await;
    let request = world.request(at(10));
    assert_eq!(store.grant_trial(&request).await.expect("answered"), Grant::Granted);
    for day in [at(20), at(15)] {
        store.report_first_run(request.trial.id, day).await.expect("remembered");
    }
    let (record, _) = store.trial(request.trial.id).await.expect("answered").expect("there");
    assert_eq!(record.first_run_on, Some(at(20)));
    let requests = store.requests(&request.trial.application, None, 10).await.expect("answered");
    assert_eq!(requests.entries[0].first_run_on, Some(at(20)));
}

pub(crate) async fn a_license_lists_its_trials_newest_first(Database { store, .. }: Database) {
    let world = World::new(&store).await;
    let mut expected = Vec::new();
    for number in 0..3 {
        let request = world.request(at(200 * number));
        assert_eq!(store.grant_trial(&request).await.expect("answered"), Grant::Granted);
        expected.insert(0, request.trial);
    }
    let trials = store.trials_of(world.builder.license_id).await.expect("answered");
    let trials: Vec<_> = trials.into_iter().map(|record| record.trial).collect();
    assert_eq!(trials, expected);
    assert!(store.trials_of(LicenseId::new()).await.expect("answered").is_empty());
}

pub(crate) async fn a_trial_of_an_unknown_release_is_not_recorded(
    Database { store, .. }: Database,
) {
    let world = World::new(&store).await;
    let mut request = world.request(at(10));
    request.trial.release_id = ReleaseId::new();
    store.grant_trial(&request).await.expect_err("there is no such release");
    assert_eq!(store.trial(request.trial.id).await.expect("answered"), None);
}
