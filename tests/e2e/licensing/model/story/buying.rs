//! Orders, and the packs that come of them.

use anyhow::{Result, ensure};
use chrono::Days;

use trybuy_formats::ids::PlatformType;
use trybuy_tests::command::Outcome;
use trybuy_tests::company::{Company, Order};

use super::Story;
use crate::licensing::model::rules::{Day, Features, Major, NEVER, PLATFORMS, Pack};

/// Versions that there are.
const VERSIONS: [Major; 3] = [1, 2, 3];
/// The oldest version that is upgraded.
const OLDEST: &str = "1.0.0";
/// The platforms that packs are bought for: most clients do not run on Windows.
const BOUGHT: [PlatformType; 3] =
    [PlatformType::Windows, PlatformType::NonWindows, PlatformType::NonWindows];
/// When a pack begins, and when one ends, if not never.
const BEGINS: Day = 20;
const ENDS: Day = 50;

/// What can be ordered: each of it with all features, or some.
#[derive(Clone, Copy)]
pub(super) struct Offer {
    platform: PlatformType,
    version: Major,
    is_upgrade: bool,
}

impl Offer {
    /// Lets an order of so many licenses be written.
    fn order<T>(self, features: Features, quantity: u32, write: impl FnOnce(&Order<'_>) -> T) -> T {
        let (version, features) = (format!("{}.0.0", self.version), features.names());
        let upgrade_from = self.is_upgrade.then_some(OLDEST);
        let platform_type = self.platform.as_str();
        let order = Order::of(&version, quantity);
        write(&Order { platform_type, upgrade_from, features: &features, ..order })
    }
}

/// Full licenses of each version, and upgrades to all but the first.
fn offers(platform: PlatformType) -> Vec<Offer> {
    let of = |version| [false, true].map(|is_upgrade| Offer { platform, version, is_upgrade });
    VERSIONS.into_iter().flat_map(of).filter(|it| !it.is_upgrade || it.version > 1).collect()
}

/// The clearinghouse offers all that there is.
pub(super) fn offer_all(company: &Company) -> Result<()> {
    let offer = |it: Offer| it.order(Features::FULL, 1, |order| company.offer(order));
    PLATFORMS.into_iter().flat_map(offers).try_for_each(offer)
}

impl Story {
    /// A pack of one or two licenses: full or upgrade ones, for some days or for ever.
    pub(super) fn buy(&mut self) -> Result<()> {
        let platform = self.random.one_of(&BOUGHT);
        let offer = self.random.one_of(&offers(platform));
        let features = self.random.one_of(&Features::ALL);
        let quantity = 1 + u32::try_from(self.random.below(2))?;
        let starts = self.random.one_of(&[0, 0, 0, BEGINS]);
        let ends = self.random.one_of(&[NEVER, NEVER, ENDS]);
        let from = offer.is_upgrade.then_some(1);
        let version = offer.version;
        let pack = Pack { platform, version, features, from, quantity, starts, ends };
        self.order(&pack)?;
        if self.random.below(4) == 0 {
            // The pack is lost, or comes after others.
            return Ok(());
        }
        self.deliver(self.orders.len() - 1)
    }

    /// A pack is ordered and paid.
    pub(super) fn order(&mut self, pack: &Pack) -> Result<()> {
        let Pack { platform, version, features, from, quantity, starts, ends } = *pack;
        let date = |day: Day| (self.began + Days::new(u64::from(day))).to_string();
        let first_active = (starts > 0).then(|| date(starts));
        let end = (ends != NEVER).then(|| date(ends));
        let (first_active, end) = (first_active.as_deref(), end.as_deref());
        let offer = Offer { platform, version, is_upgrade: from.is_some() };
        let agree = |order: &Order<'_>| self.company.agree(order, first_active, end);
        let order = offer.order(features, quantity, agree)?;
        if self.random.below(3) == 0 {
            self.order_again(&order)?;
        }
        self.company.pay(&order, quantity)?;
        if self.random.below(3) == 0 {
            self.pay_again(&order, quantity)?;
        }
        self.rules.packs.push(*pack);
        self.orders.push(order);
        // It orders by the right clock, whatever the license server's says.
        self.rules.store.orders.push((self.orders.len() - 1, 0));
        Ok(())
    }

    /// An order that comes twice is placed once.
    fn order_again(&self, order: &str) -> Result<()> {
        let file = self.company.path("order").display().to_string();
        let again = self.company.clearing(&["order", "import", &file])?.stdout;
        ensure!(again.trim() == order, "the order {order} was placed again as {again}");
        Ok(())
    }

    /// A fee that is recorded twice under one reference was paid once.
    fn pay_again(&self, order: &str, quantity: u32) -> Result<()> {
        self.company.pay(order, quantity)?;
        let shown = self.company.clearing(&["order", "show", order, "--json"])?.json()?;
        ensure!(shown["overpaid"] == 0, "a fee counts twice: {shown}");
        Ok(())
    }

    /// A pack that was lost, comes late, or comes again: it is installed once.
    pub(super) fn deliver_any(&mut self) -> Result<()> {
        if self.orders.is_empty() {
            return Ok(());
        }
        let pack = self.random.below(self.orders.len());
        self.deliver(pack)?;
        if self.random.below(2) == 0 { self.deliver(pack) } else { Ok(()) }
    }

    /// A pack comes by the network, or as a file.
    pub(super) fn deliver(&mut self, pack: usize) -> Result<()> {
        let order = &self.orders[pack];
        let delivered = match self.random.below(2) {
            0 => self.company.license_server.run(["license-server", "pack", "fetch", order])?,
            _ => self.carry(order)?,
        };
        match self.rules.install(pack, self.day) {
            Ok(()) => delivered.success()?,
            Err(reason) => delivered.refused(1, reason.slug().as_str())?,
        };
        Ok(())
    }

    /// The file of a pack is written once, and installed whenever it comes.
    fn carry(&self, order: &str) -> Result<Outcome> {
        let file = self.company.path(&format!("{order}.pack"));
        let path = file.display().to_string();
        if !file.exists() {
            self.company.clearing(&["pack", "export", order, &path])?;
        }
        self.company.license_server.run(["license-server", "pack", "install", &path])
    }
}
