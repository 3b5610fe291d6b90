//! The clearinghouse: offers, orders, fees, and the packs of the master license database.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};

use trybuy_formats::api::OrderState;
use trybuy_formats::ids::{ClearinghouseId, Currency, OrderId, PackId, PlatformType};
use trybuy_formats::instant::{DAY, Span};
use trybuy_formats::licensing::order::PurchaseOrder;
use trybuy_formats::licensing::pack::{HumanDescription, LicensePack};
use trybuy_formats::licensing::product::{LicenseType, Product};
use trybuy_formats::limits;
use trybuy_server::store::{
    NewOrder, NewPayment, OfferAdded, OfferKey, OfferRecord, OrderCancelled, OrderFilter,
    OrderPlaced, OrderSource, OrderTerms, PackMaker, PaymentRecorded, PaymentSource, Store,
};

use crate::harness::Database;
use crate::samples::{at, parsed};

/// Makes files that name their packs, or fails.
struct Maker {
    id: ClearinghouseId,
    fails: AtomicBool,
}

impl PackMaker for Maker {
    type Fault = &'static str;

    fn clearinghouse(&self) -> &ClearinghouseId {
        &self.id
    }

    fn make(&self, pack: &LicensePack, recipient_key: &[u8]) -> Result<String, &'static str> {
        if self.fails.load(Ordering::SeqCst) {
            return Err("it fails");
        }
        assert_eq!(recipient_key, b"a key");
        Ok(format!("the file of {}", pack.pack_id))
    }
}

fn maker() -> Maker {
    Maker { id: parsed("main"), fails: AtomicBool::new(false) }
}

fn product() -> Product {
    Product {
        product_id: parsed("com.example.office"),
        version: parsed("5.0.0"),
        license_type: LicenseType::Full,
        platform_type: PlatformType::NonWindows,
        features: vec![parsed("edit"), parsed("print")],
    }
}

fn descriptions() -> Vec<HumanDescription> {
    let one = |locale, text| HumanDescription { locale: parsed(locale), text: parsed(text) };
    vec![one("de", "Ein Büro"), one("en", "An office")]
}

fn offer() -> OfferRecord {
    OfferRecord {
        product: product(),
        family: parsed("office"),
        manufacturer: parsed("Example Inc"),
        descriptions: descriptions(),
        fee: 1200,
        currency: parsed("EUR"),
        valid_for: Some(Span::seconds(365 * DAY.as_seconds())),
        added_at: at(0),
        withdrawn_at: None,
    }
}

/// An order of ten licenses for 100 in all.
fn order(license_server: &str) -> NewOrder {
    NewOrder {
        order: PurchaseOrder {
            format: 1,
            order_id: OrderId::new(),
            license_server: parsed(license_server),
            product: product(),
            quantity: 10,
            certificate: "a certificate".to_owned(),
            ordered_at: at(0),
        },
        source: OrderSource::Online,
        recipient_key: b"a key".to_vec(),
        terms: OrderTerms {
            family: parsed("office"),
            manufacturer: parsed("Example Inc"),
            descriptions: descriptions(),
            first_active_at: None,
            ends_at: None,
            valid_for: Some(DAY),
        },
        fee: 100,
        currency: parsed("EUR"),
        received_at: at(1),
    }
}

async fn placed(store: &Store, license_server: &str) -> OrderId {
    let order = order(license_server);
    let outcome = store.place_order(&order).await.expect("answered");
    assert!(matches!(outcome, OrderPlaced::New(_)), "{outcome:?}");
    order.order.order_id
}

fn payment(order_id: OrderId, amount: u64, reference: &str) -> NewPayment {
    NewPayment {
        order_id,
        amount,
        currency: parsed("EUR"),
        reference: parsed(reference),
        source: PaymentSource::Operator,
        recorded_at: at(100),
    }
}

async fn pay(store: &Store, payment: &NewPayment) -> PaymentRecorded {
    store.record_payment(payment, &maker()).await.expect("answered").expect("made")
}

/// The pack that was issued with a payment.
fn issued(outcome: &PaymentRecorded) -> Option<PackId> {
    match outcome {
        PaymentRecorded::New { issued, .. } => *issued,
        _ => None,
    }
}

