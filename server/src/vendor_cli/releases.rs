//! `trybuy-vendor releases`.

use std::io::Write;

use indicatif::BinaryBytes;
use trybuy_formats::api::VendorRelease;
use trybuy_formats::ids::ApplicationId;

use super::client::Client;
use super::failure::Failure;
use super::json;

/// Prints the releases on the server.
pub(super) fn releases(
    client: &Client,
    application: Option<&ApplicationId>,
    as_json: bool,
    out: &mut dyn Write,
) -> Result<(), Failure> {
    let releases = client.releases(application)?.releases;
    if as_json {
        return json::print(&releases, out);
    }
    if releases.is_empty() {
        return writeln!(out, "Nothing has been published yet.").map_err(Failure::output);
    }
    table(&releases, out).map_err(Failure::output)
}

fn table(releases: &[VendorRelease], out: &mut dyn Write) -> std::io::Result<()> {
    let header = ["APPLICATION", "VERSION", "PLATFORM", "PUBLISHED", "STORED", "PROGRAM"];
    let mut rows = vec![header.map(str::to_owned)];
    rows.extend(releases.iter().map(|release| {
        [
            release.application.to_string(),
            release.version.to_string(),
            release.platform.to_string(),
            release.published_at.to_string(),
            BinaryBytes(release.stored_size).to_string(),
            BinaryBytes(release.program_size).to_string(),
        ]
    }));
    let width = |column: usize| rows.iter().map(|row| row[column].len()).max().unwrap_or(0);
    let widths: [usize; 6] = std::array::from_fn(width);
    for row in &rows {
        let cells = row.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}"));
        writeln!(out, "{}", cells.collect::<Vec<_>>().join("  ").trim_end())?;
    }
    Ok(())
}
