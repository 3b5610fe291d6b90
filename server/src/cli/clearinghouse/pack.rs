//! `trybuy-server clearinghouse pack`

use std::path::Path;

use anyhow::Result;
use serde_json::Value;
use trybuy_formats::ids::LicenseServerId;
use trybuy_formats::licensing::pack::LicensePack;
use trybuy_formats::slug::Slug;

use super::Place;
use crate::cli::arguments::PackCommand;
use crate::cli::failure::Failure;
use crate::cli::{files, output};
use crate::store::Store;

pub(super) fn run(place: &Place, command: PackCommand) -> Result<()> {
    match command {
        PackCommand::List { license_server, json } => list(place, license_server.as_ref(), json),
        PackCommand::Show { id, json } => show(place, &id, json),
        PackCommand::Export { id, file } => export(place, &id, &file),
    }
}

fn list(place: &Place, license_server: Option<&LicenseServerId>, json: bool) -> Result<()> {
    let packs = place.with_store(async |store| all(store, license_server).await)?;
    let lines = if json {
        serde_json::to_string(&packs)? + "\n"
    } else {
        packs.iter().map(|pack| as_line(pack) + "\n").collect()
    };
    output::print(&lines)
}

async fn all(store: &Store, license_server: Option<&LicenseServerId>) -> Result<Vec<LicensePack>> {
    let mut packs: Vec<LicensePack> = Vec::new();
    loop {
        let after = packs.last().map(|pack| pack.pack_id);
        let page = store.packs(license_server, after).await?;
        packs.extend(page.entries);
        if !page.more {
            return Ok(packs);
        }
    }
}

fn show(place: &Place, id: &str, json: bool) -> Result<()> {
    let pack = place.with_store(async |store| found(store, id).await)?;
    let lines = if json { serde_json::to_string(&pack)? + "\n" } else { as_lines(&pack)? };
    output::print(&lines)
}

/// Writes the pack's file, byte for byte as it is delivered online.
fn export(place: &Place, id: &str, file: &Path) -> Result<()> {
    let bytes = place.with_store(async |store| {
        let pack = found(store, id).await?;
        Ok(store.pack_file(pack.order_id).await?.ok_or_else(|| no_pack(id))?)
    })?;
    files::write_output(file, &bytes)?;
    Ok(())
}

async fn found(store: &Store, id: &str) -> Result<LicensePack> {
    Ok(store.pack(id).await?.ok_or_else(|| no_pack(id))?)
}

fn no_pack(id: &str) -> Failure {
    Failure::new(Slug::NotFound, format!("there is no pack {id}, nor one of an order {id}")).help(
        "`trybuy-server clearinghouse order show` says what is paid; a pack is issued with the whole fee",
    )
}

fn as_line(pack: &LicensePack) -> String {
    let ends = pack.ends_at.map_or_else(|| "never".to_owned(), |end| end.to_string());
    let last = pack.begin_serial + u64::from(pack.quantity) - 1;
    format!(
        "{}  {}  {} of {}  serial {}-{last}  from {} until {ends}",
        pack.pack_id,
        pack.license_server,
        pack.quantity,
        output::product_as_words(&pack.product),
        pack.begin_serial,
        pack.first_active_at
    )
}

/// A field a line, every field of SL Table 1.
fn as_lines(pack: &LicensePack) -> Result<String> {
    let Value::Object(fields) = serde_json::to_value(pack)? else {
        return Ok(String::new());
    };
    let line = |(name, value): (String, Value)| match value {
        Value::String(text) => format!("{name}: {text}\n"),
        other => format!("{name}: {other}\n"),
    };
    Ok(fields.into_iter().map(line).collect())
}