pub(crate) async fn an_offer_comes_back_until_it_is_withdrawn(database: Database) {
    let store = &database.store;
    let mut upgrade = offer();
    upgrade.product.license_type = LicenseType::Upgrade { from: parsed("4.0.0") };
    upgrade.valid_for = None;
    for offer in [offer(), upgrade.clone()] {
        assert_eq!(store.add_offer(&offer).await.expect("answered"), OfferAdded::Done);
        assert_eq!(store.add_offer(&offer).await.expect("answered"), OfferAdded::Exists);
        let key = OfferKey::of(&offer.product);
        assert_eq!(store.offer_in_force(&key).await.expect("answered"), Some(offer));
    }
    let key = OfferKey::of(&product());
    assert!(store.withdraw_offer(&key, at(5)).await.expect("answered"));
    assert!(!store.withdraw_offer(&key, at(6)).await.expect("answered"));
    assert_eq!(store.offer_in_force(&key).await.expect("answered"), None);
    let withdrawn = OfferRecord { withdrawn_at: Some(at(5)), ..offer() };
    assert_eq!(store.offers().await.expect("answered"), vec![withdrawn, upgrade.clone()]);
    let dearer = OfferRecord { fee: 1300, added_at: at(7), ..offer() };
    assert_eq!(store.add_offer(&dearer).await.expect("answered"), OfferAdded::Done);
    assert_eq!(store.offers().await.expect("answered"), vec![upgrade, dearer]);
}

pub(crate) async fn the_same_order_again_is_the_same_order(database: Database) {
    let store = &database.store;
    let first = order("acme");
    let OrderPlaced::New(record) = store.place_order(&first).await.expect("answered") else {
        unreachable!("it is a new one");
    };
    assert_eq!(record.state(), OrderState::FeeDue);
    let later = NewOrder { fee: 200, received_at: at(9), ..first.clone() };
    let again = store.place_order(&later).await.expect("answered");
    assert_eq!(again, OrderPlaced::Before(record.clone()));
    let mut other = first.clone();
    other.order.quantity = 11;
    assert_eq!(store.place_order(&other).await.expect("answered"), OrderPlaced::IdUsed);
    let read = store.order(first.order.order_id).await.expect("answered");
    assert_eq!(read, Some(*record));
}

pub(crate) async fn a_license_server_has_a_hundred_unpaid_orders(database: Database) {
    let store = &database.store;
    let mut orders = Vec::new();
    for _ in 0..limits::UNPAID_ORDERS {
        orders.push(placed(store, "acme").await);
    }
    let refused = store.place_order(&order("acme")).await.expect("answered");
    assert_eq!(refused, OrderPlaced::TooMany);
    placed(store, "other").await;
    pay(store, &payment(orders[0], 100, "a")).await;
    placed(store, "acme").await;
    store.cancel_order(orders[1], at(2)).await.expect("answered");
    placed(store, "acme").await;
    let filter = OrderFilter { license_server: Some(parsed("acme")), after: Some(orders[98]) };
    let page = store.orders(&filter).await.expect("answered");
    assert_eq!((page.entries.len(), page.more), (3, false));
}

pub(crate) async fn payments_add_up_and_the_last_one_issues_the_pack(database: Database) {
    let store = &database.store;
    let id = placed(store, "acme").await;
    assert_eq!(issued(&pay(store, &payment(id, 60, "a")).await), None);
    assert_eq!(store.pack_file(id).await.expect("answered"), None);
    assert_eq!(issued(&pay(store, &payment(id, 39, "b")).await), None);
    let pack = issued(&pay(store, &payment(id, 1, "c")).await).expect("the pack");
    let record = store.order(id).await.expect("answered").expect("an order");
    assert_eq!(
        (record.state(), record.pack_id, record.paid),
        (OrderState::Issued, Some(pack), 100)
    );
    let file = store.pack_file(id).await.expect("answered").expect("a file");
    assert_eq!(file, format!("the file of {pack}").into_bytes());
    for id in [id.to_string(), pack.to_string()] {
        let found = store.pack(&id).await.expect("answered").expect("a pack");
        assert_eq!(
            (found.pack_id, found.issued_at, found.first_active_at),
            (pack, at(100), at(100))
        );
        assert_eq!((found.ends_at, found.descriptions), (Some(at(100).plus(DAY)), descriptions()));
    }
    assert_eq!(issued(&pay(store, &payment(id, 50, "d")).await), None, "too much");
    assert_eq!(store.pack_file(id).await.expect("answered"), Some(file));
    let amounts: Vec<u64> =
        store.payments(id).await.expect("answered").iter().map(|it| it.amount).collect();
    assert_eq!(amounts, [60, 39, 1, 50]);
}

pub(crate) async fn a_payment_counts_once_and_in_its_currency(database: Database) {
    let store = &database.store;
    let id = placed(store, "acme").await;
    pay(store, &payment(id, 60, "a")).await;
    let again = pay(store, &payment(id, 60, "a")).await;
    assert!(matches!(again, PaymentRecorded::Before(order) if order.paid == 60));
    let other = pay(store, &payment(id, 61, "a")).await;
    assert_eq!(other, PaymentRecorded::ReferenceUsed { amount: 60 });
    let dollars: Currency = parsed("USD");
    let in_dollars = NewPayment { currency: dollars, ..payment(id, 100, "b") };
    assert_eq!(pay(store, &in_dollars).await, PaymentRecorded::OtherCurrency(parsed("EUR")));
    let unknown = pay(store, &payment(OrderId::new(), 100, "a")).await;
    assert_eq!(unknown, PaymentRecorded::NoOrder);
    assert_eq!(store.payments(id).await.expect("answered").len(), 1);
    let much = pay(store, &payment(id, limits::INTEGER, "c")).await;
    assert!(matches!(much, PaymentRecorded::New { order, .. } if order.paid == limits::INTEGER));
}

