//! The model of what the operator takes away, and gives back.

use super::{Id, License, Place, Rules, Seat, sits_on};

impl Rules {
    /// Takes all certificates of a license, whatever their terms.
    fn revoke_all(&mut self, license: &License) {
        self.revoke_those(license, |it| (it.id, it.client) == (license.id, license.client));
    }

    /// Takes those with the terms of a certificate, in whose place another one is.
    pub(super) fn revoke_terms(&mut self, license: &License) {
        let terms = |it: &License| (it.id, it.client, it.upgraded_by);
        self.revoke_those(license, |it| terms(it) == terms(license));
    }

    fn revoke_those(&mut self, license: &License, are_meant: impl Fn(&License) -> bool) {
        let others = self.store.others.values().filter(|it| are_meant(it)).map(|it| it.number);
        self.store.revoked.extend(others.chain([license.number]));
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
