//! `trybuy-vendor block`: who gets no new trial.

use std::io::{self, Write};

use trybuy_formats::api::Block;
use trybuy_formats::ids::Note;
use trybuy_formats::subject::Subject;

use super::client::Client;
use super::failure::Failure;
use super::json;
use super::pages::pages;

/// Blocks somebody.
pub(super) fn add(
    client: &Client,
    subject: &Subject,
    reason: Option<&Note>,
    out: &mut dyn Write,
) -> Result<(), Failure> {
    let block = client.put_block(subject, reason)?;
    writeln!(out, "{} gets no new trial of your applications", block.subject)
        .map_err(Failure::output)
}

/// Takes a block away.
pub(super) fn remove(
    client: &Client,
    subject: &Subject,
    out: &mut dyn Write,
) -> Result<(), Failure> {
    client.delete_block(subject)?;
    writeln!(out, "{subject} may try your applications again").map_err(Failure::output)
}

/// Prints all blocks.
pub(super) fn list(client: &Client, as_json: bool, out: &mut dyn Write) -> Result<(), Failure> {
    let mut blocks = Vec::new();
    pages(|after| {
        let page = client.blocks(after)?;
        blocks.extend(page.blocks);
        Ok(page.next)
    })?;
    if as_json {
        return json::print(&blocks, out);
    }
    if blocks.is_empty() {
        return writeln!(out, "You block nobody.").map_err(Failure::output);
    }
    table(&blocks, out).map_err(Failure::output)
}

fn table(blocks: &[Block], out: &mut dyn Write) -> io::Result<()> {
    let width = blocks.iter().map(|block| block.subject.to_string().len()).max().unwrap_or(0);
    let mut line = |since: &str, who: &str, reason: &str| {
        let line = format!("{since:20}  {who:width$}  {reason}");
        writeln!(out, "{}", line.trim_end())
    };
    line("SINCE", "WHO", "REASON")?;
    blocks.iter().try_for_each(|block| {
        let reason = block.reason.as_ref().map_or("", Note::as_str);
        line(&block.created_at.to_string(), &block.subject.to_string(), reason)
    })
}
