//! `trybuy-server license-server order`

use std::path::Path;

use anyhow::{Context as _, Result};
use serde_json::{Value, json};
use trybuy_formats::api::{OrderAnswer, OrderState};
use trybuy_formats::ids::{OrderId, PackId};
use trybuy_formats::slug::Slug;

use super::{Place, json_line, now, refused};
use crate::cli::arguments::license_server::{OrderCommand, PlaceOrder};
use crate::cli::failure::Failure;
use crate::cli::{files, output};
use crate::license_server::keys::LicenseServerCertificates;
use crate::license_server::orders::{self, Clearinghouse, ClearinghouseError, OrderStanding};
use crate::store::{LicenseOrder, OrderSaid, Store};

pub(super) fn run(place: &Place, command: OrderCommand) -> Result<()> {
    match command {
        OrderCommand::Place(order) => order_licenses(place, &order),
        OrderCommand::Send { order } => send(place, order),
        OrderCommand::Export { order, file } => export(place, order, &file),
        OrderCommand::Show { order, offline, json } => show(place, order, offline, json),
        OrderCommand::List { json } => list(place, json),
    }
}

/// Keeps the order before it is sent: what the clearinghouse may have is known here.
fn order_licenses(place: &Place, wanted: &PlaceOrder) -> Result<()> {
    if wanted.out.is_none() {
        place.clearinghouse()?;
    }
    let certificates = LicenseServerCertificates::load(&place.files, place.keys()?.issuer);
    let certificates = certificates.map_err(refused)?;
    let (issuer, packs) = (&certificates.issuer, &certificates.packs);
    let order =
        orders::make(issuer, packs, wanted.product(), wanted.quantity, now()).map_err(|error| {
            Failure::new(Slug::OrderRefused, format!("this cannot be ordered: {error}"))
                .help("an upgrade is from an older version; a license has 32 features at most")
        })?;
    place.with_store(async |store| {
        store.keep_license_order(&order).await?;
        match &wanted.out {
            Some(out) => Ok(files::write_output(out, order.document.as_bytes())?),
            None => transmit(place, store, &order).await,
        }
    })?;
    output::print(&format!("{}\n", order.order_id))
}

/// Sends an order that is kept, as when the clearinghouse could not be reached before.
fn send(place: &Place, id: OrderId) -> Result<()> {
    place.with_store(async |store| {
        let order = found(store, id).await?;
        transmit(place, store, &order).await
    })
}

async fn transmit(place: &Place, store: &Store, order: &LicenseOrder) -> Result<()> {
    let answer = orders::send(store, &place.clearinghouse()?, order).await.map_err(refused)?;
    let said = OrderSaid::Answer(answer);
    eprintln!("{}", in_words(Some(&said), order.pack_id));
    Ok(())
}

fn export(place: &Place, id: OrderId, file: &Path) -> Result<()> {
    let order = place.with_store(async |store| found(store, id).await)?;
    Ok(files::write_output(file, order.document.as_bytes())?)
}

/// Asks the clearinghouse, also about an order that was entered there.
fn show(place: &Place, id: OrderId, offline: bool, json: bool) -> Result<()> {
    let shown = place.with_store(async |store| {
        let answer = if offline { None } else { ask(place, store, id).await? };
        let (kept, pack) = (store.license_order(id).await?, store.pack_of_order(id).await?);
        Ok(match (kept, answer) {
            (Some(order), _) => (as_json(&order), as_line(&order)),
            (None, Some(answer)) => entered(answer, pack),
            (None, None) => return Err(no_order(id).into()),
        })
    })?;
    let (value, line) = shown;
    output::print(&if json { json_line(&value)? } else { line })
}

/// What the clearinghouse answers about an order; nothing where it does not know it.
async fn ask(place: &Place, store: &Store, id: OrderId) -> Result<Option<OrderAnswer>> {
    let answer = match place.clearinghouse()?.order(id).await {
        Err(ClearinghouseError::Refused(problem)) if problem.slug == Slug::NotFound => {
            eprintln!(
                "the clearinghouse does not know this order; `order send` sends one that is kept here"
            );
            return Ok(None);
        }
        answer => answer.map_err(refused)?,
    };
    store.keep_order_said(id, &OrderSaid::Answer(answer.clone())).await?;
    Ok(Some(answer))
}

