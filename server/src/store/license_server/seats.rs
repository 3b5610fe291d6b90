//! The free seats of packs, as ranges of serial numbers: a pack of millions takes one row, and the lowest free
//! serial number is found by the key.

use sqlx::AnyConnection;
use trybuy_formats::ids::PackId;

use super::packs::{assign, unassign};
use crate::store::columns::{Columns, number};
use crate::store::{PAGE_LIMIT, Store, StoreError};

/// A seat that was taken.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Seat {
    pub(super) pack: PackId,
    pub(super) serial: u64,
    /// How many licenses it had before.
    pub(super) turn: u32,
}

/// Free licenses of a pack, with serial numbers that follow each other.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct FreeSeats {
    /// The pack.
    pub pack_id: PackId,
    /// The first serial number.
    pub first_serial: u64,
    /// The last one.
    pub last_serial: u64,
    /// How many licenses each of them had before.
    pub turn: u32,
}

const ADD: &str = "INSERT INTO license_free_seats (pack_id, first_serial, last_serial, turn) \
    VALUES ($1, $2, $3, $4)";
const LOWEST: &str = "SELECT pack_id, first_serial, last_serial, turn FROM license_free_seats \
    WHERE pack_id = $1 ORDER BY first_serial LIMIT 1";
const AROUND: &str = "SELECT pack_id, first_serial, last_serial, turn FROM license_free_seats \
    WHERE pack_id = $1 AND first_serial <= $2 ORDER BY first_serial DESC LIMIT 1";
const SHORTEN: &str = "UPDATE license_free_seats SET first_serial = first_serial + $3 \
    WHERE pack_id = $1 AND first_serial = $2";
const REMOVE: &str = "DELETE FROM license_free_seats WHERE pack_id = $1 AND first_serial = $2";
const LIST: &str = "SELECT pack_id, first_serial, last_serial, turn FROM license_free_seats \
    WHERE pack_id > $1 OR (pack_id = $1 AND first_serial > $2) \
    ORDER BY pack_id, first_serial LIMIT $3";

impl Store {
    /// A page of the free licenses, by pack and serial number.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn free_licenses(
        &self,
        after: Option<&FreeSeats>,
    ) -> Result<Vec<FreeSeats>, StoreError> {
        let query = sqlx::query(LIST)
            .bind(after.map(|seats| seats.pack_id.to_string()).unwrap_or_default())
            .bind(after.map_or(0, |seats| number(seats.first_serial)))
            .bind(i64::from(PAGE_LIMIT));
        let rows = self.fetch_all(query).await?;
        rows.iter().map(|row| FreeSeats::from_columns(Columns(row))).collect()
    }
}

impl FreeSeats {
    fn from_columns(columns: Columns<'_>) -> Result<Self, StoreError> {
        Ok(Self {
            pack_id: columns.text("pack_id")?,
            first_serial: columns.number("first_serial")?,
            last_serial: columns.number("last_serial")?,
            turn: columns.number("turn")?,
        })
    }
}

/// Makes seats free.
pub(super) async fn add(
    connection: &mut AnyConnection,
    pack: PackId,
    first: u64,
    last: u64,
    turn: u32,
) -> Result<(), StoreError> {
    sqlx::query(ADD)
        .bind(pack.to_string())
        .bind(number(first))
        .bind(number(last))
        .bind(i64::from(turn))
        .execute(connection)
        .await?;
    Ok(())
}

/// The free seats with the lowest serial numbers of a pack.
pub(super) async fn lowest(
    connection: &mut AnyConnection,
    pack: PackId,
) -> Result<Option<FreeSeats>, StoreError> {
    let row = sqlx::query(LOWEST).bind(pack.to_string()).fetch_optional(connection).await?;
    row.map(|row| FreeSeats::from_columns(Columns(&row))).transpose()
}

/// Takes the free seat with the lowest serial number, and counts it as assigned.
pub(super) async fn take(
    connection: &mut AnyConnection,
    pack: PackId,
) -> Result<Option<Seat>, StoreError> {
    let Some(free) = lowest(connection, pack).await? else { return Ok(None) };
    take_first(connection, &free, 1).await?;
    Ok(Some(Seat { pack, serial: free.first_serial, turn: free.turn }))
}

/// Takes the first of free seats, and counts them as assigned.
pub(super) async fn take_first(
    connection: &mut AnyConnection,
    free: &FreeSeats,
    seats: u64,
) -> Result<(), StoreError> {
    if !assign(connection, free.pack_id, seats).await? {
        return Err(StoreError::Corrupt { column: "assigned" });
    }
    let is_all = free.first_serial + seats > free.last_serial;
    let mut query = sqlx::query(if is_all { REMOVE } else { SHORTEN })
        .bind(free.pack_id.to_string())
        .bind(number(free.first_serial));
    if !is_all {
        query = query.bind(number(seats));
    }
    query.execute(connection).await?;
    Ok(())
}

/// How it is with a certain seat.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum SeatTaken {
    /// It was free, and is taken now.
    Taken,
    /// It was given back since it had that turn.
    GivenBack,
    /// It is not free.
    NotFree,
}

/// Takes a certain seat, if it is free.
pub(super) async fn take_this(
    connection: &mut AnyConnection,
    seat: Seat,
) -> Result<SeatTaken, StoreError> {
    let pack = seat.pack.to_string();
    let row = sqlx::query(AROUND)
        .bind(pack.as_str())
        .bind(number(seat.serial))
        .fetch_optional(&mut *connection)
        .await?;
    let free = row.map(|row| FreeSeats::from_columns(Columns(&row))).transpose()?;
    let Some(free) = free.filter(|free| seat.serial <= free.last_serial) else {
        return Ok(SeatTaken::NotFree);
    };
    if seat.turn < free.turn {
        return Ok(SeatTaken::GivenBack);
    }
    if !assign(connection, seat.pack, 1).await? {
        return Ok(SeatTaken::NotFree);
    }
    sqlx::query(REMOVE)
        .bind(pack.as_str())
        .bind(number(free.first_serial))
        .execute(&mut *connection)
        .await?;
    if free.first_serial < seat.serial {
        add(connection, seat.pack, free.first_serial, seat.serial - 1, free.turn).await?;
    }
    if seat.serial < free.last_serial {
        add(connection, seat.pack, seat.serial + 1, free.last_serial, free.turn).await?;
    }
    Ok(SeatTaken::Taken)
}

/// Gives a seat back: the next license of it is of the next turn.
pub(super) async fn give_back(
    connection: &mut AnyConnection,
    seat: Seat,
) -> Result<(), StoreError> {
    unassign(connection, seat.pack).await?;
    add(connection, seat.pack, seat.serial, seat.serial, seat.turn.saturating_add(1)).await
}
