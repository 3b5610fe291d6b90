//! The model: what a license server has to do, in a few lines and without a database.

use trybuy_formats::api::LicenseOutcome;

/// A version of the product, of which only the first number differs.
pub(super) type Major = u32;

/// What the model knows.
#[derive(Default)]
pub(super) struct Rules {
    packs: Vec<Pack>,
    clients: Vec<Client>,
}

struct Pack {
    version: Major,
    /// Of an upgrade pack: the oldest version that it upgrades.
    from: Option<Major>,
    quantity: u32,
    assigned: u32,
}

#[derive(Default)]
struct Client {
    licenses: Vec<License>,
    had_temporary: bool,
}

/// A permanent license: the pack of its seat, and those of its upgrades.
struct License {
    version: Major,
    seats: Vec<usize>,
}

impl Rules {
    /// With so many clients.
    pub(super) fn of(clients: usize) -> Self {
        Self { packs: Vec::new(), clients: (0..clients).map(|_| Client::default()).collect() }
    }

    /// A pack was installed.
    pub(super) fn install(&mut self, version: Major, from: Option<Major>, quantity: u32) {
        self.packs.push(Pack { version, from, quantity, assigned: 0 });
    }

    /// Quantity and assigned licenses of each pack, in the order in which they were installed.
    pub(super) fn counts(&self) -> Vec<(u32, u32)> {
        self.packs.iter().map(|pack| (pack.quantity, pack.assigned)).collect()
    }

    /// How many clients had a temporary license.
    pub(super) fn temporaries(&self) -> usize {
        self.clients.iter().filter(|client| client.had_temporary).count()
    }

    /// A client that answered the challenge rightly asks for a version.
    pub(super) fn request(&mut self, client: usize, version: Major) -> LicenseOutcome {
        if self.existing(client, version).is_some() {
            return LicenseOutcome::Reissued;
        }
        if self.upgrade(client, version) {
            return LicenseOutcome::Upgraded;
        }
        if let Some(pack) = self.free(|pack| pack.from.is_none() && pack.version >= version) {
            self.packs[pack].assigned += 1;
            let license = License { version: self.packs[pack].version, seats: vec![pack] };
            self.clients[client].licenses.push(license);
            return LicenseOutcome::Granted;
        }
        match std::mem::replace(&mut self.clients[client].had_temporary, true) {
            false => LicenseOutcome::Temporary,
            true => LicenseOutcome::TemporaryAgain,
        }
    }

    /// A client presents its license and asks for a newer one; none where there is no upgrade.
    pub(super) fn ask_upgrade(&mut self, client: usize, version: Major) -> Option<LicenseOutcome> {
        if self.existing(client, version).is_some() {
            return Some(LicenseOutcome::Reissued);
        }
        self.upgrade(client, version).then_some(LicenseOutcome::Upgraded)
    }

    /// The newest license of a client was revoked: its seats are free again.
    pub(super) fn revoke_newest(&mut self, client: usize) {
        let Some(newest) = self.newest(client) else { return };
        let license = self.clients[client].licenses.remove(newest);
        for pack in license.seats {
            self.packs[pack].assigned -= 1;
        }
    }

    fn existing(&self, client: usize, version: Major) -> Option<&License> {
        self.clients[client].licenses.iter().find(|license| license.version >= version)
    }

    fn newest(&self, client: usize) -> Option<usize> {
        let licenses = self.clients[client].licenses.iter().enumerate();
        licenses.max_by_key(|(_, license)| license.version).map(|(at, _)| at)
    }

    fn upgrade(&mut self, client: usize, version: Major) -> bool {
        let Some(newest) = self.newest(client) else { return false };
        let held = self.clients[client].licenses[newest].version;
        let fits =
            |pack: &Pack| pack.from.is_some_and(|from| from <= held) && pack.version >= version;
        let Some(pack) = self.free(fits) else { return false };
        self.packs[pack].assigned += 1;
        let license = &mut self.clients[client].licenses[newest];
        license.version = self.packs[pack].version;
        license.seats.push(pack);
        true
    }

    /// Of the packs with free licenses that fit, the lowest version, and of those the oldest.
    fn free(&self, fits: impl Fn(&Pack) -> bool) -> Option<usize> {
        let packs = self.packs.iter().enumerate();
        let free = packs.filter(|(_, pack)| pack.assigned < pack.quantity && fits(pack));
        free.min_by_key(|(at, pack)| (pack.version, *at)).map(|(at, _)| at)
    }
}
