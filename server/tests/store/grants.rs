//! Granting, also by many at once and by those who stop in the middle.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use trybuy_formats::control::LicenseKind;
use trybuy_formats::ids::ReleaseId;
use trybuy_server::store::{Grant, GrantRequest, NewAcceptanceCode, NewBuilder, TrialStanding};

use crate::harness::Database;
use crate::samples::{World, at, builder, random_digest, register, registered};

pub(crate) async fn a_running_trial_is_answered_instead_of_another(
    Database { store, .. }: Database,
) {
    let world = World::new(&store).await;
    let first = world.request(at(0));
    assert_eq!(store.grant_trial(&first).await.expect("answered"), Grant::Granted);
    for (second, expected) in [(99, Grant::Existing(first.trial.id)), (100, Grant::Granted)] {
        let current = (second == 99).then_some(first.trial.id);
        let standing = world.standing(&store, at(second)).await;
        let stands = TrialStanding {
            current,
            used: 1,
            last_end: first.trial.ends_at,
            ..TrialStanding::default()
        };
        assert_eq!(standing, stands);
        let outcome = store.grant_trial(&world.request(at(second))).await.expect("answered");
        assert_eq!(outcome, expected, "{second}");
    }
}

pub(crate) async fn trials_are_counted_per_licensee_and_application(
    Database { store, .. }: Database,
) {
    let world = World::new(&store).await;
    for number in 0..5 {
        let outcome = store.grant_trial(&world.request(at(200 * number))).await.expect("answered");
        let expected = if number < 3 { Grant::Granted } else { Grant::LimitReached { used: 3 } };
        assert_eq!(outcome, expected);
    }
    let second_builder = NewBuilder { licensee_id: world.builder.licensee_id, ..builder() };
    register(&store, &second_builder).await;
    let outcome = store.grant_trial(&world.request_of(&second_builder, at(2_000))).await;
    assert_eq!(outcome.expect("answered"), Grant::LimitReached { used: 3 });
    let bob = registered(&store).await;
    let outcome = store.grant_trial(&world.request_of(&bob, at(2_000))).await;
    assert_eq!(outcome.expect("answered"), Grant::Granted);
}

pub(crate) async fn a_purchase_counts_as_no_trial(Database { store, .. }: Database) {
    let world = World::new(&store).await;
    let mut purchase = world.request(at(0));
    purchase.trial.kind = LicenseKind::Purchase;
    purchase.trial.counted = false;
    purchase.maximum = 1;
    assert_eq!(store.grant_trial(&purchase).await.expect("answered"), Grant::Granted);
    let trial = GrantRequest { maximum: 1, ..world.request(at(200)) };
    assert_eq!(store.grant_trial(&trial).await.expect("answered"), Grant::Granted);
    let another = GrantRequest { maximum: 1, ..world.request(at(400)) };
    let outcome = store.grant_trial(&another).await.expect("answered");
    assert_eq!(outcome, Grant::LimitReached { used: 1 });
}

pub(crate) async fn fifty_requests_at_once_make_one_trial(Database { store, .. }: Database) {
    let world = World::new(&store).await;
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..50 {
        let (store, request) = (store.clone(), world.request(at(0)));
        tasks.spawn(async move { store.grant_trial(&request).await.expect("answered") });
    }
    let outcomes = tasks.join_all().await;
    let granted = outcomes.iter().filter(|outcome| **outcome == Grant::Granted).count();
    assert_eq!(granted, 1, "{outcomes:?}");
    let trials = store.trials_of(world.builder.license_id).await.expect("answered");
    assert_eq!(trials.len(), 1);
    let existing = Grant::Existing(trials[0].trial.id);
    let others = outcomes.iter().filter(|outcome| **outcome == existing);
    assert_eq!(others.count(), 49);
}

pub(crate) async fn what_does_not_count_is_no_limit_reached(Database { store, .. }: Database) {
    let world = World::new(&store).await;
    let first = GrantRequest { maximum: 1, ..world.request(at(0)) };
    assert_eq!(store.grant_trial(&first).await.expect("answered"), Grant::Granted);
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..10 {
        let own = NewBuilder { licensee_id: world.builder.licensee_id, ..builder() };
        register(&store, &own).await;
        // The same trial on another Builder.
        let mut request = GrantRequest { maximum: 1, ..world.request_of(&own, at(0)) };
        request.trial.counted = false;
        let store = store.clone();
        tasks.spawn(async move { store.grant_trial(&request).await.expect("answered") });
    }
    assert_eq!(tasks.join_all().await, [Grant::Granted; 10]);
}

