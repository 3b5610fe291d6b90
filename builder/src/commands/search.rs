//! `trybuy search`: the catalog (step 406).

use super::{Context, contact};
use crate::cli::SearchArguments;
use crate::error::Error;
use crate::messages::notices;
use crate::output::{self, table::Table};

pub(super) fn search(context: &Context, arguments: &SearchArguments) -> Result<(), Error> {
    let server = contact::connect_to_read(context)?;
    let words = arguments.words.join(" ");
    let found = server.search(&words, arguments.platform.as_ref())?;
    if arguments.json {
        return output::print_json(&found);
    }
    if found.is_empty() {
        output::notice(notices::NOTHING_FOUND);
        return Ok(());
    }
    let mut table = Table::new(&["APPLICATION", "NAME", "RELEASE", "SUMMARY", "PLATFORMS"], 3);
    for application in found {
        let platforms: Vec<String> =
            application.platforms.iter().map(ToString::to_string).collect();
        table.row([
            application.id.to_string(),
            application.name.to_string(),
            application.version.to_string(),
            application.summary,
            platforms.join(" "),
        ]);
    }
    table.print()
}
