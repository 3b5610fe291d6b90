//! The upgrade licenses that were used (SL Fig. 8, step 248): each is a seat of an upgrade pack.
//!
//! A license that was upgraded keeps its seat, and so what it was before: where the upgrade ends sooner, it is that again.

use sqlx::AnyConnection;
use trybuy_formats::ids::{PackId, SeatLicenseId};
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
/// The packs whose terms the licenses of a client for a product have, or had: those of their seats, and those that they were
/// upgraded by.
const OF_LICENSES: &str = "SELECT had.license_id, packs.id AS pack_id, packs.ends_at, packs.product \
    FROM (SELECT license_id, pack_id FROM license_assignments \
    WHERE client_id = $1 AND product_id = $2 AND revoked_at IS NULL \
    UNION ALL SELECT used.license_id, used.pack_id FROM license_assignments held \
    JOIN license_upgrades used ON used.license_id = held.license_id AND used.client_id = $1 \
    WHERE held.client_id = $1 AND held.product_id = $2 AND held.revoked_at IS NULL \
    AND used.freed_at IS NULL) AS had \
    JOIN license_packs packs ON packs.id = had.pack_id WHERE packs.ends_at > $3";

/// The licenses of a client for a product with what they are good for now: one whose upgrade has ended is what it was
/// before, by the pack with the newest version that has not ended, of those the most features, of those the last to end.
pub(super) async fn as_good_now(
    connection: &mut AnyConnection,
    mut held: Vec<Assignment>,
    now: Instant,
) -> Result<Vec<Assignment>, StoreError> {
    let Some(ended) = held.iter().find(|license| license.has_ended(now)) else { return Ok(held) };
    let packs = good_packs(connection, ended, now).await?;
    let worth = |pack: &&OfferingPack| {
        let OfferingPack { pack_id, product, .. } = pack;
        (precedence_key(&product.version), product.features.len(), pack.end(), *pack_id)
    };
    for license in held.iter_mut().filter(|license| license.has_ended(now)) {
        let own = packs.iter().filter(|(of, _)| *of == license.license_id).map(|(_, pack)| pack);
        if let Some(pack) = own.max_by_key(worth) {
            license.take_terms(pack.clone());
        }
    }
    Ok(held)
}

/// The packs that have not ended of each license that a client has for the product of one of them.
async fn good_packs(
    connection: &mut AnyConnection,
    one: &Assignment,
    now: Instant,
) -> Result<Vec<(SeatLicenseId, OfferingPack)>, StoreError> {
    let rows = sqlx::query(OF_LICENSES)
        .bind(one.client_id.to_string())
        .bind(one.product_id.as_str())
        .bind(now.unix())
        .fetch_all(connection)
        .await?;
    let read = |columns: Columns<'_>| Ok((columns.text("license_id")?, offering(columns)?));
    rows.iter().map(|row| read(Columns(row))).collect()
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
