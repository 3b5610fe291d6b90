//! Webhooks: each event becomes one delivery, which one process at a time sends.

use trybuy_formats::api::{Delivery, EventKind, Gift};
use trybuy_formats::ids::{DeliveryId, WebhookId};
use trybuy_formats::instant::Span;
use trybuy_formats::limits;
use trybuy_server::store::{
    Actor, Given, Grant, LogQuery, NewBuilder, NewGift, NewWebhook, Outcome, Store, Vendor,
};

use crate::harness::Database;
use crate::samples::{World, actor, at, builder, register, registered, vendor};

async fn added(store: &Store, vendor: &Vendor, events: &[EventKind], second: u64) -> WebhookId {
    let webhook = NewWebhook {
        id: WebhookId::new(),
        vendor: vendor.id,
        url: "https://example.com/hook".to_owned(),
        events: events.to_vec(),
        created_at: at(second),
    };
    assert!(store.add_webhook(&webhook).await.expect("answered"));
    webhook.id
}

async fn log(store: &Store, vendor: &Vendor) -> Vec<Delivery> {
    let query = LogQuery { limit: 200, ..LogQuery::default() };
    store.deliveries(vendor.id, query).await.expect("answered").entries
}

async fn kinds(store: &Store, vendor: &Vendor) -> Vec<EventKind> {
    log(store, vendor).await.into_iter().rev().map(|delivery| delivery.event).collect()
}

pub(crate) async fn each_event_becomes_one_delivery(Database { store, .. }: Database) {
    let world = World::new(&store).await;
    let ada = vendor(&store, "Example Ltd").await;
    let bob = vendor(&store, "Other Ltd").await;
    let webhook = added(&store, &ada, &EventKind::ALL, 5).await;
    added(&store, &bob, &EventKind::ALL, 5).await;
    added(&store, &ada, &[EventKind::LicensePurchased], 5).await;
    for second in [1, 10] {
        let builder = registered(&store).await;
        let request = world.request_of(&builder, at(second));
        assert_eq!(store.grant_trial(&request).await.expect("answered"), Grant::Granted);
    }
    for second in [10, 11, 109, 110, 300] {
        store.collect_events(at(second)).await.expect("collected");
    }
    use EventKind::{TrialExpired, TrialRequested};
    let expected = [TrialRequested, TrialExpired, TrialExpired];
    assert_eq!(kinds(&store, &ada).await, expected, "what was before the webhook is not told");
    let told = log(&store, &ada).await;
    assert!(told.iter().all(|delivery| delivery.webhook_id == webhook));
    assert!(told.iter().all(|delivery| delivery.application.as_ref() == Some(world.application())));
    assert_eq!(told[2].occurred_at, at(10));
    assert_eq!(log(&store, &bob).await, []);
}

pub(crate) async fn what_is_committed_late_is_not_missed(Database { store, .. }: Database) {
    let world = World::new(&store).await;
    let ada = vendor(&store, "Example Ltd").await;
    added(&store, &ada, &[EventKind::TrialRequested], 0).await;
    for second in [10, 500, 1_000] {
        store.collect_events(at(second)).await.expect("collected");
    }
    let late = world.request(at(900));
    assert_eq!(store.grant_trial(&late).await.expect("answered"), Grant::Granted);
    store.collect_events(at(1_001)).await.expect("collected");
    assert_eq!(log(&store, &ada).await.len(), 1);
}

pub(crate) async fn processes_at_once_make_one_delivery_and_one_claims_it(database: Database) {
    let store = &database.store;
    let world = World::new(store).await;
    let ada = vendor(store, "Example Ltd").await;
    let webhook = added(store, &ada, &EventKind::ALL, 0).await;
    for _ in 0..20 {
        let request = world.request_of(&registered(store).await, at(10));
        assert_eq!(store.grant_trial(&request).await.expect("answered"), Grant::Granted);
    }
    let mut processes = tokio::task::JoinSet::new();
    for _ in 0..4 {
        let url = database.url.clone();
        processes.spawn(async move {
            let store = Store::connect(&url).await.expect("connected");
            store.collect_events(at(11)).await.expect("collected");
            let mut claimed = Vec::new();
            while let Some(due) =
                store.claim_delivery(webhook, at(11), at(31)).await.expect("answered")
            {
                claimed.push(due.id);
            }
            store.close().await;
            claimed
        });
    }
    let mut claimed = processes.join_all().await.concat();
    claimed.sort_unstable();
    let mut told: Vec<_> = log(store, &ada).await.into_iter().map(|one| one.id).collect();
    told.sort_unstable();
    assert_eq!(told.len(), 20);
    assert_eq!(claimed, told, "each is claimed once");
}

