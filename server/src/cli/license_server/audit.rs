//! `trybuy-server license-server audit` and `restored`

use anyhow::Result;
use trybuy_formats::slug::Slug;

use super::{Place, json_line, now, refused, told};
use crate::cli::arguments::license_server::{AuditCommand, RestoredCommand};
use crate::cli::failure::Failure;
use crate::cli::output;
use crate::license_server::audit::{self, Audit, Fault, MarkState};
use crate::license_server::mark::RESTORED_HELP;
use crate::store::{Store, StoreError};

/// Verifies all records.
pub(super) fn run(place: &Place, command: &AuditCommand) -> Result<()> {
    let AuditCommand::Verify { json } = command;
    let secret = place.keys()?.secret;
    let (found, restored) = place.with_store(async |store| {
        let mark = place.mark().read(&secret).await.map_err(refused)?;
        Ok((audit::verify(store, &secret, mark).await?, is_restored(store).await?))
    })?;
    if *json {
        let mut value = serde_json::to_value(&found)?;
        value["restored"] = restored.into();
        output::print(&json_line(&value)?)?;
    }
    let Audit { records, mark, fault } = found;
    let what = match fault {
        None if restored => return Err(not_accepted(records).into()),
        None if *json => return Ok(()),
        None => return output::print(&format!("{}{}\n", intact(records), unseen(mark))),
        Some(Fault::Altered { number }) => format!("the record {number} is not as it was written"),
        Some(Fault::Missing { number }) => format!("the record {number} is missing"),
        Some(Fault::Truncated { records: least }) => {
            format!("the records went up to number {least} at least, and end at number {records}")
        }
        Some(Fault::WrongEnd) => format!(
            "{}, but the row of `license_record_head` says that a restored backup was accepted, and no record does",
            intact(records)
        ),
        Some(Fault::NoEnd) => format!(
            "{}, but the row of `license_record_head` is gone, which says whether they are all",
            intact(records)
        ),
    };
    Err(Failure::new(Slug::StateDamaged, what)
        .help(
            "compare with a backup; if the database was restored from one, see \
             `license-server restored accept`",
        )
        .into())
}

/// Whether the store was found to be a restored one, and nobody has accepted that yet.
async fn is_restored(store: &Store) -> Result<bool, StoreError> {
    match store.record_head().await {
        // This is a fault of its own.
        Err(StoreError::RowMissing) => Ok(false),
        head => Ok(head?.restored),
    }
}

fn not_accepted(records: u64) -> Failure {
    let what = format!(
        "{}, but there were others: the license server was restored from a backup, and gives out no new licenses",
        intact(records)
    );
    Failure::new(Slug::LicenseServerRestored, what).help(RESTORED_HELP)
}

fn intact(records: u64) -> String {
    match records {
        1 => "the one record is as it was written".to_owned(),
        _ => format!("all {records} records are as they were written"),
    }
}

/// What an audit could not see, as there was no mark to compare with.
fn unseen(mark: MarkState) -> &'static str {
    match mark {
        MarkState::Current => "",
        MarkState::Outdated => {
            "; records.mark is from before it was last accepted that the license server was restored, so it is not seen \
             if some were removed at the end since: the license server writes another one when it runs"
        }
        MarkState::Missing => {
            "; there is no records.mark, so it is not seen if some were removed at the end"
        }
    }
}

/// Accepts that the store is a restored one, or has granted a seat twice: what it has now is what counts.
pub(super) fn accept(place: &Place, command: &RestoredCommand) -> Result<()> {
    let RestoredCommand::Accept = command;
    let secret = place.keys()?.secret;
    let marked = place.with_store(async |store| {
        if !store.accept_restored(&secret, now()).await? {
            let what =
                "the license server has not been found to be a restored one, nor to have granted a seat twice";
            return Err(Failure::new(Slug::Usage, what)
                .help("it finds out when it starts, or from a gateway")
                .into());
        }
        Ok(place.raise_mark(store, &secret).await)
    })?;
    told(output::print("new licenses are given out again\n"), marked)
}