pub(crate) async fn fifty_builders_of_a_licensee_get_the_maximum_at_once(
    Database { store, .. }: Database,
) {
    let world = World::new(&store).await;
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..50 {
        let own = NewBuilder { licensee_id: world.builder.licensee_id, ..builder() };
        register(&store, &own).await;
        let (store, request) = (store.clone(), world.request_of(&own, at(0)));
        tasks.spawn(async move { store.grant_trial(&request).await.expect("answered") });
    }
    let outcomes = tasks.join_all().await;
    let granted = outcomes.iter().filter(|outcome| **outcome == Grant::Granted).count();
    assert_eq!(granted, 3, "{outcomes:?}");
    let refused = outcomes.iter().filter(|outcome| **outcome == Grant::LimitReached { used: 3 });
    assert_eq!(refused.count(), 47);
}

pub(crate) async fn a_grant_that_is_dropped_leaves_all_or_nothing(
    Database { store, .. }: Database,
) {
    let world = World::new(&store).await;
    for polls in 0_u64.. {
        let bob = registered(&store).await;
        let code = NewAcceptanceCode {
            hash: random_digest(),
            license_id: bob.license_id,
            application: world.application().clone(),
            created_at: at(0),
            expires_at: at(10_000),
        };
        store.create_acceptance_code(&code).await.expect("stored");
        let request = GrantRequest { code: Some(code.hash), ..world.request_of(&bob, at(0)) };
        let outcome = Abandoned { polls, future: Box::pin(store.grant_trial(&request)) }.await;
        let trials = store.trials_of(bob.license_id).await.expect("answered").len();
        // At another time the code is accepted if and only if the first grant left nothing.
        let later = GrantRequest { code: Some(code.hash), ..world.request_of(&bob, at(500)) };
        let again = store.grant_trial(&later).await.expect("answered");
        let expected = if trials == 0 { Grant::Granted } else { Grant::CodeRefused };
        assert_eq!(again, expected, "after {polls} polls");
        if let Some(outcome) = outcome {
            assert_eq!(outcome.expect("answered"), Grant::Granted);
            assert_eq!(trials, 1);
            return;
        }
    }
}

pub(crate) async fn a_refused_code_leaves_nothing(Database { store, .. }: Database) {
    let world = World::new(&store).await;
    let request = GrantRequest { code: Some(random_digest()), ..world.request(at(0)) };
    assert_eq!(store.grant_trial(&request).await.expect("answered"), Grant::CodeRefused);
    assert_eq!(store.trial(request.trial.id).await.expect("answered"), None);
    let standing = world.standing(&store, at(0)).await;
    assert_eq!(standing, TrialStanding::default());
}

pub(crate) async fn a_failing_grant_takes_no_other_along(Database { store, .. }: Database) {
    let world = World::new(&store).await;
    let mut tasks = tokio::task::JoinSet::new();
    for number in 0..60 {
        let bob = registered(&store).await;
        let mut request = world.request_of(&bob, at(0));
        let bad = number % 10 == 3;
        if bad {
            request.trial.release_id = ReleaseId::new();
        }
        let store = store.clone();
        tasks.spawn(async move { (bad, store.grant_trial(&request).await) });
    }
    for (bad, outcome) in tasks.join_all().await {
        assert_eq!(matches!(outcome, Ok(Grant::Granted)), !bad, "{outcome:?}");
    }
    let page = store.requests(world.application(), None, 100).await.expect("answered");
    assert_eq!(page.entries.len(), 54);
}

/// A future that is dropped after so many polls.
struct Abandoned<F> {
    polls: u64,
    future: Pin<Box<F>>,
}

impl<F: Future> Future for Abandoned<F> {
    type Output = Option<F::Output>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<F::Output>> {
        if self.polls == 0 {
            return Poll::Ready(None);
        }
        self.polls -= 1;
        self.future.as_mut().poll(context).map(Some)
    }
}
