//! `trybuy-server clearinghouse order`

use anyhow::Result;
use serde_json::{Value, json};
use trybuy_formats::api::OrderState;
use trybuy_formats::certificates::CertificateChain;
use trybuy_formats::ids::{LicenseServerId, OrderId};
use trybuy_formats::licensing::order::PurchaseOrder;
use trybuy_formats::limits;
use trybuy_formats::signed::FORMAT;
use trybuy_formats::slug::Slug;

use super::{Place, now, refused};
use crate::clearinghouse::identity;
use crate::clearinghouse::ordering::{AgreedDates, OrderDesk, Placed};
use crate::cli::arguments::{DateArguments, EnterOrder, OrderCommand};
use crate::cli::failure::Failure;
use crate::cli::{files, output};
use crate::store::{OrderCancelled, OrderFilter, OrderRecord, OrderSource, PaymentRecord, Store};

pub(super) fn run(place: &Place, command: OrderCommand) -> Result<()> {
    match command {
        OrderCommand::List { license_server, json } => list(place, license_server, json),
        OrderCommand::Show { order, json } => show(place, order, json),
        OrderCommand::Import { file, dates } => {
            let text = files::read_text(&file, limits::CERTIFIED_DOCUMENT)?;
            placed(place, async |desk| {
                let source = OrderSource::File;
                desk.place_signed(text.trim_end(), source, dates.into()).await.map_err(refused)
            })
        }
        OrderCommand::Enter(order) => enter(place, *order),
        OrderCommand::Cancel { order } => cancel(place, order),
    }
}

fn list(place: &Place, license_server: Option<LicenseServerId>, json: bool) -> Result<()> {
    let orders = place.with_store(async |store| all(store, license_server).await)?;
    let lines = if json {
        let listed: Vec<Value> = orders.iter().map(as_json).collect();
        format!("{}\n", Value::from(listed))
    } else {
        orders.iter().map(|order| as_line(order) + "\n").collect()
    };
    output::print(&lines)
}

async fn all(store: &Store, license_server: Option<LicenseServerId>) -> Result<Vec<OrderRecord>> {
    let mut filter = OrderFilter { license_server, after: None };
    let mut orders = Vec::new();
    loop {
        let page = store.orders(&filter).await?;
        filter.after = page.entries.last().map(|record| record.order.order_id);
        orders.extend(page.entries);
        if !page.more {
            return Ok(orders);
        }
    }
}

fn show(place: &Place, id: OrderId, json: bool) -> Result<()> {
    let found = place.with_store(async |store| {
        let order = store.order(id).await?;
        Ok((order, store.payments(id).await?))
    })?;
    let (Some(order), payments) = found else { return Err(no_order(id).into()) };
    let lines = if json {
        let mut shown = as_json(&order);
        shown["payments"] = payments.iter().map(payment_as_json).collect();
        format!("{shown}\n")
    } else {
        let paid = payments.iter().map(|payment| payment_as_line(payment, &order) + "\n");
        as_line(&order) + "\n" + &paid.collect::<String>()
    };
    output::print(&lines)
}

fn enter(place: &Place, options: EnterOrder) -> Result<()> {
    let path = &options.license_server_certificate;
    let certificate = files::read_text(path, limits::CERTIFICATE_FILE)?;
    let named = CertificateChain::from_pem(&certificate).ok();
    let named = named.and_then(|chain| chain.leaf().subject_id()?.parse().ok());
    let license_server = named.ok_or_else(|| {
        let what = format!("{} is not a certificate of a license server", path.display());
        Failure::new(Slug::CertificateRefused, what)
            .help("ask the license server's operator for its `certificate.pem`")
    })?;
    let order = PurchaseOrder {
        format: FORMAT,
        order_id: OrderId::new(),
        license_server,
        product: options.product.with_features(options.features)?,
        quantity: options.quantity,
        certificate,
        ordered_at: now(),
    };
    placed(place, async |desk| desk.place_typed(order, options.dates.into()).await.map_err(refused))
}

/// Places an order and prints its id, alone on standard output.
fn placed(place: &Place, work: impl AsyncFnOnce(OrderDesk<'_>) -> Result<Placed>) -> Result<()> {
    let authorities = identity::authorities(&place.directory)?;
    let placed = place.with_store(async |store| {
        work(OrderDesk { store, authorities: &authorities, now: now() }).await
    })?;
    let was = if placed.is_new { "placed" } else { "was placed before" };
    eprintln!("{was}: {}", as_line(&placed.record));
    output::print(&format!("{}\n", placed.record.order.order_id))
}

fn cancel(place: &Place, id: OrderId) -> Result<()> {
    let outcome = place.with_store(async |store| Ok(store.cancel_order(id, now()).await?))?;
    match outcome {
        OrderCancelled::Done { paid: 0, .. } => output::print("cancelled: nothing was paid\n"),
        OrderCancelled::Done { paid, currency } => {
            output::print(&format!("cancelled: {paid} {currency} are to be paid back\n"))
        }
        OrderCancelled::NoOrder => Err(no_order(id).into()),
        OrderCancelled::Issued(pack) => {
            let what = format!("the pack {pack} was issued for the order");
            Err(Failure::new(Slug::OrderRefused, what)
                .help("an order can be cancelled as long as its pack has not been issued")
                .into())
        }
    }
}

pub(super) fn no_order(id: impl std::fmt::Display) -> Failure {
    Failure::new(Slug::NotFound, format!("there is no order {id}"))
        .help("`trybuy-server clearinghouse order list` shows the orders")
}

impl From<DateArguments> for AgreedDates {
    fn from(dates: DateArguments) -> Self {
        Self { first_active_at: dates.first_active, ends_at: dates.ends }
    }
}

fn as_line(record: &OrderRecord) -> String {
    let OrderRecord { order, fee, currency, paid, .. } = record;
    let state = match record.state() {
        OrderState::FeeDue => "fee-due".to_owned(),
        OrderState::Issued => {
            format!("issued {}", record.pack_id.map_or(String::new(), |id| id.to_string()))
        }
        OrderState::Cancelled => "cancelled".to_owned(),
    };
    let product = output::product_as_words(&order.product);
    let overpaid = match record.overpaid() {
        0 => String::new(),
        more => format!(", {more} too much"),
    };
    format!(
        "{}  {}  {} of {product}  {paid} of {fee} {currency}{overpaid}  {state}",
        order.order_id, order.license_server, order.quantity
    )
}

fn as_json(record: &OrderRecord) -> Value {
    let OrderRecord { order, terms, .. } = record;
    json!({
        "order_id": order.order_id,
        "license_server": order.license_server,
        "product": order.product,
        "quantity": order.quantity,
        "state": record.state(),
        "fee": record.fee,
        "currency": record.currency,
        "paid": record.paid,
        "overpaid": record.overpaid(),
        "source": record.source,
        "ordered_at": order.ordered_at,
        "received_at": record.received_at,
        "cancelled_at": record.cancelled_at,
        "first_active_at": terms.first_active_at,
        "ends_at": terms.ends_at,
        "valid_for": terms.valid_for,
        "pack_id": record.pack_id,
    })
}

fn payment_as_line(payment: &PaymentRecord, order: &OrderRecord) -> String {
    let PaymentRecord { amount, reference, recorded_at, .. } = payment;
    format!("  {recorded_at}  {amount} {}  {reference}", order.currency)
}

fn payment_as_json(payment: &PaymentRecord) -> Value {
    json!({
        "amount": payment.amount,
        "reference": payment.reference,
        "source": payment.source,
        "recorded_at": payment.recorded_at,
    })
}