pub(crate) async fn a_lease_runs_out_and_its_holder_is_late(Database { store, .. }: Database) {
    World::new(&store).await;
    let ada = vendor(&store, "Example Ltd").await;
    let webhook = added(&store, &ada, &EventKind::ALL, 0).await;
    let ping = store.ping_webhook(webhook, at(1)).await.expect("answered").expect("a ping");
    assert_eq!(store.ping_webhook(webhook, at(1)).await.expect("answered"), None, "one at a time");
    let claim = async |second| {
        store.claim_delivery(webhook, at(second), at(second + 20)).await.expect("answered")
    };
    let first = claim(1).await.expect("due");
    assert_eq!((first.id, first.attempts), (ping, 1));
    assert_eq!(claim(20).await, None);
    let second = claim(21).await.expect("due again");
    assert_eq!((second.id, second.attempts), (ping, 2));
    let delivered = |second| Outcome {
        status: Some(200),
        delivered_at: Some(at(second)),
        ..Outcome::default()
    };
    store.settle_delivery(&first, &delivered(22)).await.expect("answered");
    assert_eq!(log(&store, &ada).await[0].delivered_at, None, "it is not the first one's any more");
    store.settle_delivery(&second, &delivered(23)).await.expect("answered");
    let told = &log(&store, &ada).await[0];
    assert_eq!((told.delivered_at, told.next_attempt_at), (Some(at(23)), None));
    assert!(store.redeliver(ada.id, ping, at(24)).await.expect("answered"));
    assert!(!store.redeliver(ada.id, DeliveryId::new(), at(24)).await.expect("answered"));
    let third = claim(24).await.expect("due again");
    assert_eq!((third.id, third.attempts), (ping, 1));
}

pub(crate) async fn a_purchase_is_told_once_and_is_no_expired_trial(database: Database) {
    let store = &database.store;
    let world = World::new(store).await;
    let ada = vendor(store, "Example Ltd").await;
    added(store, &ada, &EventKind::ALL, 0).await;
    let request = world.request(at(10));
    assert_eq!(store.grant_trial(&request).await.expect("answered"), Grant::Granted);
    let buy = format!(
        "UPDATE trials SET purchased_at = {}, ends_at = NULL, kind = 'purchase'",
        at(50).unix()
    );
    database.execute(&buy).await;
    for second in [60, 120, 200] {
        store.collect_events(at(second)).await.expect("collected");
    }
    use EventKind::{LicensePurchased, TrialRequested};
    assert_eq!(kinds(store, &ada).await, [TrialRequested, LicensePurchased]);
    let told = &log(store, &ada).await[0];
    assert_eq!(told.occurred_at, at(50));
    let facts = store.event_facts(LicensePurchased, &request.trial.id.to_string()).await;
    let facts = facts.expect("answered").expect("there");
    assert_eq!((facts.trial_id, facts.purchased_at), (Some(request.trial.id), Some(at(50))));
}

pub(crate) async fn a_license_that_is_given_is_told_once_for_all_builders(
    Database { store, .. }: Database,
) {
    let world = World::new(&store).await;
    let Actor { vendor: ada, token } = actor(&store, "Example Ltd").await;
    added(&store, &ada, &[EventKind::LicensePurchased], 0).await;
    for _ in 0..3 {
        let own = NewBuilder { licensee_id: world.builder.licensee_id, ..builder() };
        register(&store, &own).await;
        let request = world.request_of(&own, at(10));
        assert_eq!(store.grant_trial(&request).await.expect("answered"), Grant::Granted);
    }
    for (second, length) in [(50, 1_000), (90, 2_000)] {
        let gift = NewGift {
            application: world.application().clone(),
            licensee: world.builder.licensee_id,
            gift: Gift::License { duration: Some(Span::seconds(length)) },
            given_at: at(second),
            given_by: token,
        };
        assert!(matches!(store.give(&gift).await.expect("answered"), Given::Done(_)));
        store.collect_events(at(second + 1)).await.expect("collected");
    }
    assert_eq!(kinds(&store, &ada).await, [EventKind::LicensePurchased]);
    assert_eq!(log(&store, &ada).await[0].occurred_at, at(50));
}

