//! `trybuy-server license-server licenses`: the queries of SL Tables 3 and 4.

use anyhow::Result;
use serde_json::{Value, json};
use trybuy_formats::ids::{Label, PlatformType, ProductId, Version};
use trybuy_formats::instant::Instant;
use trybuy_formats::licensing::product::{LicenseType, Product};
use trybuy_formats::licensing::seat_license::SeatLicenseKind;

use super::{Place, json_line, now};
use crate::cli::arguments::license_server::{LicensesCommand, ListLicenses};
use crate::cli::output;
use crate::license_server::license_state::LicenseState;
use crate::store::{
    Assignment, Bar, FreeSeats, LicenseQuery, ListedTemporary, Store, StoreError, TemporaryLicense,
};

pub(super) fn run(place: &Place, command: LicensesCommand) -> Result<()> {
    let LicensesCommand::List(wanted) = command;
    place.with_store(async |store| {
        if wanted.free {
            return list_free(store, &wanted).await;
        }
        if wanted.barred {
            return list_barred(store, &wanted).await;
        }
        if !wanted.temporary {
            list_assigned(store, &wanted).await?;
        }
        // A temporary license is of no pack.
        if wanted.pack.is_some() { Ok(()) } else { list_temporary(store, &wanted).await }
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
    let queries = match (wanted.pack, wanted.client) {
        // A pack is of seats or of upgrades.
        (Some(pack), _) => vec![LicenseQuery::OfPack(pack), LicenseQuery::UpgradedBy(pack)],
        (None, Some(client)) => vec![LicenseQuery::OfClient(client)],
        (None, None) => vec![LicenseQuery::All],
    };
    let now = now();
    let show = async |license: &Assignment| {
        let state = LicenseState::of_assigned(license, now);
        let line = || assigned_as_line(license, state);
        print(wanted, &license.product_id, &assigned_as_json(license, state), line)
    };
    for of in queries {
        each(async |last| store.licenses(of, last).await, &show).await?;
    }
    Ok(())
}

async fn list_temporary(store: &Store, wanted: &ListLicenses) -> Result<()> {
    let now = now();
    let show = async |listed: &ListedTemporary| {
        let state = LicenseState::of_temporary(listed, now);
        let line = || temporary_as_line(listed, state);
        print(wanted, &listed.license.product_id, &temporary_as_json(listed, state), line)
    };
    each(async |last| store.temporary_licenses(wanted.client, last).await, show).await
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
    let now = now();
    let show = async |seats: &FreeSeats| {
        let FreeSeats { pack_id, first_serial, last_serial, turn } = *seats;
        let Some(installed) = store.license_pack(pack_id).await? else { return Ok(()) };
        let state = LicenseState::of_free(&installed, now);
        let product = installed.pack.product;
        let value = json!({
            "pack_id": pack_id,
            "product": product,
            "first_serial": first_serial,
            "last_serial": last_serial,
            "turn": turn,
            "state": state,
        });
        let words = output::product_as_words(&product);
        let line = || format!("{pack_id}  serial {first_serial}-{last_serial}  {words}  {state}\n");
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

fn assigned_as_json(license: &Assignment, state: LicenseState) -> Value {
    json!({
        "license_id": license.license_id,
        "kind": SeatLicenseKind::Permanent,
        "state": state,
        "pack_id": license.pack_id,
        "client_id": license.client_id,
        "issued_at": license.issued_at,
        "ends_at": license.ends_at,
        "product_id": license.product_id,
        "version": license.version,
        "features": license.features,
        "platform_type": license.platform_type,
        "upgraded_by": license.upgraded_by,
        "certificate_serial": license.certificate_serial.to_string(),
        "granted_twice": license.granted_twice,
        "revoked_at": license.revoked_at,
    })
}

fn assigned_as_line(license: &Assignment, state: LicenseState) -> String {
    let Assignment { license_id, client_id, issued_at, .. } = license;
    let Assignment { product_id, version, platform_type, features, .. } = license;
    let product = words(product_id, version, *platform_type, features);
    let since = since(state, license.revoked_at, license.ends_at);
    let twice = if license.granted_twice { "  granted twice" } else { "" };
    let upgraded =
        license.upgraded_by.map(|pack| format!("  upgraded by {pack}")).unwrap_or_default();
    format!("{license_id}  {client_id}  {product}  {issued_at}  {since}{upgraded}{twice}\n")
}

fn temporary_as_json(listed: &ListedTemporary, state: LicenseState) -> Value {
    let license = &listed.license;
    json!({
        "license_id": license.license_id,
        "kind": SeatLicenseKind::Temporary,
        "state": state,
        "client_id": license.client_id,
        "issued_at": license.issued_at,
        "ends_at": license.ends_at,
        "product_id": license.product_id,
        "version": license.version,
        "features": license.features,
        "platform_type": license.platform_type,
        "certificate_serial": license.certificate_serial.to_string(),
        "revoked_at": listed.revoked_at,
    })
}

fn temporary_as_line(listed: &ListedTemporary, state: LicenseState) -> String {
    let TemporaryLicense { license_id, client_id, issued_at, ends_at, .. } = &listed.license;
    let TemporaryLicense { product_id, version, platform_type, features, .. } = &listed.license;
    let product = words(product_id, version, *platform_type, features);
    let since = since(state, listed.revoked_at, Some(*ends_at));
    format!("{license_id}  {client_id}  {product}  {issued_at}  temporary, {since}\n")
}

/// What a license is for, in words. One that was upgraded is a full one, too.
fn words(
    product_id: &ProductId,
    version: &Version,
    platform_type: PlatformType,
    features: &[Label],
) -> String {
    output::product_as_words(&Product {
        product_id: product_id.clone(),
        version: version.clone(),
        license_type: LicenseType::Full,
        platform_type,
        features: features.to_vec(),
    })
}

/// A state with the time that belongs to it.
fn since(state: LicenseState, revoked_at: Option<Instant>, ends_at: Option<Instant>) -> String {
    let at = match state {
        LicenseState::Revoked => revoked_at,
        LicenseState::Ended => ends_at,
        LicenseState::Valid => {
            return ends_at.map_or(state.to_string(), |end| format!("{state} until {end}"));
        }
        LicenseState::NotActiveYet | LicenseState::CertificateEnded | LicenseState::Replaced => {
            None
        }
    };
    at.map_or(state.to_string(), |at| format!("{state} {at}"))
}
