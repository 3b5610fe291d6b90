//! The model: what a license server has to do, in a few lines and without a database.

mod features;
mod platforms;
mod reasons;
mod reissuing;
mod restored;
mod revocations;
mod upgrades;

use std::collections::{BTreeMap, BTreeSet};

use trybuy_formats::api::LicenseOutcome;
use trybuy_formats::ids::PlatformType;

pub(super) use self::features::Features;
pub(super) use self::platforms::{PLATFORMS, platform_of};
pub(super) use self::reasons::Reason;
use self::reasons::words;

/// A version of the product, of which only the first number differs.
pub(super) type Major = u32;
/// Days since the story began.
pub(super) type Day = u32;
/// The end of what has none.
pub(super) const NEVER: Day = Day::MAX;
/// How long a temporary license lasts.
const TEMPORARY: Day = 60;
/// How long after its end a pack, or after its day an order, is one that such a license is given for.
const LATELY: Day = 60;

/// A pack as it was sold.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pack {
    /// The platform of the clients that it is for.
    pub(super) platform: PlatformType,
    pub(super) version: Major,
    pub(super) features: Features,
    /// Of an upgrade pack: the oldest version that it upgrades.
    pub(super) from: Option<Major>,
    pub(super) quantity: u32,
    /// The first day on which licenses of it are given.
    pub(super) starts: Day,
    /// The first day on which they are good for nothing.
    pub(super) ends: Day,
}

/// One of the licenses of a pack, and how many clients had it before.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct Seat {
    pub(super) pack: usize,
    serial: usize,
    turn: u32,
}

/// What a license is known by.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Id {
    Seat(Seat),
    Temporary(u32),
}

/// A license as it was signed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct License {
    /// The number of its certificate: no two have the same, whatever becomes of the license server.
    pub(super) number: u32,
    pub(super) id: Id,
    pub(super) client: usize,
    pub(super) version: Major,
    pub(super) features: Features,
    pub(super) starts: Day,
    pub(super) ends: Day,
    upgraded_by: Option<usize>,
}

/// What a client asks for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wish {
    pub(super) client: usize,
    pub(super) version: Major,
    pub(super) features: Features,
    /// A license of it that it shows.
    pub(super) presented: Option<License>,
    /// Whether it asks for an upgrade with that license, in place of an answer to a challenge.
    pub(super) only_upgrade: bool,
}

/// A license, or why there is none.
pub(super) type Answer = Result<(LicenseOutcome, License), Reason>;

/// A line of the record: what was decided, why, for whom, about which license.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Record {
    /// No two have the same, whatever becomes of the license server.
    number: u32,
    pub(super) outcome: &'static str,
    pub(super) reason: Option<Reason>,
    pub(super) client: Option<usize>,
    pub(super) license: Option<Id>,
}

/// What the model knows.
#[derive(Clone, Default)]
pub(super) struct Rules {
    pub(super) packs: Vec<Pack>,
    pub(super) store: Store,
    certificates: u32,
    written: u32,
}

/// What a license server keeps, and a backup of it holds.
#[derive(Clone, Default)]
pub(super) struct Store {
    /// Of each pack that is installed.
    pub(super) seats: BTreeMap<usize, Vec<Place>>,
    pub(super) licenses: Vec<Assigned>,
    /// The packs that were ordered, and when.
    pub(super) orders: Vec<(usize, Day)>,
    /// The seats of upgrade packs, and the licenses that were upgraded by them, with their clients.
    upgrades: Vec<(Id, usize, Seat)>,
    pub(super) temporary: BTreeMap<usize, License>,
    /// Clients that get nothing new, as a license of theirs was revoked.
    barred: BTreeSet<usize>,
    /// Certificates that are on the revocation list.
    pub(super) revoked: BTreeSet<u32>,
    /// Licenses that were presented as the store knows them, in a certificate that it does not, by their numbers.
    others: BTreeMap<u32, License>,
    /// It was found to be a restored one, and nobody has accepted that.
    pub(super) is_restored: bool,
    /// Somebody accepted that once.
    was_accepted: bool,
    pub(super) records: Vec<Record>,
}

/// Where one client after the other sits.
#[derive(Clone, Copy)]
pub(super) struct Place {
    turn: u32,
    pub(super) is_free: bool,
}

/// A license of a seat that a client was given.
#[derive(Clone, Copy, Debug)]
pub(super) struct Assigned {
    pub(super) license: License,
    /// The seat is another client's, as the license server was restored from a backup.
    pub(super) is_second: bool,
    pub(super) is_revoked: bool,
}