pub(crate) async fn a_refusal_is_told_once_a_day(Database { store, .. }: Database) {
    let world = World::new(&store).await;
    let ada = vendor(&store, "Example Ltd").await;
    let refuse = async |second| {
        let builder = &world.builder;
        let (licensee, license) = (builder.licensee_id, builder.license_id);
        store
            .record_refusal(world.application(), licensee, license, at(second))
            .await
            .expect("recorded");
        store.collect_events(at(second)).await.expect("collected");
    };
    refuse(1).await;
    added(&store, &ada, &EventKind::ALL, 0).await;
    refuse(2).await;
    let count = async || log(&store, &ada).await.len();
    assert_eq!(count().await, 1, "what nobody was to be told of was not remembered");
    refuse(3).await;
    refuse(86_401).await;
    assert_eq!(count().await, 1);
    refuse(86_402).await;
    assert_eq!(count().await, 2);
    assert_eq!(log(&store, &ada).await[0].occurred_at, at(86_402));
}

pub(crate) async fn a_vendor_has_ten_webhooks(Database { store, .. }: Database) {
    let ada = vendor(&store, "Example Ltd").await;
    let bob = vendor(&store, "Other Ltd").await;
    let mut last = None;
    for _ in 0..limits::WEBHOOKS {
        last = Some(added(&store, &ada, &EventKind::ALL, 0).await);
    }
    let more = NewWebhook {
        id: WebhookId::new(),
        vendor: ada.id,
        url: String::new(),
        events: Vec::new(),
        created_at: at(0),
    };
    assert!(!store.add_webhook(&more).await.expect("answered"));
    added(&store, &bob, &EventKind::ALL, 0).await;
    let last = last.expect("one");
    assert!(!store.remove_webhook(bob.id, last).await.expect("answered"), "it is another's");
    assert!(store.remove_webhook(ada.id, last).await.expect("answered"));
    assert!(store.add_webhook(&more).await.expect("answered"), "there is room again");
}

pub(crate) async fn a_disabled_webhook_is_told_nothing_until_it_is_enabled(
    Database { store, .. }: Database,
) {
    let world = World::new(&store).await;
    let ada = vendor(&store, "Example Ltd").await;
    let webhook = added(&store, &ada, &EventKind::ALL, 0).await;
    store.ping_webhook(webhook, at(1)).await.expect("answered").expect("a ping");
    store.disable_webhook(webhook, at(2)).await.expect("disabled");
    let request = world.request(at(3));
    assert_eq!(store.grant_trial(&request).await.expect("answered"), Grant::Granted);
    store.collect_events(at(4)).await.expect("collected");
    assert_eq!(store.waiting_webhooks(at(4)).await.expect("answered"), []);
    store.enable_webhook(ada.id, webhook, at(5)).await.expect("enabled");
    store.collect_events(at(110)).await.expect("collected");
    assert_eq!(kinds(&store, &ada).await, [EventKind::Ping, EventKind::TrialExpired]);
    assert_eq!(store.waiting_webhooks(at(110)).await.expect("answered"), [webhook]);
}

pub(crate) async fn old_deliveries_leave_the_log(Database { store, .. }: Database) {
    let ada = vendor(&store, "Example Ltd").await;
    for second in [0, 100] {
        let webhook = added(&store, &ada, &EventKind::ALL, 0).await;
        store.ping_webhook(webhook, at(second)).await.expect("answered").expect("a ping");
    }
    assert!(!store.purge_deliveries(at(100)).await.expect("purged"));
    assert_eq!(log(&store, &ada).await.len(), 1);
}
