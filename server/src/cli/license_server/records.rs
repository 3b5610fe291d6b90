//! `trybuy-server license-server records`

use std::io::Write as _;
use std::path::Path;

use anyhow::{Context as _, Result};
use serde_json::json;
use trybuy_formats::slug::Slug;

use super::{Place, json_line};
use crate::cli::arguments::license_server::{ListRecords, RecordsCommand};
use crate::cli::failure::Failure;
use crate::cli::output;
use crate::csv;
use crate::store::{LicenseRecord, RecordQuery, Store};

pub(super) fn run(place: &Place, command: RecordsCommand) -> Result<()> {
    match command {
        RecordsCommand::List(wanted) => place.with_store(async |store| list(store, &wanted).await),
        RecordsCommand::Export { file } => {
            place.with_store(async |store| export(store, &file).await)
        }
    }
}

/// Prints page by page, as there may be millions.
async fn list(store: &Store, wanted: &ListRecords) -> Result<()> {
    let mut query = RecordQuery {
        client: wanted.client,
        outcome: wanted.outcome,
        reason: wanted.reason,
        product: wanted.product.clone(),
        pack: wanted.pack,
        license: wanted.license,
        since: wanted.since,
        until: wanted.until,
        after: 0,
    };
    if wanted.csv {
        output::print(&csv::row(COLUMNS))?;
    }
    loop {
        let page = store.license_records(&query).await?;
        let Some(last) = page.last() else { return Ok(()) };
        query.after = last.number;
        let mut lines = String::new();
        for record in &page {
            lines += &if wanted.json {
                json_line(record)?
            } else if wanted.csv {
                as_row(record)?
            } else {
                as_line(record)?
            };
        }
        output::print(&lines)?;
    }
}

const COLUMNS: [&str; 13] = [
    "number",
    "at",
    "outcome",
    "reason",
    "client_id",
    "product_id",
    "version",
    "platform_type",
    "software_id",
    "gateway",
    "pack_id",
    "license_id",
    "note",
];

fn as_row(record: &LicenseRecord) -> Result<String> {
    Ok(csv::row(fields(record)?))
}

fn as_line(record: &LicenseRecord) -> Result<String> {
    let present = fields(record)?.into_iter().filter(|field| !field.is_empty());
    Ok(present.collect::<Vec<_>>().join("  ") + "\n")
}

/// The fields of a record in the order of the columns.
fn fields(record: &LicenseRecord) -> Result<[String; 13]> {
    let value = serde_json::to_value(record)?;
    Ok(COLUMNS.map(|column| match value.get(column) {
        Some(serde_json::Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
        None => String::new(),
    }))
}

/// Writes all records with their authentication, each as it was authenticated.
async fn export(store: &Store, path: &Path) -> Result<()> {
    let file = std::fs::File::create_new(path).map_err(|error| {
        let what = format!("{} cannot be written: {error}", path.display());
        Failure::new(Slug::LocalFile, what).help("name a file that does not exist yet")
    })?;
    let mut file = std::io::BufWriter::new(file);
    let unwritten = || format!("{} cannot be written", path.display());
    let mut after = 0;
    loop {
        let page = store.stored_records(after).await?;
        let Some(last) = page.last() else { break };
        after = last.number;
        for record in &page {
            let line = json_line(&json!({ "record": record.record, "mac": record.mac }))?;
            file.write_all(line.as_bytes()).with_context(unwritten)?;
        }
    }
    let file = file.into_inner().map_err(std::io::IntoInnerError::into_error);
    file.and_then(|file| file.sync_all()).with_context(unwritten)
}
