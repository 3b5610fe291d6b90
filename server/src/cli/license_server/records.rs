//! `trybuy-server license-server records`

use std::io::Write as _;
use std::path::Path;

use anyhow::{Context as _, Result};
use serde_json::{Value, json};
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

const COLUMNS: [&str; 14] = [
    "number",
    "at",
    "outcome",
    "reason",
    "client_id",
    "product_id",
    "version",
    "features",
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
fn fields(record: &LicenseRecord) -> Result<[String; 14]> {
    let value = serde_json::to_value(record)?;
    Ok(COLUMNS.map(|column| value.get(column).map(text).unwrap_or_default()))
}

/// The text of a field; several in a row with spaces between, as labels have none.
fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(values) => values.iter().map(text).collect::<Vec<_>>().join(" "),
        other => other.to_string(),
    }
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use trybuy_formats::ids::PackId;
    use trybuy_formats::instant::Instant;

    use super::{COLUMNS, fields};
    use crate::store::{DecisionOutcome, DecisionReason, LicenseDecision, LicenseRecord};

    #[test]
    fn each_field_of_a_record_has_its_column() {
        let at = Instant::from_unix(1_800_000_000).expect("in range");
        let decision = LicenseDecision {
            reason: Some(DecisionReason::NoFreeLicense),
            client_id: Some("7".repeat(64).parse().expect("an id")),
            product_id: Some("com.example.desk".parse().expect("an id")),
            version: Some("1.2.0".parse().expect("a version")),
            features: vec!["print".parse().expect("a label"), "scan".parse().expect("a label")],
            platform_type: Some("windows".parse().expect("a platform type")),
            software_id: Some("0200000100000001".parse().expect("an id")),
            gateway: Some("front".parse().expect("a label")),
            pack_id: Some(PackId::new()),
            license_id: Some(format!("{}.1", uuid::Uuid::now_v7()).parse().expect("an id")),
            note: Some("Sold".parse().expect("a note")),
            ..LicenseDecision::of(DecisionOutcome::Granted, at)
        };
        let record = LicenseRecord { number: 1, decision };
        let value = serde_json::to_value(&record).expect("a record is JSON");
        let keys = value.as_object().expect("an object").keys().map(String::as_str);
        assert_eq!(keys.collect::<BTreeSet<_>>(), BTreeSet::from(COLUMNS));
        let row = fields(&record).expect("a record is JSON");
        assert!(row.iter().all(|field| !field.is_empty()), "{row:?}");
        assert!(row.contains(&"print scan".to_owned()), "{row:?}");
    }
}