pub(crate) async fn nothing_is_issued_for_a_cancelled_order(database: Database) {
    let store = &database.store;
    let cancel = |id| async move { store.cancel_order(id, at(3)).await.expect("answered") };
    let id = placed(store, "acme").await;
    assert!(matches!(cancel(id).await, OrderCancelled::Done { .. }));
    assert!(matches!(cancel(id).await, OrderCancelled::Done { .. }));
    assert_eq!(issued(&pay(store, &payment(id, 100, "a")).await), None);
    let record = store.order(id).await.expect("answered").expect("an order");
    assert_eq!((record.state(), record.paid), (OrderState::Cancelled, 100));
    assert_eq!(cancel(OrderId::new()).await, OrderCancelled::NoOrder);
    let id = placed(store, "acme").await;
    let pack = issued(&pay(store, &payment(id, 100, "a")).await).expect("a pack");
    assert_eq!(cancel(id).await, OrderCancelled::Issued(pack));
}

pub(crate) async fn a_pack_that_cannot_be_made_leaves_no_payment(database: Database) {
    let store = &database.store;
    let id = placed(store, "acme").await;
    let maker = maker();
    maker.fails.store(true, Ordering::SeqCst);
    let payment = payment(id, 100, "a");
    let fault = store.record_payment(&payment, &maker).await.expect("answered");
    assert_eq!(fault, Err("it fails"));
    assert_eq!(store.payments(id).await.expect("answered"), []);
    assert_eq!(store.order(id).await.expect("answered").expect("an order").paid, 0);
    assert!(issued(&pay(store, &payment).await).is_some());
}

pub(crate) async fn of_payments_at_once_one_issues_the_pack(database: Database) {
    let id = placed(&database.store, "acme").await;
    let tasks = (0..8).map(|number| {
        let store = database.store.clone();
        let payment = payment(id, 100, &format!("payment {}", number / 2));
        tokio::spawn(async move { issued(&pay(&store, &payment).await) })
    });
    let mut packs = Vec::new();
    for task in tasks.collect::<Vec<_>>() {
        packs.extend(task.await.expect("ended"));
    }
    assert_eq!(packs.len(), 1, "{packs:?}");
    let record = database.store.order(id).await.expect("answered").expect("an order");
    assert_eq!((record.pack_id, record.paid), (Some(packs[0]), 400), "each reference counts once");
}

pub(crate) async fn serial_numbers_of_packs_never_overlap(database: Database) {
    let mut tasks = Vec::new();
    for number in 0..16 {
        let store = database.store.clone();
        tasks.push(tokio::spawn(async move {
            let mut order = order("acme");
            order.order.quantity = 1 + number % 5;
            store.place_order(&order).await.expect("answered");
            issued(&pay(&store, &payment(order.order.order_id, 100, "a")).await).expect("a pack")
        }));
    }
    let mut seen = BTreeSet::new();
    for task in tasks {
        let id = task.await.expect("ended").to_string();
        let pack = database.store.pack(&id).await.expect("answered").expect("a pack");
        for serial in pack.begin_serial..pack.begin_serial + u64::from(pack.quantity) {
            assert!(serial > 0 && seen.insert(serial), "{serial} is in two packs");
        }
    }
    let packs = database.store.packs(Some(&parsed("acme")), None).await.expect("answered");
    assert_eq!((packs.entries.len(), packs.more), (16, false));
    let none = database.store.packs(Some(&parsed("other")), None).await.expect("answered");
    assert_eq!(none.entries, []);
}

pub(crate) async fn a_payment_that_is_dropped_leaves_all_or_nothing(database: Database) {
    let store = &database.store;
    for microseconds in [0_u64, 50, 100, 200, 400, 800, 1600, 3200, 6400] {
        let id = placed(store, "acme").await;
        let patience = std::time::Duration::from_micros(microseconds);
        let payment = payment(id, 100, "a");
        let maker = maker();
        drop(tokio::time::timeout(patience, store.record_payment(&payment, &maker)).await);
        // What the dropped one still does is done before another one writes.
        let outcome = pay(store, &payment).await;
        let record = store.order(id).await.expect("answered").expect("an order");
        assert_eq!(record.paid, 100, "{outcome:?}");
        assert_eq!(record.state(), OrderState::Issued);
        assert!(store.pack_file(id).await.expect("answered").is_some());
    }
}
