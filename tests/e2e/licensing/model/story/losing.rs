//! What a restored backup has lost, and seldom would by chance.

use anyhow::Result;

use super::{CLIENTS, Story};
use crate::licensing::model::rules::{Features, Major, NEVER, Pack, Wish, platform_of};

/// The version of a license before its upgrades, and after them.
const BEFORE: Major = 1;
const AFTER: Major = 2;

impl Story {
    /// A license is upgraded, and then only gets more features; of the second upgrade the backup that is restored knows
    /// nothing.
    pub(super) fn lose_upgrade(&mut self) -> Result<()> {
        let client = self.random.below(CLIENTS);
        let some = self.random.one_of(&Features::SOME);
        let upgrades = [some, Features::FULL];
        let pack = Pack {
            platform: platform_of(client),
            version: BEFORE,
            features: Features::NONE,
            from: None,
            quantity: 1,
            starts: 0,
            ends: NEVER,
        };
        self.stock(&pack)?;
        for features in upgrades {
            self.stock(&Pack { version: AFTER, from: Some(BEFORE), features, ..pack })?;
        }
        self.want(client, BEFORE, Features::NONE)?;
        self.want(client, AFTER, some)?;
        self.back_up()?;
        self.want(client, AFTER, Features::FULL)?;
        let front = self.random.below(self.fronts.len());
        self.connect(client, front)?;
        self.restore(self.backups.len() - 1)
    }

    /// A pack is bought and installed.
    fn stock(&mut self, pack: &Pack) -> Result<()> {
        self.order(pack)?;
        self.deliver(self.orders.len() - 1)
    }

    /// A client asks for what it wants, and shows its last license.
    fn want(&mut self, client: usize, version: Major, features: Features) -> Result<()> {
        let presented = self.machines[client].licenses.last().copied();
        self.ask(&[Wish { client, version, features, presented, only_upgrade: false }], None)
    }
}
