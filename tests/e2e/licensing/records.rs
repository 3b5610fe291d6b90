//! Every decision leaves one record, and none can be removed or altered unnoticed.

use std::process::Command;

use anyhow::{Result, ensure};

use trybuy_tests::command::Outcome;
use trybuy_tests::company::Order;

use super::Stage;
use crate::case::{Shared, cases};

cases![removed_and_altered_records_are_found[Python, Sqlite]];

fn removed_and_altered_records_are_found(shared: &Shared) -> Result<()> {
    let stage = Stage::start(shared)?;
    stage.company.stock(&Order::of("4.0.0", 1))?;
    let client = stage.licensed("ada")?;
    stage.gateway.request_license(&client)?.success()?;
    stage.licensed("bob")?;
    let granted = stage.company.licenses(&["records", "list", "--outcome", "granted", "--json"])?;
    ensure!(granted.stdout.lines().count() == 1, "{granted}");
    stage.company.licenses(&["audit", "verify"])?;
    for change in [
        "UPDATE license_records SET record = replace(record, 'granted', 'reissued') \
            WHERE outcome = 'granted'",
        "DELETE FROM license_records WHERE outcome = 'granted'",
    ] {
        let database = stage.company.path("license-server/trybuy.sqlite3");
        let mut sqlite = Command::new("sqlite3");
        Outcome::of(sqlite.arg(&database).arg(change))?.success()?;
        let found = stage.company.license_server.run(["license-server", "audit", "verify"])?;
        ensure!(found.code != 0, "{change}: {found}");
    }
    Ok(())
}
