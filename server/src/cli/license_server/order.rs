//! `trybuy-server license-server order`

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context as _, Result};
use trybuy_formats::api::OrderAnswer;
use trybuy_formats::ids::OrderId;
use trybuy_formats::slug::Slug;

use super::shown_order::{ShownOrder, in_words};
use super::{Place, json_line, now, refused};
use crate::cli::arguments::license_server::{OrderCommand, PlaceOrder};
use crate::cli::failure::Failure;
use crate::cli::{files, output};
use crate::license_server::keys::LicenseServerCertificates;
use crate::license_server::orders::{self, Clearinghouse, ClearinghouseError};
use crate::store::{InstalledPack, LicenseOrder, OrderSaid, Store};

pub(super) fn run(place: &Place, command: OrderCommand) -> Result<()> {
    match command {
        OrderCommand::Place(order) => order_licenses(place, &order),
        OrderCommand::Send { order } => send(place, order),
        OrderCommand::Export { order, file } => export(place, order, &file),
        OrderCommand::Show { order, offline, json } => show(place, order, offline, json),
        OrderCommand::List { all, json } => list(place, all, json),
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
    let order: ShownOrder = place.with_store(async |store| {
        let answer = if offline { None } else { ask(place, store, id).await? };
        if let Some(order) = store.license_order(id).await? {
            return Ok(order.into());
        }
        let pack = match store.pack_of_order(id).await? {
            Some(pack) => store.license_pack(pack).await?,
            None => None,
        };
        if answer.is_none() && pack.is_none() {
            return Err(no_order(id).into());
        }
        let said = answer.map(OrderSaid::Answer);
        Ok(ShownOrder::entered(id, said, pack.map(|installed| installed.pack)))
    })?;
    output::print(&if json { json_line(&order.as_json())? } else { order.as_line() })
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

fn list(place: &Place, with_closed: bool, json: bool) -> Result<()> {
    let mut orders = place.with_store(async |store| {
        let mut orders = entered(store).await?;
        orders.extend(placed(store).await?);
        Ok(orders)
    })?;
    orders.retain(|_, order| with_closed || order.is_open());
    let lines = if json {
        json_line(&orders.values().map(ShownOrder::as_json).collect::<Vec<_>>())?
    } else {
        orders.values().map(ShownOrder::as_line).collect()
    };
    output::print(&lines)
}

/// The order of each pack that is installed, as of one that was entered at the clearinghouse.
async fn entered(store: &Store) -> Result<BTreeMap<OrderId, ShownOrder>> {
    let (mut orders, mut after) = (BTreeMap::new(), None);
    loop {
        let page = store.license_packs(after).await?;
        let Some(last) = page.last() else { return Ok(orders) };
        after = Some(last.pack.pack_id);
        orders.extend(page.into_iter().map(|InstalledPack { pack, .. }| {
            (pack.order_id, ShownOrder::entered(pack.order_id, None, Some(pack)))
        }));
    }
}

/// The orders that were placed here.
async fn placed(store: &Store) -> Result<BTreeMap<OrderId, ShownOrder>> {
    let (mut orders, mut after) = (BTreeMap::new(), None);
    loop {
        let page = store.license_orders(after).await?;
        let Some(last) = page.last() else { return Ok(orders) };
        after = Some(last.order_id);
        orders.extend(page.into_iter().map(|order| (order.order_id, order.into())));
    }
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
