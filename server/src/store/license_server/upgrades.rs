//! The upgrade licenses that were used (SL Fig. 8, step 248): each is a seat of an upgrade pack.
//!
//! A license that was upgraded keeps its seat, and so what it was before: where the upgrade ends sooner, it is that again.

use sqlx::AnyConnection;
use trybuy_formats::ids::PackId;
use trybuy_formats::instant::Instant;

use super::assignments::Assignment;
use super::packs::{OfferingPack, offering};
use super::revocations::supersede;
use super::seats::{self, Seat};
use crate::store::StoreError;
use crate::store::columns::{Columns, number};
use crate::store::version_order::precedence_key;

const USE: &str = "INSERT INTO license_upgrades (pack_id, serial, turn, license_id, client_id, \
    upgraded_at, freed_at) VALUES ($1, $2, $3, $4, $5, $6, NULL)";
const USED: &str = "SELECT pack_id, serial, turn FROM license_upgrades \
    WHERE license_id = $1 AND client_id = $2 AND freed_at IS NULL";
const FREE: &str = "UPDATE license_upgrades SET freed_at = $3 \
    WHERE license_id = $1 AND client_id = $2 AND freed_at IS NULL";
/// The packs whose terms a license has, or had: that of its seat, and those that it was upgraded by.
const OF_LICENSE: &str = "SELECT id AS pack_id, ends_at, product FROM license_packs \
    WHERE ends_at > $3 AND (id = $4 OR id IN (SELECT pack_id FROM license_upgrades \
    WHERE license_id = $1 AND client_id = $2 AND freed_at IS NULL))";

/// The licenses of a client with what they are good for now: one whose upgrade has ended is what it was before.
pub(super) async fn as_good_now(
    connection: &mut AnyConnection,
    mut held: Vec<Assignment>,
    now: Instant,
) -> Result<Vec<Assignment>, StoreError> {
    for license in held.iter_mut().filter(|license| license.has_ended(now)) {
        if let Some(pack) = best_of(connection, license, now).await? {
            license.take_terms(pack);
        }
    }
    Ok(held)
}

/// Of the packs of a license that have not ended, the one with the newest version, of those the most features, of those
/// the last to end.
async fn best_of(
    connection: &mut AnyConnection,
    license: &Assignment,
    now: Instant,
) -> Result<Option<OfferingPack>, StoreError> {
    let rows = sqlx::query(OF_LICENSE)
        .bind(license.license_id.to_string())
        .bind(license.client_id.to_string())
        .bind(now.unix())
        .bind(license.pack_id.to_string())
        .fetch_all(connection)
        .await?;
    let packs = rows.iter().map(|row| offering(Columns(row))).collect::<Result<Vec<_>, _>>()?;
    let worth = |pack: &OfferingPack| {
        let OfferingPack { pack_id, product, .. } = pack;
        (precedence_key(&product.version), product.features.len(), pack.end(), *pack_id)
    };
    Ok(packs.into_iter().max_by_key(worth))
}

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

/// Uses an upgrade license for a license that says it was upgraded, and has not used one of that pack before. Answers
/// whether one was free.
pub(super) async fn take(
    connection: &mut AnyConnection,
    row: &Assignment,
) -> Result<bool, StoreError> {
    let Some(pack) = row.upgraded_by else { return Ok(true) };
    if has_used(connection, row, pack).await? {
        return Ok(true);
    }
    let Some(seat) = seats::take(connection, pack).await? else { return Ok(false) };
    sqlx::query(USE)
        .bind(seat.pack.to_string())
        .bind(number(seat.serial))
        .bind(i64::from(seat.turn))
        .bind(row.license_id.to_string())
        .bind(row.client_id.to_string())
        .bind(row.issued_at.unix())
        .execute(connection)
        .await?;
    Ok(true)
}

/// Whether a license is what another one was before an upgrade that ends sooner.
pub(super) async fn was_before(
    connection: &mut AnyConnection,
    license: &Assignment,
    upgraded: &Assignment,
) -> Result<bool, StoreError> {
    Ok(upgraded.ends_before(license)
        && match license.upgraded_by {
            None => true,
            Some(pack) => has_used(connection, upgraded, pack).await?,
        })
}

/// Whether a license used an upgrade license of a pack.
async fn has_used(
    connection: &mut AnyConnection,
    row: &Assignment,
    pack: PackId,
) -> Result<bool, StoreError> {
    Ok(used(connection, row).await?.iter().any(|seat| seat.pack == pack))
}

/// Gives back what a license used.
pub(super) async fn give_back(
    connection: &mut AnyConnection,
    row: &Assignment,
    now: Instant,
) -> Result<(), StoreError> {
    for seat in used(connection, row).await? {
        seats::give_back(connection, seat).await?;
    }
    sqlx::query(FREE)
        .bind(row.license_id.to_string())
        .bind(row.client_id.to_string())
        .bind(now.unix())
        .execute(connection)
        .await?;
    Ok(())
}

/// The seats of upgrade packs that a license used.
async fn used(connection: &mut AnyConnection, row: &Assignment) -> Result<Vec<Seat>, StoreError> {
    let rows = sqlx::query(USED)
        .bind(row.license_id.to_string())
        .bind(row.client_id.to_string())
        .fetch_all(connection)
        .await?;
    let seat = |columns: Columns<'_>| {
        let (pack, serial) = (columns.text("pack_id")?, columns.number("serial")?);
        Ok(Seat { pack, serial, turn: columns.number("turn")? })
    };
    rows.iter().map(|row| seat(Columns(row))).collect()
}
