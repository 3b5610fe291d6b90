//! The model of upgrades: of a license that a client has, and of one that is free.

use super::{Day, Features, Id, License, Pack, Rules, Seat, Wish};

impl Rules {
    /// A free license of an older version becomes one that does.
    pub(super) fn grant_upgraded(&mut self, wish: &Wish, day: Day) -> Option<License> {
        let upgrades =
            self.free(wish.client, wish.version, wish.features, day, |pack| pack.from.is_some());
        let pairs = upgrades.into_iter().flat_map(|upgrade| {
            let Pack { version, from, .. } = self.packs[upgrade];
            let is_older = |pack: &Pack| pack.from.is_none() && pack.version <= version;
            let seats =
                self.free(wish.client, from.unwrap_or_default(), Features::NONE, day, is_older);
            seats.into_iter().map(move |pack| (upgrade, pack))
        });
        let (upgrade, pack) =
            pairs.min_by_key(|(upgrade, pack)| self.shortens(*upgrade, self.packs[*pack].ends))?;
        let seat = self.take(pack)?;
        self.use_upgrade(Id::Seat(seat), wish.client, upgrade);
        Some(self.assign(wish.client, seat, Some(upgrade), day))
    }

    /// One of the client's licenses becomes one of a newer version, with more features, or one that ends later; the old
    /// certificate is good no more. While the license is good, nothing of it is lost.
    pub(super) fn upgrade(&mut self, held: &[License], wish: &Wish, day: Day) -> Option<License> {
        let presented = wish.presented.filter(|_| wish.only_upgrade);
        let is_presented = |it: &License| presented.is_some_and(|shown| shown.number == it.number);
        if presented.is_some() && !held.iter().any(is_presented) {
            // It was replaced since: somebody may have sent the request again.
            return None;
        }
        let mut candidates = held.to_vec();
        candidates.sort_by_key(|it| {
            (is_presented(it), it.features.enable(wish.features), it.version, it.ends, it.id)
        });
        let found = candidates.iter().rev().flat_map(|old| {
            self.upgrades_of(old, wish, day).into_iter().map(move |pack| (old, pack))
        });
        let (old, pack) = found.min_by_key(|(old, pack)| self.shortens(*pack, old.ends))?;
        self.use_upgrade(old.id, old.client, pack);
        let Pack { version, features, ends, .. } = self.packs[pack];
        let (number, upgraded_by) = (self.sign(), Some(pack));
        let new = License { number, version, features, starts: day, ends, upgraded_by, ..*old };
        self.supersede(old, new);
        Some(new)
    }

    /// By how many days an upgrade ends sooner than what it upgrades, if it does: of those that do, the last to end is best.
    fn shortens(&self, upgrade: usize, ends: Day) -> Option<Day> {
        ends.checked_sub(self.packs[upgrade].ends).filter(|days| *days > 0)
    }

    /// The licenses of a client, the newest and last to end at the end. One whose upgrade has ended is the best of what it
    /// was before.
    pub(super) fn good_now(&self, client: usize, day: Day) -> Vec<License> {
        let mut held = self.held(client);
        for license in held.iter_mut().filter(|it| it.ends <= day) {
            let Id::Seat(seat) = license.id else { continue };
            let is_own = |it: &&(Id, usize, Seat)| (it.0, it.1) == (license.id, client);
            let used = self.store.upgrades.iter().filter(is_own).map(|it| it.2.pack);
            let good = used.chain([seat.pack]).filter(|pack| self.packs[*pack].ends > day);
            let worth = |pack: &usize| {
                let Pack { version, features, ends, .. } = self.packs[*pack];
                (version, features.count(), ends, *pack)
            };
            if let Some(pack) = good.max_by_key(worth) {
                let Pack { version, features, ends, .. } = self.packs[pack];
                let upgraded_by = Some(pack).filter(|pack| *pack != seat.pack);
                *license = License { version, features, ends, upgraded_by, ..*license };
            }
        }
        held.sort_by_key(|it| (it.version, it.ends, it.id));
        held
    }

    /// The packs with free upgrade licenses that are for no less than a license while it is good.
    fn upgrades_of(&self, old: &License, wish: &Wish, day: Day) -> Vec<usize> {
        let (version, features) = match old.ends > day {
            true => (wish.version.max(old.version), wish.features.and(old.features)),
            false => (wish.version, wish.features),
        };
        let upgrades = |pack: &Pack| pack.from.is_some_and(|from| from <= old.version);
        self.free(old.client, version, features, day, upgrades)
    }

    /// The upgraded license is in the place of the old one. What is known of it from before is good no more, unless it lasts
    /// longer.
    pub(super) fn supersede(&mut self, old: &License, new: License) {
        if new.ends < old.ends {
            self.store.others.insert(old.number, *old);
        } else {
            self.store.revoked.insert(old.number);
        }
        self.supersede_others(&new);
        self.replace(old, new);
    }

    /// Whether a license is what another one was before an upgrade that ends sooner.
    pub(super) fn was_before(&self, license: &License, upgraded: &License) -> bool {
        let is_used = |pack| {
            let of = (upgraded.id, upgraded.client, pack);
            self.store.upgrades.iter().any(|it| (it.0, it.1, it.2.pack) == of)
        };
        upgraded.ends < license.ends && license.upgraded_by.is_none_or(is_used)
    }

    /// Uses up one license of an upgrade pack, if one is free, and the license has not used one of it before.
    pub(super) fn use_upgrade(&mut self, id: Id, client: usize, pack: usize) -> bool {
        let is_of = |it: &(Id, usize, Seat)| (it.0, it.1, it.2.pack) == (id, client, pack);
        if self.store.upgrades.iter().any(is_of) {
            return true;
        }
        let seat = self.take(pack);
        self.store.upgrades.extend(seat.map(|seat| (id, client, seat)));
        seat.is_some()
    }
}
