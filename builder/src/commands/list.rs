//! `trybuy list`: what is installed, and until when.

use super::Context;
use crate::error::Error;
use crate::library::{self, Listed, Viewer};
use crate::messages::{notices, words};
use crate::output::{self, table::Table};

pub(super) fn list(context: &Context, json: bool) -> Result<(), Error> {
    let ids = library::applications(&context.data)?;
    let listed: Vec<Listed> = if ids.is_empty() {
        Vec::new()
    } else {
        let viewer = Viewer::new(&context.data);
        ids.iter().map(|id| viewer.look(&context.data, id)).collect()
    };
    if json {
        return output::print_json(&listed);
    }
    if listed.is_empty() {
        output::notice(notices::NOTHING_INSTALLED);
        return Ok(());
    }
    let mut table = Table::new(&["APPLICATION", "NAME", "RELEASE", "STATE", "LEFT", "UNTIL"], 1);
    for entry in listed {
        table.row(row(entry));
    }
    table.print()
}

fn row(entry: Listed) -> [String; 6] {
    let until = entry.until.or(entry.ends_at);
    let left = words::left(entry.days_left, entry.reason);
    [
        entry.application,
        entry.name,
        entry.release.unwrap_or_else(|| "?".to_owned()),
        match entry.reason {
            Some(reason) => format!("{}: {reason}", entry.state),
            None => entry.state.to_owned(),
        },
        left,
        until.map(words::date).unwrap_or_default(),
    ]
}
