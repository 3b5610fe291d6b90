//! `trybuy-server license-server licenses`: the queries of SL Tables 3 and 4.

use anyhow::Result;
use serde_json::{Value, json};
use trybuy_formats::ids::ProductId;

use super::{Place, json_line};
use crate::cli::arguments::license_server::{LicensesCommand, ListLicenses};
use crate::cli::output;
use crate::store::{Assignment, Bar, FreeSeats, LicenseQuery, Store, StoreError, TemporaryLicense};

pub(super) fn run(place: &Place, command: LicensesCommand) -> Result<()> {
    let LicensesCommand::List(wanted) = command;
    place.with_store(async |store| {
        if wanted.free {
            list_free(store, &wanted).await
        } else if wanted.temporary {
            list_temporary(store, &wanted).await
        } else if wanted.barred {
            list_barred(store, &wanted).await
        } else {
            list_assigned(store, &wanted).await
        }
    })
}

/// Shows all of something page by page, as there may be millions.
async fn each<T>(
    page: impl AsyncFn(Option<&T>) -> Result<Vec<T>, StoreError>,
    show: impl AsyncFn(&T) -> Result<()>,
) -> Result<()> {
    let mut last: Option<T> = None;
    loop {
        let page = page(last.as_ref()).await?;
        for one in &page {
            show(one).await?;
        }
        last = page.into_iter().next_back();
        if last.is_none() {
            return Ok(());
        }
    }
}

async fn list_assigned(store: &Store, wanted: &ListLicenses) -> Result<()> {
    let of = match (wanted.pack, wanted.client) {
        (Some(pack), _) => LicenseQuery::OfPack(pack),
        (None, Some(client)) => LicenseQuery::OfClient(client),
        (None, None) => LicenseQuery::All,
    };
    let show = async |license: &Assignment| {
        let line = || assigned_as_line(license);
        print(wanted, &license.product_id, &assigned_as_json(license), line)
    };
    each(async |last| store.licenses(of, last).await, show).await
}

async fn list_temporary(store: &Store, wanted: &ListLicenses) -> Result<()> {
    let show = async |license: &TemporaryLicense| {
        let line = || temporary_as_line(license);
        print(wanted, &license.product_id, &temporary_as_json(license), line)
    };
    each(async |last| store.temporary_licenses(last).await, show).await
}

async fn list_barred(store: &Store, wanted: &ListLicenses) -> Result<()> {
    let show = async |bar: &Bar| {
        let Bar { client_id, product_id, license_id, barred_at } = bar;
        let value = json!({
            "client_id": client_id,
            "product_id": product_id,
            "license_id": license_id,
            "barred_at": barred_at,
        });
        let line = || format!("{client_id}  {product_id}  since {barred_at}  for {license_id}\n");
        print(wanted, product_id, &value, line)
    };
    each(async |last| store.barred_clients(last).await, show).await
}

async fn list_free(store: &Store, wanted: &ListLicenses) -> Result<()> {
    let show = async |seats: &FreeSeats| {
        let FreeSeats { pack_id, first_serial, last_serial, turn } = *seats;
        let Some(installed) = store.license_pack(pack_id).await? else { return Ok(()) };
        let product = installed.pack.product;
        let value = json!({
            "pack_id": pack_id,
            "product": product,
            "first_serial": first_serial,
            "last_serial": last_serial,
            "turn": turn,
        });
        let line = || format!("{pack_id}  serial {first_serial}-{last_serial}\n");
        print(wanted, &product.product_id, &value, line)
    };
    each(async |last| store.free_licenses(last).await, show).await
}

/// Prints what is for the wanted product.
fn print(
    wanted: &ListLicenses,
    product: &ProductId,
    value: &Value,
    line: impl FnOnce() -> String,
) -> Result<()> {
    if wanted.product.as_ref().is_some_and(|it| it != product) {
        return Ok(());
    }
    output::print(&if wanted.json { json_line(value)? } else { line() })
}

fn assigned_as_json(license: &Assignment) -> Value {
    json!({
        "license_id": license.license_id,
        "pack_id": license.pack_id,
        "client_id": license.client_id,
        "issued_at": license.issued_at,
        "ends_at": license.ends_at,
        "product_id": license.product_id,
        "version": license.version,
        "platform_type": license.platform_type,
        "upgraded_by": license.upgraded_by,
        "certificate_serial": license.certificate_serial.to_string(),
        "granted_twice": license.granted_twice,
        "revoked_at": license.revoked_at,
    })
}

fn assigned_as_line(license: &Assignment) -> String {
    let Assignment { license_id, client_id, issued_at, product_id, version, .. } = license;
    let state = match (license.revoked_at, license.granted_twice) {
        (Some(at), _) => format!("  revoked {at}"),
        (None, true) => "  granted twice".to_owned(),
        (None, false) => String::new(),
    };
    format!("{license_id}  {client_id}  {product_id} {version}  {issued_at}{state}\n")
}

fn temporary_as_json(license: &TemporaryLicense) -> Value {
    json!({
        "license_id": license.license_id,
        "client_id": license.client_id,
        "issued_at": license.issued_at,
        "ends_at": license.ends_at,
        "product_id": license.product_id,
        "version": license.version,
        "platform_type": license.platform_type,
        "certificate_serial": license.certificate_serial.to_string(),
    })
}

fn temporary_as_line(license: &TemporaryLicense) -> String {
    let TemporaryLicense { license_id, client_id, product_id, version, ends_at, .. } = license;
    format!("{license_id}  {client_id}  {product_id} {version}  ends {ends_at}\n")
}