impl Rules {
    /// A pack is installed once, and while its licenses are good.
    pub(super) fn install(&mut self, pack: usize, day: Day) -> Result<(), Reason> {
        let Pack { quantity, ends, .. } = self.packs[pack];
        let refused = if ends <= day {
            Some(Reason::PackEnded)
        } else {
            self.store.seats.contains_key(&pack).then_some(Reason::PackInstalled)
        };
        if let Some(reason) = refused {
            self.record("pack-refused", refused, None, None);
            return Err(reason);
        }
        let free = Place { turn: 0, is_free: true };
        self.store.seats.insert(pack, (0..quantity).map(|_| free).collect());
        self.record("pack-installed", None, None, None);
        Ok(())
    }

    /// A client asks for a license, and its image is the right one.
    pub(super) fn decide(&mut self, wish: &Wish, day: Day) -> Answer {
        if let Some(presented) = &wish.presented {
            self.present(presented);
        }
        let answer = self.answer(wish, day);
        match &answer {
            Ok((outcome, license)) => {
                let (word, reason) = words(*outcome);
                self.record(word, reason, Some(wish.client), Some(license.id));
            }
            Err(reason) => self.refuse(wish.client, *reason),
        }
        answer
    }

    /// A request is refused whatever the store holds.
    pub(super) fn refuse(&mut self, client: usize, reason: Reason) {
        self.record("refused", Some(reason), Some(client), None);
    }

    fn answer(&mut self, wish: &Wish, day: Day) -> Answer {
        let held = self.good_now(wish.client, day);
        let fits = |it: &&License| {
            it.ends > day && it.version >= wish.version && it.features.enable(wish.features)
        };
        if let Some(license) = held.iter().rfind(fits).copied() {
            return Ok((LicenseOutcome::Reissued, self.reissue(license, day)));
        }
        if self.store.barred.contains(&wish.client) {
            return Err(Reason::ClientBarred);
        }
        if self.store.is_restored {
            // It does not know what it has given away.
            return match self.store.temporary.get(&wish.client).copied() {
                Some(had) if !wish.only_upgrade && self.is_over(&had, wish, day).is_none() => {
                    Ok((LicenseOutcome::TemporaryAgain, self.reissue_temporary(had, day)))
                }
                _ => Err(Reason::LicenseServerRestored),
            };
        }
        if let Some(upgraded) = self.upgrade(&held, wish, day) {
            return Ok((LicenseOutcome::Upgraded, upgraded));
        }
        if wish.only_upgrade {
            return Err(Reason::NoUpgrade);
        }
        let is_full = |pack: &Pack| pack.from.is_none();
        if let Some(pack) =
            self.free(wish.client, wish.version, wish.features, day, is_full).first().copied()
        {
            return Ok((LicenseOutcome::Granted, self.grant(wish.client, pack, day)));
        }
        if let Some(license) = self.grant_upgraded(wish, day) {
            return Ok((LicenseOutcome::Granted, license));
        }
        if let Some(had) = self.store.temporary.get(&wish.client).copied() {
            if let Some(reason) = self.is_over(&had, wish, day) {
                return Err(reason);
            }
            return Ok((LicenseOutcome::TemporaryAgain, self.reissue_temporary(had, day)));
        }
        let Some(pack) = self.bought(wish, day) else { return Err(Reason::NotOrdered) };
        let features = self.packs[pack].features;
        Ok((LicenseOutcome::Temporary, self.grant_temporary(wish, features, day)))
    }

    /// A pack that would do, free or not, or was one lately, or else the last one that was ordered lately; full ones first,
    /// and upgrades only where there is, likewise, something that they upgrade.
    fn bought(&self, wish: &Wish, day: Day) -> Option<usize> {
        let is_lately = |since: Day| since.saturating_add(LATELY) > day;
        let packs = self.store.seats.keys().copied();
        let mut bought: Vec<usize> = packs.filter(|it| is_lately(self.packs[*it].ends)).collect();
        bought.sort_by_key(|pack| self.rank(*pack));
        let mut ordered = self.store.orders.clone();
        ordered.retain(|(_, day)| is_lately(*day));
        ordered.sort_by_key(|(pack, day)| std::cmp::Reverse((*day, *pack)));
        bought.extend(ordered.into_iter().map(|(pack, _)| pack));
        bought.retain(|pack| self.packs[*pack].platform == platform_of(wish.client));
        let (full, upgrades): (Vec<usize>, Vec<usize>) =
            bought.into_iter().partition(|pack| self.packs[*pack].from.is_none());
        let is_usable = |upgrade: &&usize| {
            let Pack { from, version, .. } = self.packs[**upgrade];
            let upgraded = from.unwrap_or_default()..=version;
            full.iter().any(|pack| upgraded.contains(&self.packs[*pack].version))
        };
        let usable = upgrades.iter().filter(is_usable);
        let does = |pack: &&usize| {
            let it = &self.packs[**pack];
            it.version >= wish.version && it.features.enable(wish.features)
        };
        full.iter().chain(usable).find(does).copied()
    }