fn list(place: &Place, json: bool) -> Result<()> {
    let orders = place.with_store(async |store| {
        let mut orders: Vec<LicenseOrder> = Vec::new();
        loop {
            let page = store.license_orders(orders.last().map(|order| order.order_id)).await?;
            if page.is_empty() {
                return Ok(orders);
            }
            orders.extend(page);
        }
    })?;
    let lines = if json {
        json_line(&orders.iter().map(as_json).collect::<Vec<_>>())?
    } else {
        orders.iter().map(as_line).collect()
    };
    output::print(&lines)
}

async fn found(store: &Store, id: OrderId) -> Result<LicenseOrder> {
    Ok(store.license_order(id).await?.ok_or_else(|| no_order(id))?)
}

fn no_order(id: OrderId) -> Failure {
    Failure::new(Slug::NotFound, format!("there is no order {id}"))
        .help("`trybuy-server license-server order list` shows the ids")
}

impl Place {
    /// The clearinghouse that the configuration names.
    pub(super) fn clearinghouse(&self) -> Result<Clearinghouse> {
        let url = self.config.clearinghouse.as_deref();
        let url = url.ok_or_else(|| {
            Failure::new(Slug::Usage, "no clearinghouse is configured").help(
                "name one in `[clearinghouse] url`, or let the order travel as a file with `--out`",
            )
        })?;
        Clearinghouse::at(url).context("the clearinghouse cannot be reached")
    }
}

fn as_json(order: &LicenseOrder) -> Value {
    let (answer, refusal) = match &order.said {
        Some(OrderSaid::Answer(answer)) => (Some(answer), None),
        Some(OrderSaid::Refused(problem)) => (None, Some(problem)),
        None => (None, None),
    };
    json!({
        "order_id": order.order_id,
        "product": order.product,
        "quantity": order.quantity,
        "ordered_at": order.ordered_at,
        "state": OrderStanding::of(order.said.as_ref(), order.pack_id),
        "answer": answer,
        "refusal": refusal,
        "pack_id": order.pack_id,
    })
}

fn as_line(order: &LicenseOrder) -> String {
    let LicenseOrder { order_id, product, quantity, ordered_at, said, pack_id, .. } = order;
    format!(
        "{order_id}  {quantity} of {}  {ordered_at}  {}\n",
        output::product_as_words(product),
        in_words(said.as_ref(), *pack_id)
    )
}

/// An order that was entered at the clearinghouse, of which no more is known here, in JSON and in a line.
fn entered(answer: OrderAnswer, pack_id: Option<PackId>) -> (Value, String) {
    let (id, said) = (answer.order_id, OrderSaid::Answer(answer));
    let value = json!({
        "order_id": id,
        "state": OrderStanding::of(Some(&said), pack_id),
        "answer": said,
        "pack_id": pack_id,
    });
    let words = in_words(Some(&said), pack_id);
    (value, format!("{id}  entered at the clearinghouse  {words}\n"))
}

fn in_words(said: Option<&OrderSaid>, pack: Option<PackId>) -> String {
    match (pack, said) {
        (Some(pack), _) => format!("installed as {pack}"),
        (None, None) => "not sent, or not answered".to_owned(),
        (None, Some(OrderSaid::Refused(problem))) => {
            // The words come from the network, and are to stay in their line.
            format!("refused: {}", problem.title.replace(char::is_control, " "))
        }
        (None, Some(OrderSaid::Answer(answer))) => match answer.state {
            OrderState::FeeDue => format!("the fee of {} {} is due", answer.fee, answer.currency),
            OrderState::Issued => "the pack is issued".to_owned(),
            OrderState::Cancelled => "cancelled".to_owned(),
        },
    }
}
