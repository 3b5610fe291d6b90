//! `trybuy-vendor key`.

use std::io::{self, Write};

use trybuy_formats::api::{CreateKeys, KeyInfo};
use trybuy_formats::ids::ApplicationId;
use trybuy_formats::instant::{Instant, Span};
use trybuy_formats::terminal_text::one_line;
use trybuy_formats::words::counted;

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
    keys.iter().try_for_each(|key| describe(key, out)).map_err(Failure::output)
}

/// A key with what it is for, and what became of it.
fn describe(key: &KeyInfo, out: &mut dyn Write) -> io::Result<()> {
    let duration = key.license_duration.map_or("for ever".to_owned(), Span::in_words);
    let builders = counted(u64::from(key.builders), "Builder", "Builders");
    let label = one_line(&key.label);
    let what = format!("{duration} on {builders}  {label}");
    writeln!(out, "{}  {}\n  {}\n  {}", key.id, key.key, what.trim_end(), state(key))
}

fn state(key: &KeyInfo) -> String {
    let bought = key.redeemed_at.map(|at| {
        let by = key.licensee_id.map_or(String::new(), |licensee| format!(" by {licensee}"));
        format!("bought {at}{by}")
    });
    let revoked = key.revoked_at.map(|at| format!("revoked {at}"));
    match (bought, revoked) {
        (None, None) => "free".to_owned(),
        (Some(bought), Some(revoked)) => format!("{bought}, {revoked}"),
        (bought, revoked) => bought.or(revoked).unwrap_or_default(),
    }
}

fn table(client: &Client, application: &ApplicationId, out: &mut dyn Write) -> Result<(), Failure> {
    let mut text = csv::row(COLUMNS);
    for key in all(client, application)? {
        let instant = |at: Option<_>| at.map(|at: Instant| at.to_string());
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
