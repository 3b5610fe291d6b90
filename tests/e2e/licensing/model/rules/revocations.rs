//! The model of what the operator takes away, and gives back.

use super::{Id, License, Place, Rules, Seat, sits_on};

impl Rules {
    /// Takes all certificates of a license, whatever their terms.
    fn revoke_all(&mut self, license: &License) {
        let others = self.others(license).map(|it| it.number);
        let all: Vec<u32> = others.chain([license.number]).collect();
        self.store.revoked.extend(all);
    }

    /// Takes those with other terms that end no later than a certificate, which is in their place.
    pub(super) fn supersede_others(&mut self, license: &License) {
        let is_installed = |it: &License| match (it.upgraded_by, it.id) {
            (Some(pack), _) | (None, Id::Seat(Seat { pack, .. })) => {
                self.store.seats.contains_key(&pack)
            }
            (None, Id::Temporary(_)) => false,
        };
        let is_over = |it: &&License| {
            it.upgraded_by != license.upgraded_by && it.ends <= license.ends && is_installed(it)
        };
        let over: Vec<u32> = self.others(license).filter(is_over).map(|it| it.number).collect();
        self.store.revoked.extend(over);
    }

    /// The other certificates of a license.
    fn others(&self, license: &License) -> impl Iterator<Item = &License> {
        let of = (license.id, license.client);
        self.store.others.values().filter(move |it| (it.id, it.client) == of)
    }

    /// The operator revokes a license: its seat is the other client's that has it too (of several the one of the last
    /// turn), or else free again, and so are those of its upgrades. Its client may be barred.
    pub(crate) fn revoke(&mut self, license: &License, bars: bool) {
        let Id::Seat(seat) = license.id else { return };
        self.record("revoked", None, Some(license.client), Some(license.id));
        self.revoke_all(license);
        let rows = &mut self.store.licenses;
        let own = rows.iter().position(|it| it.license == *license).expect("a license");
        rows[own].is_revoked = true;
        let others =
            (0..rows.len()).filter(|at| !rows[*at].is_revoked && sits_on(&rows[*at], seat));
        let next =
            others.min_by_key(|at| (rows[*at].is_second, std::cmp::Reverse(rows[*at].license.id)));
        if let Some(next) = next {
            (rows[own].is_second, rows[next].is_second) = (true, false);
        } else {
            self.give_back(seat);
        }
        let (own, rest) = std::mem::take(&mut self.store.upgrades)
            .into_iter()
            .partition(|(id, client, _)| (*id, *client) == (license.id, license.client));
        self.store.upgrades = rest;
        Vec::into_iter(own).for_each(|(_, _, seat)| self.give_back(seat));
        if bars {
            self.bar(license.client);
        }
    }

    /// A client gets nothing more, and keeps no temporary license.
    fn bar(&mut self, client: usize) {
        self.store.barred.insert(client);
        if let Some(had) = self.store.temporary.get(&client).copied()
            && !self.store.revoked.contains(&had.number)
        {
            self.revoke_all(&had);
            self.record("revoked", None, Some(client), Some(had.id));
        }
    }

    /// The operator lets a client have licenses again. Answers whether it was barred.
    pub(crate) fn readmit(&mut self, client: usize) -> bool {
        let was_barred = self.store.barred.remove(&client);
        if was_barred {
            self.record("readmitted", None, Some(client), None);
        }
        was_barred
    }

    /// The next license of a seat has another id than all before.
    fn give_back(&mut self, seat: Seat) {
        let rows = self.store.licenses.iter().filter(|it| sits_on(it, seat));
        let turns = rows.filter_map(|it| match it.license.id {
            Id::Seat(seat) => Some(seat.turn),
            Id::Temporary(_) => None,
        });
        let turn = turns.max().unwrap_or_default().max(seat.turn) + 1;
        *self.place(seat).expect("an installed pack") = Place { turn, is_free: true };
    }
}
