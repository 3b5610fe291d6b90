//! `trybuy-server license-server audit` and `restored`

use anyhow::{Context as _, Result};
use trybuy_formats::slug::Slug;

use super::{Place, json_line, now};
use crate::cli::arguments::license_server::{AuditCommand, RestoredCommand};
use crate::cli::failure::Failure;
use crate::cli::output;
use crate::license_server::audit::{self, Audit, Fault};

/// Verifies all records.
pub(super) fn run(place: &Place, command: &AuditCommand) -> Result<()> {
    let AuditCommand::Verify { json } = command;
    let secret = place.keys()?.secret;
    let mark = place.mark().read().context("records.mark cannot be read")?;
    let found = place.with_store(async |store| Ok(audit::verify(store, &secret, mark).await?))?;
    if *json {
        output::print(&json_line(&found)?)?;
    }
    let Audit { records, marked, fault } = found;
    let what = match fault {
        None if *json => return Ok(()),
        None => {
            let all = format!("all {records} records are as they were written");
            let unseen =
                "; there is no records.mark, so it is not seen if some were removed at the end";
            return output::print(&format!("{all}{}\n", if marked { "" } else { unseen }));
        }
        Some(Fault::Altered { number }) => format!("the record {number} is not as it was written"),
        Some(Fault::Missing { number }) => format!("the record {number} is missing"),
        Some(Fault::Truncated { records: least }) => {
            format!("there were at least {least} records, and {records} are left")
        }
        Some(Fault::WrongEnd) => format!(
            "{records} records are as they were written, but the row of `license_record_head` says that a restored \
             backup was accepted, and no record does"
        ),
        Some(Fault::NoEnd) => format!(
            "{records} records are as they were written, but the row of `license_record_head` is gone, which \
             says whether they are all"
        ),
    };
    Err(Failure::new(Slug::StateDamaged, what)
        .help(
            "compare with a backup; if the database was restored from one, see \
             `license-server restored accept`",
        )
        .into())
}

/// Accepts that the store is a restored one: what it has now is what counts.
pub(super) fn accept(place: &Place, command: &RestoredCommand) -> Result<()> {
    let RestoredCommand::Accept = command;
    let secret = place.keys()?.secret;
    place.with_store(async |store| {
        if !store.accept_restored(&secret, now()).await? {
            let what = "the license server has not been found to be a restored one";
            return Err(Failure::new(Slug::Usage, what)
                .help("it finds out when it starts, or from a gateway")
                .into());
        }
        place.raise_mark(store, &secret).await
    })?;
    output::print("new licenses are given out again\n")
}
