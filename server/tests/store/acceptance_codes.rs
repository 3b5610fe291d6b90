//! Codes to be retyped.

use trybuy_formats::ids::Digest;
use trybuy_formats::instant::Instant;
use trybuy_server::store::{Grant, GrantRequest, NewAcceptanceCode, Store};

use crate::harness::Database;
use crate::samples::{LINUX, World, at, publish, random_digest, registered, release, vendor};

async fn code(store: &Store, world: &World, created_at: Instant) -> Digest {
    let code = NewAcceptanceCode {
        hash: random_digest(),
        license_id: world.builder.license_id,
        application: world.application().clone(),
        created_at,
        expires_at: at(10_000),
    };
    store.create_acceptance_code(&code).await.expect("stored");
    code.hash
}

async fn grant(store: &Store, request: GrantRequest, code: Digest) -> Grant {
    let request = GrantRequest { code: Some(code), ..request };
    store.grant_trial(&request).await.expect("answered")
}

pub(crate) async fn a_code_is_accepted_once(Database { store, .. }: Database) {
    let world = World::new(&store).await;
    let code = code(&store, &world, at(0)).await;
    let first = world.request(at(10));
    assert_eq!(grant(&store, first.clone(), code).await, Grant::Granted);
    // While the trial runs, that trial is the answer, whatever the code.
    let again = grant(&store, world.request(at(20)), code).await;
    assert_eq!(again, Grant::Existing(first.trial.id));
    assert_eq!(grant(&store, world.request(at(500)), code).await, Grant::CodeRefused);
}

pub(crate) async fn a_code_is_good_for_its_license_application_and_time_only(
    Database { store, .. }: Database,
) {
    let world = World::new(&store).await;
    let other_vendor = vendor(&store, "Others").await;
    let chart = release(&other_vendor, "com.example.chart", "1.0.0", LINUX);
    publish(&store, &chart).await;
    let bob = registered(&store).await;
    let code = code(&store, &world, at(0)).await;
    let of_bob = world.request_of(&bob, at(10));
    assert_eq!(grant(&store, of_bob, code).await, Grant::CodeRefused);
    let mut of_chart = world.request(at(10));
    of_chart.trial.application = chart.release.application.clone();
    of_chart.trial.release_id = chart.release.id;
    assert_eq!(grant(&store, of_chart, code).await, Grant::CodeRefused);
    let late = world.request(at(10_000));
    assert_eq!(grant(&store, late, code).await, Grant::CodeRefused);
    let unknown = world.request(at(10));
    assert_eq!(grant(&store, unknown, random_digest()).await, Grant::CodeRefused);
    let in_time = world.request(at(9_999));
    assert_eq!(grant(&store, in_time, code).await, Grant::Granted);
}

pub(crate) async fn the_newest_code_for_an_application_counts(Database { store, .. }: Database) {
    let world = World::new(&store).await;
    let chart = release(&vendor(&store, "Others").await, "com.example.chart", "1.0.0", LINUX);
    publish(&store, &chart).await;
    let first = code(&store, &world, at(0)).await;
    let for_another = NewAcceptanceCode {
        hash: random_digest(),
        license_id: world.builder.license_id,
        application: chart.release.application.clone(),
        created_at: at(1),
        expires_at: at(10_000),
    };
    store.create_acceptance_code(&for_another).await.expect("stored");
    // Neither the code for another application nor that of another license replaces it.
    let bob = registered(&store).await;
    let of_bob = NewAcceptanceCode {
        hash: random_digest(),
        license_id: bob.license_id,
        application: world.application().clone(),
        ..for_another
    };
    store.create_acceptance_code(&of_bob).await.expect("stored");
    assert_eq!(grant(&store, world.request(at(10)), first).await, Grant::Granted);

    let request = |second| GrantRequest { maximum: 10, ..world.request(at(second)) };
    let older = code(&store, &world, at(500)).await;
    let newer = code(&store, &world, at(500)).await;
    assert_eq!(grant(&store, request(501), older).await, Grant::CodeRefused);
    assert_eq!(grant(&store, request(502), newer).await, Grant::Granted);
}

pub(crate) async fn of_grants_at_once_with_one_code_one_succeeds(Database { store, .. }: Database) {
    let world = World::new(&store).await;
    let code = code(&store, &world, at(0)).await;
    let mut tasks = tokio::task::JoinSet::new();
    for number in 0..20 {
        // Each at a time when the others have ended: only the code stands in the way.
        let (store, request) = (store.clone(), world.request(at(1 + 200 * number)));
        tasks.spawn(async move { grant(&store, request, code).await });
    }
    let outcomes = tasks.join_all().await;
    let granted = outcomes.iter().filter(|outcome| **outcome == Grant::Granted).count();
    assert_eq!(granted, 1, "{outcomes:?}");
    assert_eq!(store.trials_of(world.builder.license_id).await.expect("answered").len(), 1);
}
