//! `trybuy-vendor key`.

use std::io::{self, Write};

use trybuy_formats::api::{CreateKeys, KeyInfo};
use trybuy_formats::ids::ApplicationId;

use super::arguments::KeyAction;
use super::client::Client;
use super::failure::Failure;
use super::json;
use super::pages::pages;
use crate::csv;

/// The columns of the table: the members of the JSON answer, in its order.
const COLUMNS: [&str; 11] = [
    "id",
    "key",
    "batch",
    "label",
    "license_duration",
    "builders",
    "created_at",
    "licensee_id",
    "redeemed_at",
    "ends_at",
    "revoked_at",
];

/// Does what the command line says.
pub(super) fn key(client: &Client, action: &KeyAction, out: &mut dyn Write) -> Result<(), Failure> {
    match action {
        KeyAction::Create { application, count, label, duration, builders, json } => {
            let wanted = CreateKeys {
                count: *count,
                label: label.clone(),
                license_duration: *duration,
                builders: *builders,
            };
            create(client, application, &wanted, *json, out)
        }
        KeyAction::List { application, csv: true, .. } => table(client, application, out),
        KeyAction::List { application, json, .. } => list(client, application, *json, out),
        KeyAction::Revoke { id, end_licenses } => {
            client.revoke_key(id, *end_licenses)?;
            let what = if *end_licenses { ", and what was bought with it has ended" } else { "" };
            writeln!(out, "Nothing can be bought with this key any more{what}.")
                .map_err(Failure::output)
        }
    }
}

fn create(
    client: &Client,
    application: &ApplicationId,
    wanted: &CreateKeys,
    as_json: bool,
    out: &mut dyn Write,
) -> Result<(), Failure> {
    let keys = client.create_keys(application, wanted)?.keys;
    if as_json {
        return json::print(&keys, out);
    }
    keys.iter().try_for_each(|key| writeln!(out, "{}", key.key)).map_err(Failure::output)
}

fn list(
    client: &Client,
    application: &ApplicationId,
    as_json: bool,
    out: &mut dyn Write,
) -> Result<(), Failure> {
    let keys = all(client, application)?;
    if as_json {
        return json::print(&keys, out);
    }
    if keys.is_empty() {
        return writeln!(out, "There are no keys of {application} yet.").map_err(Failure::output);
    }
    keys.iter().try_for_each(|key| line(key, out)).map_err(Failure::output)
}

fn line(key: &KeyInfo, out: &mut dyn Write) -> io::Result<()> {
    let state = match (key.revoked_at, key.redeemed_at) {
        (Some(at), _) => format!("revoked {at}"),
        (None, Some(at)) => format!("bought {at}"),
        (None, None) => "free".to_owned(),
    };
    let label = super::failure::printable(&key.label);
    writeln!(out, "{}", format!("{}  {}  {state}  {label}", key.id, key.key).trim_end())
}

fn table(client: &Client, application: &ApplicationId, out: &mut dyn Write) -> Result<(), Failure> {
    let mut text = csv::row(COLUMNS);
    for key in all(client, application)? {
        let instant = |at: Option<_>| at.map(|at: trybuy_formats::instant::Instant| at.to_string());
        text.push_str(&csv::row([
            key.id,
            key.key,
            key.batch,
            key.label,
            key.license_duration.map(|span| span.as_seconds().to_string()).unwrap_or_default(),
            key.builders.to_string(),
            key.created_at.to_string(),
            key.licensee_id.map(|id| id.to_string()).unwrap_or_default(),
            instant(key.redeemed_at).unwrap_or_default(),
            instant(key.ends_at).unwrap_or_default(),
            instant(key.revoked_at).unwrap_or_default(),
        ]));
    }
    out.write_all(text.as_bytes()).map_err(Failure::output)
}

fn all(client: &Client, application: &ApplicationId) -> Result<Vec<KeyInfo>, Failure> {
    let mut keys = Vec::new();
    pages(|after| {
        let page = client.keys(application, after)?;
        keys.extend(page.keys);
        Ok(page.next)
    })?;
    Ok(keys)
}
