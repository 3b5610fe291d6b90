//! The model of a license server that was restored from a backup: it gives out nothing new, and learns from the
//! licenses that are presented what it gave out since.

use super::{Assigned, Id, License, Reason, Record, Rules, Seat, Store, sits_on};

/// What became of a license that was presented.
enum Found {
    /// It is known, or known to be good no more.
    Known,
    /// It is its client's again.
    Adopted,
    /// So it is, and its seat or its upgrade is another's too.
    Twice,
    /// Its pack is not installed.
    PackUnknown,
}

impl Store {
    /// Whether gateways tell it at once which licenses they see.
    pub(crate) fn is_told(&self) -> bool {
        self.is_restored || self.was_accepted
    }

    /// A seat was found to be granted twice since somebody last accepted it.
    pub(crate) fn has_granted_twice(&self) -> bool {
        let is_of =
            |it: &&Record| ["seat-granted-twice", "restored-accepted"].contains(&it.outcome);
        self.records.iter().rfind(is_of).is_some_and(|it| it.outcome == "seat-granted-twice")
    }

    /// Why it is a restored one, if its records do not go on from where they once were.
    pub(crate) fn goes_back(&self, then: &[Record]) -> Option<Reason> {
        if self.records.starts_with(then) {
            return None;
        }
        let is_less = self.records.len() < then.len();
        Some(if is_less { Reason::FewerRecords } else { Reason::OtherRecords })
    }
}

impl Rules {
    /// The license server is put back to what it was. Certificates that it signed since stay signed.
    pub(crate) fn restore(&mut self, backup: &Store) {
        self.store = backup.clone();
    }

    /// It is found to be a restored one.
    pub(crate) fn find_restored(&mut self, reason: Reason) {
        if !self.store.is_restored {
            self.record("restored", Some(reason), None, None);
            self.store.is_restored = true;
        }
    }

    /// A gateway tells of licenses that it has seen.
    pub(crate) fn tell(&mut self, seen: &[License]) {
        for license in seen {
            self.present(license);
        }
    }

    /// The operator accepts what cannot be found out any more.
    pub(crate) fn accept(&mut self) {
        self.record("restored-accepted", None, None, None);
        self.store.is_restored = false;
        self.store.was_accepted = true;
    }

    /// A license that the store does not know was given out before the license server was restored.
    pub(super) fn present(&mut self, license: &License) {
        let found = match license.id {
            _ if self.store.revoked.contains(&license.number) => Found::Known,
            Id::Temporary(_) => self.present_temporary(license),
            Id::Seat(seat) => self.present_permanent(license, seat),
        };
        let (outcome, reason) = match found {
            Found::Known => return,
            Found::Adopted => ("adopted", None),
            Found::Twice => ("seat-granted-twice", None),
            Found::PackUnknown => ("refused", Some(Reason::PackUnknown)),
        };
        self.record(outcome, reason, Some(license.client), Some(license.id));
    }

    fn present_temporary(&mut self, license: &License) -> Found {
        let Some(known) = self.store.temporary.get(&license.client).copied() else {
            self.store.temporary.insert(license.client, *license);
            return Found::Adopted;
        };
        if known.number == license.number {
            return Found::Known;
        }
        if self.store.revoked.contains(&known.number) {
            return self.find_over(license);
        }
        let other = License { id: known.id, ..*license };
        let is_new = self.store.others.insert(other.number, other).is_none();
        if is_new { Found::Adopted } else { Found::Known }
    }

    fn present_permanent(&mut self, license: &License, seat: Seat) -> Found {
        let rows = self.store.licenses.iter().filter(|it| it.license.id == license.id);
        let rows: Vec<Assigned> = rows.copied().collect();
        if rows.iter().any(|it| it.license == *license) {
            return Found::Known;
        }
        let mut packs = [Some(seat.pack), license.upgraded_by].into_iter().flatten();
        if !packs.all(|pack| self.store.seats.contains_key(&pack)) {
            let is_new = self.store.others.insert(license.number, *license).is_none();
            return if is_new { Found::PackUnknown } else { Found::Known };
        }
        match rows.iter().find(|it| it.license.client == license.client) {
            Some(known) if known.is_revoked => self.find_over(license),
            Some(known) if known.license.upgraded_by == license.upgraded_by => {
                self.adopt_same(&known.license, license)
            }
            Some(known) if is_upgrade(&known.license, license) => {
                self.adopt_upgrade(&known.license, license)
            }
            Some(known) if self.was_before(license, &known.license) => {
                self.store.others.insert(license.number, *license);
                Found::Known
            }
            Some(_) => self.find_over(license),
            None => self.adopt_seat(license, seat),
        }
    }

    /// It is good no more, and gateways hear of that.
    fn find_over(&mut self, license: &License) -> Found {
        self.store.revoked.insert(license.number);
        Found::Known
    }

    /// The same license was signed twice: both are good, and the later one is the one that counts.
    fn adopt_same(&mut self, known: &License, license: &License) -> Found {
        let is_later = (known.starts, known.number) < (license.starts, license.number);
        if is_later {
            self.replace(known, *license);
        }
        let other = if is_later { known } else { license };
        let is_new = self.store.others.insert(other.number, *other).is_none();
        if is_later || is_new { Found::Adopted } else { Found::Known }
    }

    /// The store knows the license as it was before an upgrade.
    fn adopt_upgrade(&mut self, known: &License, license: &License) -> Found {
        let is_free = self.use_upgrade_of(license);
        self.supersede(known, *license);
        if is_free { Found::Adopted } else { Found::Twice }
    }

    /// Uses up the upgrade that a license says it was upgraded by, if one is free.
    fn use_upgrade_of(&mut self, license: &License) -> bool {
        let License { id, client, upgraded_by, .. } = *license;
        upgraded_by.is_none_or(|pack| self.use_upgrade(id, client, pack))
    }

    fn adopt_seat(&mut self, license: &License, seat: Seat) -> Found {
        let place = self.place(seat).expect("an installed pack");
        let (is_free, turn) = (place.is_free, place.turn);
        let rows = self.store.licenses.iter().filter(|it| !it.is_second && sits_on(it, seat));
        let had = rows.filter_map(|it| match it.license.id {
            Id::Seat(seat) => Some(seat.turn),
            Id::Temporary(_) => None,
        });
        let is_given_back =
            if is_free { turn > seat.turn } else { had.max().is_some_and(|it| it > seat.turn) };
        if is_given_back {
            return self.find_over(license);
        }
        self.place(seat).expect("an installed pack").is_free = false;
        let is_upgrade_free = self.use_upgrade_of(license);
        let row = Assigned { license: *license, is_second: !is_free, is_revoked: false };
        self.store.licenses.push(row);
        if is_free && is_upgrade_free { Found::Adopted } else { Found::Twice }
    }
}

/// Whether a license is what the other one became.
fn is_upgrade(old: &License, new: &License) -> bool {
    if old.ends <= new.starts || new.ends <= old.starts {
        return old.ends <= new.starts;
    }
    if old.upgraded_by.is_none() || new.upgraded_by.is_none() {
        return new.upgraded_by.is_some();
    }
    let has_more = new.features != old.features && new.features.enable(old.features);
    old.version < new.version || (old.version == new.version && has_more)
}