    /// Why the one temporary license of a client is not good for what it wants, if it is not.
    fn is_over(&self, had: &License, wish: &Wish, day: Day) -> Option<Reason> {
        let does = had.version >= wish.version && had.features.enable(wish.features);
        if had.ends <= day {
            Some(Reason::TemporaryEnded)
        } else if !does {
            Some(Reason::NoFreeLicense)
        } else {
            self.store.revoked.contains(&had.number).then_some(Reason::TemporaryRevoked)
        }
    }

    /// The permanent licenses of a client, the newest and last to end at the end.
    pub(super) fn held(&self, client: usize) -> Vec<License> {
        let living = self.store.licenses.iter().filter(|it| !it.is_revoked);
        let mut held: Vec<License> =
            living.map(|it| it.license).filter(|it| it.client == client).collect();
        held.sort_by_key(|it| (it.version, it.ends, it.id));
        held
    }

    /// The packs with free licenses that fit, for clients like that one, in their order.
    fn free(
        &self,
        client: usize,
        version: Major,
        features: Features,
        day: Day,
        fits: impl Fn(&Pack) -> bool,
    ) -> Vec<usize> {
        let has_free = |pack: &usize| self.store.seats[pack].iter().any(|it| it.is_free);
        let good = |pack: &usize| {
            let it = &self.packs[*pack];
            let does = it.version >= version && it.features.enable(features);
            let does = does && it.platform == platform_of(client);
            does && it.starts <= day && day < it.ends && fits(it)
        };
        let packs = self.store.seats.keys().copied();
        let mut packs: Vec<usize> = packs.filter(|pack| has_free(pack) && good(pack)).collect();
        packs.sort_by_key(|pack| self.rank(*pack));
        packs
    }

    /// Of packs the lowest version is taken first, of those the fewest features, of those the soonest to end, of those
    /// the oldest.
    fn rank(&self, pack: usize) -> (Major, u32, Day, usize) {
        let Pack { version, features, ends, .. } = self.packs[pack];
        (version, features.count(), ends, pack)
    }

    /// Takes the first free seat of a pack.
    fn take(&mut self, pack: usize) -> Option<Seat> {
        let places = self.store.seats.get_mut(&pack)?;
        let serial = places.iter().position(|it| it.is_free)?;
        places[serial].is_free = false;
        Some(Seat { pack, serial, turn: places[serial].turn })
    }

    fn grant(&mut self, client: usize, pack: usize, day: Day) -> License {
        let seat = self.take(pack).expect("a free seat");
        self.assign(client, seat, None, day)
    }

    /// Signs the license of a seat, with the terms of its pack or of the one that it is upgraded by.
    fn assign(
        &mut self,
        client: usize,
        seat: Seat,
        upgraded_by: Option<usize>,
        day: Day,
    ) -> License {
        let Pack { version, features, ends, .. } = self.packs[upgraded_by.unwrap_or(seat.pack)];
        let license = License {
            number: self.sign(),
            id: Id::Seat(seat),
            client,
            version,
            features,
            starts: day,
            ends,
            upgraded_by,
        };
        self.store.licenses.push(Assigned { license, is_second: false, is_revoked: false });
        license
    }

    fn grant_temporary(&mut self, wish: &Wish, features: Features, day: Day) -> License {
        let number = self.sign();
        let Wish { client, version, .. } = *wish;
        let license = License {
            number,
            id: Id::Temporary(number),
            client,
            version,
            features,
            starts: day,
            ends: day + TEMPORARY,
            upgraded_by: None,
        };
        self.store.temporary.insert(client, license);
        license
    }

    fn replace(&mut self, old: &License, new: License) {
        let mut rows = self.store.licenses.iter_mut();
        let row = rows.find(|it| it.license.number == old.number).expect("a license of the store");
        row.license = new;
    }

    fn place(&mut self, seat: Seat) -> Option<&mut Place> {
        self.store.seats.get_mut(&seat.pack)?.get_mut(seat.serial)
    }

    fn sign(&mut self) -> u32 {
        self.certificates += 1;
        self.certificates
    }

    fn record(
        &mut self,
        outcome: &'static str,
        reason: Option<Reason>,
        client: Option<usize>,
        license: Option<Id>,
    ) {
        self.written += 1;
        self.store.records.push(Record { number: self.written, outcome, reason, client, license });
    }
}

/// Whether a license is of that seat, in whatever turn.
fn sits_on(assigned: &Assigned, seat: Seat) -> bool {
    matches!(assigned.license.id, Id::Seat(it) if (it.pack, it.serial) == (seat.pack, seat.serial))
}
