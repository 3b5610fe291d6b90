//! `trybuy-server license-server order`

use std::path::Path;

use anyhow::{Context as _, Result};
use serde_json::{Value, json};
use trybuy_formats::api::OrderState;
use trybuy_formats::ids::OrderId;
use trybuy_formats::slug::Slug;

use super::{Place, json_line, now, refused};
use crate::cli::arguments::license_server::{OrderCommand, PlaceOrder};
use crate::cli::failure::Failure;
use crate::cli::{files, output};
use crate::license_server::keys::LicenseServerCertificates;
use crate::license_server::orders::{self, Clearinghouse};
use crate::store::{LicenseOrder, Store};

pub(super) fn run(place: &Place, command: OrderCommand) -> Result<()> {
    match command {
        OrderCommand::Place(order) => send(place, &order),
        OrderCommand::Export { order, file } => export(place, order, &file),
        OrderCommand::Show { order, offline, json } => show(place, order, offline, json),
        OrderCommand::List { json } => list(place, json),
    }
}

/// Keeps the order before it is sent: what the clearinghouse may have is known here.
fn send(place: &Place, wanted: &PlaceOrder) -> Result<()> {
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
    let answer = place.with_store(async |store| {
        store.keep_license_order(&order).await?;
        if let Some(out) = &wanted.out {
            files::write_output(out, order.document.as_bytes())?;
            return Ok(None);
        }
        let answer = place.clearinghouse()?.place(&order).await.map_err(|error| {
            Failure::of(&error).help(format!(
                "the order {} is kept: `license-server order show` sends it again",
                order.order_id
            ))
        })?;
        store.keep_license_order_answer(&answer).await?;
        Ok(Some(answer))
    })?;
    if let Some(answer) = answer {
        eprintln!("{}", state_in_words(answer.state));
    }
    output::print(&format!("{}\n", order.order_id))
}

fn export(place: &Place, id: OrderId, file: &Path) -> Result<()> {
    let order = place.with_store(async |store| found(store, id).await)?;
    Ok(files::write_output(file, order.document.as_bytes())?)
}

/// Asks the clearinghouse; sends the order again, which changes nothing where it is known there.
fn show(place: &Place, id: OrderId, offline: bool, json: bool) -> Result<()> {
    let order = place.with_store(async |store| {
        let order = found(store, id).await?;
        if offline {
            return Ok(order);
        }
        let answer = place.clearinghouse()?.place(&order).await.map_err(refused)?;
        store.keep_license_order_answer(&answer).await?;
        found(store, id).await
    })?;
    output::print(&if json { json_line(&as_json(&order))? } else { as_line(&order) })
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
    let order = store.license_order(id).await?;
    Ok(order.ok_or_else(|| {
        Failure::new(Slug::NotFound, format!("there is no order {id}"))
            .help("`trybuy-server license-server order list` shows the ids")
    })?)
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
    json!({
        "order_id": order.order_id,
        "product": order.product,
        "quantity": order.quantity,
        "ordered_at": order.ordered_at,
        "answer": order.answer,
    })
}

fn as_line(order: &LicenseOrder) -> String {
    let LicenseOrder { order_id, product, quantity, ordered_at, answer, .. } = order;
    let state = answer.as_ref().map_or("not sent, or not answered", |it| state_in_words(it.state));
    format!(
        "{order_id}  {quantity} of {} {} {}  {ordered_at}  {state}\n",
        product.product_id, product.version, product.platform_type
    )
}

fn state_in_words(state: OrderState) -> &'static str {
    match state {
        OrderState::FeeDue => "the fee is due",
        OrderState::Issued => "the pack is issued",
        OrderState::Cancelled => "cancelled",
    }
}
