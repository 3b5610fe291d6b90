//! The upgrade licenses that were used (SL Fig. 8, step 248): each is a seat of an upgrade pack.

use sqlx::AnyConnection;
use trybuy_formats::ids::SeatLicenseId;
use trybuy_formats::instant::Instant;

use super::assignments::Assignment;
use super::revocations::supersede;
use super::seats::{self, Seat};
use crate::store::StoreError;
use crate::store::columns::{Columns, number};

const USE: &str = "INSERT INTO license_upgrades (pack_id, serial, turn, license_id, \
    upgraded_at, freed_at) VALUES ($1, $2, $3, $4, $5, NULL)";
const USED: &str = "SELECT pack_id, serial, turn FROM license_upgrades \
    WHERE license_id = $1 AND freed_at IS NULL";
const FREE: &str = "UPDATE license_upgrades SET freed_at = $2 \
    WHERE license_id = $1 AND freed_at IS NULL";

/// Uses an upgrade license, and puts the upgraded license in the place of the old one. Answers whether one was free.
pub(super) async fn upgrade(
    connection: &mut AnyConnection,
    old: &Assignment,
    row: &Assignment,
) -> Result<bool, StoreError> {
    if !take(connection, row).await? {
        return Ok(false);
    }
    supersede(connection, old, row).await?;
    Ok(true)
}

/// Uses an upgrade license for a license that says it was upgraded. Answers whether one was free.
pub(super) async fn take(
    connection: &mut AnyConnection,
    row: &Assignment,
) -> Result<bool, StoreError> {
    let Some(pack) = row.upgraded_by else { return Ok(true) };
    let Some(seat) = seats::take(connection, pack).await? else { return Ok(false) };
    sqlx::query(USE)
        .bind(seat.pack.to_string())
        .bind(number(seat.serial))
        .bind(i64::from(seat.turn))
        .bind(row.license_id.to_string())
        .bind(row.issued_at.unix())
        .execute(connection)
        .await?;
    Ok(true)
}

/// Gives back what a license used.
pub(super) async fn give_back(
    connection: &mut AnyConnection,
    license: SeatLicenseId,
    now: Instant,
) -> Result<(), StoreError> {
    let license = license.to_string();
    let used = sqlx::query(USED).bind(license.as_str()).fetch_all(&mut *connection).await?;
    for row in &used {
        let columns = Columns(row);
        let seat = Seat {
            pack: columns.text("pack_id")?,
            serial: columns.number("serial")?,
            turn: columns.number("turn")?,
        };
        seats::give_back(connection, seat).await?;
    }
    sqlx::query(FREE).bind(license).bind(now.unix()).execute(connection).await?;
    Ok(())
}
