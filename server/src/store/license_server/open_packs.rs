//! The packs that a transaction takes licenses of: looked up once, and written back once.

use std::collections::HashMap;

use sqlx::AnyConnection;
use trybuy_formats::ids::PackId;

use super::packs::{OfferingPack, PackChoice, with_free_seats};
use super::seats::{FreeSeats, Seat, lowest, take_first};
use crate::store::StoreError;

/// The packs that licenses are allocated from.
#[derive(Default)]
pub(super) struct OpenPacks {
    /// The pack of each choice that was looked up; none where there is none with a free license.
    chosen: HashMap<PackChoice, Option<PackId>>,
    packs: HashMap<PackId, OpenPack>,
}

struct OpenPack {
    pack: OfferingPack,
    /// As they are stored.
    free: FreeSeats,
    /// How many of them were taken, from the first on.
    taken: u64,
}

impl OpenPack {
    /// The next seat.
    fn next(&self) -> Option<Seat> {
        let FreeSeats { pack_id, first_serial, last_serial, turn } = self.free;
        let serial = first_serial + self.taken;
        (serial <= last_serial).then_some(Seat { pack: pack_id, serial, turn })
    }
}

impl OpenPacks {
    /// The pack that the next license is allocated from.
    pub(super) async fn choose(
        &mut self,
        connection: &mut AnyConnection,
        choice: PackChoice,
    ) -> Result<Option<OfferingPack>, StoreError> {
        if self.packs.values().any(|open| open.next().is_none()) {
            self.write(connection).await?;
        }
        let id = match self.chosen.get(&choice) {
            Some(pack) => *pack,
            None => {
                let id = self.look_up(connection, &choice).await?;
                self.chosen.insert(choice, id);
                id
            }
        };
        Ok(id.and_then(|id| self.packs.get(&id)).map(|open| open.pack.clone()))
    }

    async fn look_up(
        &mut self,
        connection: &mut AnyConnection,
        choice: &PackChoice,
    ) -> Result<Option<PackId>, StoreError> {
        let Some(pack) = with_free_seats(connection, choice).await? else { return Ok(None) };
        let free = lowest(connection, pack.pack_id).await?;
        let free = free.ok_or(StoreError::Corrupt { column: "assigned" })?;
        Ok(Some(self.open(pack, free)))
    }

    /// One that is open already is further than what is stored of it.
    fn open(&mut self, pack: OfferingPack, free: FreeSeats) -> PackId {
        let id = pack.pack_id;
        self.packs.entry(id).or_insert(OpenPack { pack, free, taken: 0 });
        id
    }

    /// Takes the next free seat of a pack that was chosen.
    pub(super) fn take(&mut self, pack: PackId) -> Option<Seat> {
        let open = self.packs.get_mut(&pack)?;
        let seat = open.next()?;
        open.taken += 1;
        Some(seat)
    }

    /// Writes what was taken, and looks up anew from then on. Where nothing was free, nothing is within the transaction.
    pub(super) async fn write(&mut self, connection: &mut AnyConnection) -> Result<(), StoreError> {
        if self.packs.is_empty() {
            return Ok(());
        }
        self.chosen.clear();
        for (_, open) in self.packs.drain() {
            if open.taken > 0 {
                take_first(connection, &open.free, open.taken).await?;
            }
        }
        Ok(())
    }
}
