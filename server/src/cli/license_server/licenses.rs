//! `trybuy-server license-server licenses`: the queries of SL Tables 3 and 4.

use anyhow::Result;
use serde_json::{Value, json};
use trybuy_formats::ids::ProductId;

use super::{Place, json_line};
use crate::cli::arguments::license_server::{LicensesCommand, ListLicenses};
use crate::cli::output;
use crate::store::{Assignment, FreeSeats, LicenseQuery, Store, TemporaryLicense};

pub(super) fn run(place: &Place, command: LicensesCommand) -> Result<()> {
    let LicensesCommand::List(wanted) = command;
    place.with_store(async |store| {
        if wanted.free {
            list_free(store, &wanted).await
        } else if wanted.temporary {
            list_temporary(store, &wanted).await
        } else {
            list_assigned(store, &wanted).await
        }
    })
}

/// Prints page by page, as there may be millions.
async fn list_assigned(store: &Store, wanted: &ListLicenses) -> Result<()> {
    let of = match (wanted.pack, wanted.client) {
        (Some(pack), _) => LicenseQuery::OfPack(pack),
        (None, Some(client)) => LicenseQuery::OfClient(client),
        (None, None) => LicenseQuery::All,
    };
    let mut last: Option<Assignment> = None;
    loop {
        let page = store.licenses(of, last.as_ref()).await?;
        let shown =
            page.iter().filter(|it| wanted.product.as_ref().is_none_or(|p| *p == it.product_id));
        for license in shown {
            print(wanted, &assigned_as_json(license), || assigned_as_line(license))?;
        }
        last = page.into_iter().next_back();
        if last.is_none() {
            return Ok(());
        }
    }
}

async fn list_temporary(store: &Store, wanted: &ListLicenses) -> Result<()> {
    let mut last: Option<TemporaryLicense> = None;
    loop {
        let page = store.temporary_licenses(last.as_ref()).await?;
        let shown =
            page.iter().filter(|it| wanted.product.as_ref().is_none_or(|p| *p == it.product_id));
        for license in shown {
            print(wanted, &temporary_as_json(license), || temporary_as_line(license))?;
        }
        last = page.into_iter().next_back();
        if last.is_none() {
            return Ok(());
        }
    }
}

async fn list_free(store: &Store, wanted: &ListLicenses) -> Result<()> {
    let mut last: Option<FreeSeats> = None;
    loop {
        let page = store.free_licenses(last.as_ref()).await?;
        for seats in &page {
            let pack = store.license_pack(seats.pack_id).await?;
            let product = pack.map(|installed| installed.pack.product);
            let is_of =
                |wanted: &ProductId| product.as_ref().is_some_and(|it| it.product_id == *wanted);
            if wanted.product.as_ref().is_none_or(is_of) {
                let value = json!({
                    "pack_id": seats.pack_id,
                    "product": product,
                    "first_serial": seats.first_serial,
                    "last_serial": seats.last_serial,
                    "turn": seats.turn,
                });
                print(wanted, &value, || {
                    let FreeSeats { pack_id, first_serial, last_serial, .. } = seats;
                    format!("{pack_id}  serial {first_serial}-{last_serial}\n")
                })?;
            }
        }
        last = page.into_iter().next_back();
        if last.is_none() {
            return Ok(());
        }
    }
}

fn print(wanted: &ListLicenses, value: &Value, line: impl FnOnce() -> String) -> Result<()> {
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
