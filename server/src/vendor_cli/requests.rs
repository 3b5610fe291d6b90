//! `trybuy-vendor requests`: who asked for trials (step 310).

use std::io::{self, Write};

use chrono::{DateTime, Utc};
use trybuy_formats::api::Requester;
use trybuy_formats::ids::ApplicationId;

use super::client::Client;
use super::failure::Failure;
use super::pages::pages;

/// How the requests are printed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Shape {
    /// A line each, for people.
    Lines,
    /// An array of objects.
    Json,
    /// Comma-separated values (RFC 4180).
    Csv,
}

/// Prints all requests for trials of an application; each page as it arrives.
pub(super) fn requests(
    client: &Client,
    application: &ApplicationId,
    shape: Shape,
    out: &mut dyn Write,
) -> Result<(), Failure> {
    match shape {
        Shape::Csv => csv(client, application, out),
        Shape::Json => json(client, application, out),
        Shape::Lines => lines(client, application, out),
    }
}

fn lines(client: &Client, application: &ApplicationId, out: &mut dyn Write) -> Result<(), Failure> {
    let mut count = 0_u64;
    each(client, application, |request| {
        if count == 0 {
            line(out, ["REQUESTED", "ENDS", "VERSION", "PLATFORM"], "NAME <EMAIL>")?;
        }
        count += 1;
        let requested = request.requested_at.to_string();
        let ends = request.ends_at.map_or("never".to_owned(), |end| end.to_string());
        let run = request.first_run_on.map_or(String::new(), |on| {
            format!(", first run {}", DateTime::<Utc>::from(on).date_naive())
        });
        let bought = match (request.purchased_at, request.converted) {
            (Some(_), _) => ", bought",
            (None, true) => ", bought on another Builder",
            (None, false) => "",
        };
        let version = request.version.to_string();
        let cells = [&requested, &ends, &version, request.platform.as_str()];
        let verified = if request.email_verified_at.is_some() { ", verified" } else { "" };
        line(out, cells, &format!("{} <{}>{verified}{run}{bought}", request.name, request.email))
    })?;
    if count == 0 {
        writeln!(out, "Nobody has asked for {application} yet.").map_err(Failure::output)?;
    }
    Ok(())
}

fn line(
    out: &mut dyn Write,
    [requested, ends, version, platform]: [&str; 4],
    who: &str,
) -> io::Result<()> {
    writeln!(out, "{requested:20}  {ends:20}  {version:10}  {platform:14}  {who}")
}

fn json(client: &Client, application: &ApplicationId, out: &mut dyn Write) -> Result<(), Failure> {
    let mut before = "[\n";
    each(client, application, |request| {
        out.write_all(before.as_bytes())?;
        before = ",\n";
        serde_json::to_writer(&mut *out, request).map_err(io::Error::from)
    })?;
    let end = if before == "[\n" { "[]\n" } else { "\n]\n" };
    out.write_all(end.as_bytes()).map_err(Failure::output)
}

/// Copies the server's tables, with the head of the first one only.
fn csv(client: &Client, application: &ApplicationId, out: &mut dyn Write) -> Result<(), Failure> {
    let mut first = true;
    pages(|after| {
        let (table, next) = client.requests_table(application, after)?;
        // The head has no quoted line ends: it ends with the first one.
        let head = table.iter().position(|byte| *byte == b'\n').map_or(table.len(), |at| at + 1);
        let rows = if first { table.as_slice() } else { &table[head..] };
        first = false;
        out.write_all(rows).map_err(Failure::output)?;
        Ok(next)
    })
}

/// Gives every request of every page to `print`.
fn each(
    client: &Client,
    application: &ApplicationId,
    mut print: impl FnMut(&Requester) -> io::Result<()>,
) -> Result<(), Failure> {
    pages(|after| {
        let page = client.requests(application, after)?;
        page.requests.iter().try_for_each(&mut print).map_err(Failure::output)?;
        Ok(page.next)
    })
}
