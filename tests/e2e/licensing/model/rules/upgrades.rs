//! The model of upgrades: of a license that a client has, and of one that is free.

use super::{Day, Features, Id, License, Pack, Rules, Wish};

impl Rules {
    /// A free license of an older version becomes one that does.
    pub(super) fn grant_upgraded(&mut self, wish: &Wish, day: Day) -> Option<License> {
        let upgrades = self.free(wish.version, wish.features, day, |pack| pack.from.is_some());
        let (upgrade, pack) = upgrades.into_iter().find_map(|upgrade| {
            let Pack { version, from, ends, .. } = self.packs[upgrade];
            let is_older =
                |pack: &Pack| pack.from.is_none() && pack.version <= version && pack.ends <= ends;
            Some((upgrade, *self.free(from?, Features::NONE, day, is_older).first()?))
        })?;
        let seat = self.take(pack)?;
        self.use_upgrade(Id::Seat(seat), upgrade);
        Some(self.assign(wish.client, seat, Some(upgrade), day))
    }

    /// One of the client's licenses becomes one of a newer version, with more features, or one that ends later; the old
    /// certificate is good no more. While the license is good, nothing of it is lost.
    pub(super) fn upgrade(&mut self, held: &[License], wish: &Wish, day: Day) -> Option<License> {
        let presented = wish.presented.filter(|_| wish.only_upgrade);
        if presented.is_some_and(|it| !held.contains(&it)) {
            // It was replaced since: somebody may have sent the request again.
            return None;
        }
        let is_presented = |it: &License| presented.is_some_and(|presented| presented == *it);
        let mut candidates = held.to_vec();
        candidates.sort_by_key(|it| {
            (is_presented(it), it.features.enable(wish.features), it.version, it.ends, it.id)
        });
        let mut found = candidates
            .iter()
            .rev()
            .filter_map(|old| Some((old, *self.upgrades_of(old, wish, day).first()?)));
        let (old, pack) = found.next()?;
        self.use_upgrade(old.id, pack);
        let Pack { version, features, ends, .. } = self.packs[pack];
        let (number, upgraded_by) = (self.sign(), Some(pack));
        let new = License { number, version, features, starts: day, ends, upgraded_by, ..*old };
        self.supersede(old, new);
        Some(new)
    }

    /// The packs with free upgrade licenses that take nothing away from a license while it is good.
    fn upgrades_of(&self, old: &License, wish: &Wish, day: Day) -> Vec<usize> {
        let (version, features, ends) = match old.ends > day {
            true => (wish.version.max(old.version), wish.features.and(old.features), old.ends),
            false => (wish.version, wish.features, day),
        };
        let upgrades =
            |pack: &Pack| pack.from.is_some_and(|from| from <= old.version) && pack.ends >= ends;
        self.free(version, features, day, upgrades)
    }

    /// The upgraded license is in the place of the old one, which is good no more.
    pub(super) fn supersede(&mut self, old: &License, new: License) {
        self.revoke_all(old);
        self.replace(old, new);
    }

    /// Uses up one license of an upgrade pack, if one is free.
    pub(super) fn use_upgrade(&mut self, id: Id, pack: usize) -> bool {
        let seat = self.take(pack);
        self.store.upgrades.extend(seat.map(|seat| (id, seat)));
        seat.is_some()
    }
}
