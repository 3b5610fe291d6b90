//! The license pack table (SL Table 3).

mod installation;

use std::cmp::Reverse;

use sqlx::AnyConnection;
use trybuy_formats::ids::{Label, PackId, PlatformType, ProductId, Version};
use trybuy_formats::instant::{Instant, Span};
use trybuy_formats::licensing::pack::LicensePack;
use trybuy_formats::licensing::product::{LicenseType, Product, enable_all};

use super::cases::{UpgradedSeat, WantedLicense};
use super::{NEVER, orders};
use crate::store::columns::{Columns, number};
use crate::store::version_order::precedence_key;
use crate::store::{PAGE_LIMIT, Store, StoreError};

pub use installation::PackInstallation;

/// A pack as it is installed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct InstalledPack {
    /// What the clearinghouse issued.
    pub pack: LicensePack,
    /// Number assigned: how many of its licenses clients have.
    pub assigned: u32,
    /// When it was installed.
    pub installed_at: Instant,
}

impl InstalledPack {
    /// How many of its licenses nobody has, whether or not it has ended.
    pub fn free(&self) -> u32 {
        self.pack.quantity.saturating_sub(self.assigned)
    }
}

/// What a license of a pack is issued by: the pack, its end and its product-specific attributes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct OfferingPack {
    /// The pack.
    pub pack_id: PackId,
    /// When its licenses end; none for never.
    pub ends_at: Option<Instant>,
    /// Its product.
    pub product: Product,
}

impl OfferingPack {
    /// When its licenses end; the last instant there is for never.
    pub(super) fn end(&self) -> Instant {
        self.ends_at.unwrap_or_else(Instant::last)
    }

    /// How much an upgrade of this pack takes away of what ends then: nothing, if it ends no earlier, else the less, the
    /// later it ends.
    pub(super) fn shortens(&self, end: Option<Instant>) -> Option<Reverse<Instant>> {
        let end = end.unwrap_or_else(Instant::last);
        (self.end() < end).then_some(Reverse(self.end()))
    }
}

/// What a pack is looked for.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) struct PackChoice {
    product: ProductId,
    platform: PlatformType,
    version: Version,
    features: Vec<Label>,
    now: Instant,
}

impl PackChoice {
    /// A pack for what is wanted.
    pub(super) fn of(wanted: &WantedLicense) -> Self {
        Self {
            product: wanted.product_id.clone(),
            platform: wanted.platform_type,
            version: wanted.version.clone(),
            features: wanted.features.clone(),
            now: wanted.now,
        }
    }

    /// Whether a product does.
    fn is_met_by(&self, product: &Product) -> bool {
        product.product_id == self.product
            && product.platform_type == self.platform
            && !product.version.precedes(&self.version)
            && enable_all(&product.features, &self.features)
    }
}

/// How long a pack that is over, or an order, is still one that a temporary license bridges the time for: as long as such
/// a license lasts in the source.
const LATELY: Span = Span::seconds(60 * 86_400);
/// The kinds of packs.
const FULL: &str = "full";
const UPGRADE: &str = "upgrade";

const LIST: &str = "SELECT pack, assigned, installed_at FROM license_packs \
    WHERE id > $1 ORDER BY id LIMIT $2";
const ONE: &str = "SELECT pack, assigned, installed_at FROM license_packs WHERE id = $1";
const IS_THERE: &str = "SELECT id FROM license_packs WHERE id = $1";
/// The packs of a kind with free licenses: the lowest version first, then the soonest to end, then the oldest. Upgrade
/// packs for a license of the version $6.
const FREE: &str = "SELECT id AS pack_id, ends_at, product FROM license_packs \
    WHERE product_id = $1 AND platform_type = $2 AND kind = $3 AND version_key >= $4 \
    AND first_active_at <= $5 AND ends_at > $5 AND assigned < quantity AND from_key <= $6 \
    ORDER BY version_key, ends_at, issued_at, id";
/// Of all packs, free or not, active or not yet, those that were not over before an instant.
const BOUGHT: &str = "SELECT id AS pack_id, ends_at, product FROM license_packs \
    WHERE product_id = $1 AND platform_type = $2 AND ends_at > $3 \
    ORDER BY version_key, ends_at, issued_at, id";
const ASSIGN: &str = "UPDATE license_packs SET assigned = assigned + $2 \
    WHERE id = $1 AND assigned + $2 <= quantity";
const UNASSIGN: &str = "UPDATE license_packs SET assigned = assigned - 1 WHERE id = $1";

impl Store {
    /// A page of the packs, in the order of their ids, which is that of their making.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn license_packs(
        &self,
        after: Option<PackId>,
    ) -> Result<Vec<InstalledPack>, StoreError> {
        let after = after.map(|id| id.to_string()).unwrap_or_default();
        let query = sqlx::query(LIST).bind(after).bind(i64::from(PAGE_LIMIT));
        let rows = self.fetch_all(query).await?;
        rows.iter().map(|row| installed(Columns(row))).collect()
    }

    /// A pack.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn license_pack(&self, id: PackId) -> Result<Option<InstalledPack>, StoreError> {
        let row = self.fetch_optional(sqlx::query(ONE).bind(id.to_string())).await?;
        row.map(|row| installed(Columns(&row))).transpose()
    }
}

fn installed(columns: Columns<'_>) -> Result<InstalledPack, StoreError> {
    Ok(InstalledPack {
        pack: columns.json("pack")?,
        assigned: columns.number("assigned")?,
        installed_at: columns.instant("installed_at")?,
    })
}

/// The pack that the next license is allocated from.
pub(super) async fn with_free_seats(
    connection: &mut AnyConnection,
    choice: &PackChoice,
) -> Result<Option<OfferingPack>, StoreError> {
    let packs = free(connection, FULL, choice, &precedence_key(&choice.version), "").await?;
    Ok(least_first(&choice.features, packs).next())
}

/// The upgrade packs that a license of a version can be upgraded by.
pub(super) async fn with_free_upgrades(
    connection: &mut AnyConnection,
    choice: &PackChoice,
    held: &Version,
) -> Result<impl Iterator<Item = OfferingPack> + use<>, StoreError> {
    let (least, held) = (precedence_key(&choice.version), precedence_key(held));
    let packs = free(connection, UPGRADE, choice, &least, &held).await?;
    Ok(least_first(&choice.features, packs))
}

/// The pack with a free license, and the one that it is upgraded by: the first upgrade pack for whose licenses there are
/// any that end no later, and of those the least; for want of one, the upgrade pack that ends last.
pub(super) async fn with_upgraded_seat(
    connection: &mut AnyConnection,
    choice: &PackChoice,
) -> Result<Option<UpgradedSeat>, StoreError> {
    let seats = free(connection, FULL, choice, "", "").await?;
    let Some(newest) = seats.last() else { return Ok(None) };
    let upgrades = with_free_upgrades(connection, choice, &newest.product.version).await?;
    let (upgrades, seats): (Vec<_>, Vec<_>) =
        (upgrades.collect(), least_first(&[], seats).collect());
    let pairs = upgrades.iter().flat_map(|upgrade| seats.iter().map(move |seat| (seat, upgrade)));
    let best = pairs
        .filter(|(seat, upgrade)| upgrades_to(&seat.product, &upgrade.product))
        .min_by_key(|(seat, upgrade)| upgrade.shortens(seat.ends_at));
    Ok(best.map(|(seat, upgrade)| UpgradedSeat { seat: seat.clone(), upgrade: upgrade.clone() }))
}

/// Whether full licenses become newer ones, or ones of the same version, by an upgrade.
fn upgrades_to(full: &Product, upgrade: &Product) -> bool {
    let LicenseType::Upgrade { from } = &upgrade.license_type else { return false };
    !full.version.precedes(from) && !upgrade.version.precedes(&full.version)
}

/// What was bought that would do, whether it is free or not: a pack that is not over, or was not over lately, or else an
/// order that was placed lately; full licenses first, and upgrades only where there is something to upgrade.
pub(super) async fn bought(
    connection: &mut AnyConnection,
    choice: &PackChoice,
) -> Result<Option<Product>, StoreError> {
    let since = choice.now.minus(LATELY);
    let rows = sqlx::query(BOUGHT)
        .bind(choice.product.as_str())
        .bind(choice.platform.as_str())
        .bind(since.unix())
        .fetch_all(&mut *connection)
        .await?;
    let packs = rows.iter().map(|row| offering(Columns(row))).collect::<Result<_, _>>()?;
    let packs = least_first(&[], packs).map(|pack| pack.product);
    let mut bought: Vec<_> = packs.collect();
    bought.extend(orders::placed(connection, &choice.product, choice.platform, since).await?);
    let (full, upgrades): (Vec<_>, Vec<_>) =
        bought.into_iter().partition(|product| product.license_type == LicenseType::Full);
    let is_usable = |upgrade: &Product| full.iter().any(|full| upgrades_to(full, upgrade));
    let usable = upgrades.iter().filter(|upgrade| is_usable(upgrade));
    Ok(full.iter().chain(usable).find(|product| choice.is_met_by(product)).cloned())
}

/// The packs of a kind with free licenses, from the version with a key on; upgrade packs for licenses of the version with
/// another key.
async fn free(
    connection: &mut AnyConnection,
    kind: &'static str,
    choice: &PackChoice,
    least_key: &str,
    held_key: &str,
) -> Result<Vec<OfferingPack>, StoreError> {
    let rows = sqlx::query(FREE)
        .bind(choice.product.as_str())
        .bind(choice.platform.as_str())
        .bind(kind)
        .bind(least_key)
        .bind(choice.now.unix())
        .bind(held_key)
        .fetch_all(connection)
        .await?;
    rows.iter().map(|row| offering(Columns(row))).collect()
}

/// Of packs in their order those with these features, and of one version first those with the fewest, which leaves the
/// others to those who need them.
fn least_first(
    features: &[Label],
    mut packs: Vec<OfferingPack>,
) -> impl Iterator<Item = OfferingPack> + use<> {
    packs.retain(|pack| enable_all(&pack.product.features, features));
    packs.sort_by_cached_key(|OfferingPack { product, .. }| {
        (precedence_key(&product.version), product.features.len())
    });
    packs.into_iter()
}

pub(super) fn offering(columns: Columns<'_>) -> Result<OfferingPack, StoreError> {
    let ends_at: i64 = columns.number("ends_at")?;
    let ends_at = (ends_at != NEVER).then(|| columns.instant("ends_at")).transpose()?;
    Ok(OfferingPack {
        pack_id: columns.text("pack_id")?,
        ends_at,
        product: columns.json("product")?,
    })
}

/// Whether a pack is installed.
pub(super) async fn is_installed(
    connection: &mut AnyConnection,
    pack: PackId,
) -> Result<bool, StoreError> {
    let row = sqlx::query(IS_THERE).bind(pack.to_string()).fetch_optional(connection).await?;
    Ok(row.is_some())
}

/// Counts more assigned licenses. Answers whether there were as many free ones.
pub(super) async fn assign(
    connection: &mut AnyConnection,
    pack: PackId,
    licenses: u64,
) -> Result<bool, StoreError> {
    let query = sqlx::query(ASSIGN).bind(pack.to_string()).bind(number(licenses));
    let assigned = query.execute(connection).await?;
    Ok(assigned.rows_affected() == 1)
}

/// Counts one assigned license less.
pub(super) async fn unassign(
    connection: &mut AnyConnection,
    pack: PackId,
) -> Result<(), StoreError> {
    sqlx::query(UNASSIGN).bind(pack.to_string()).execute(connection).await?;
    Ok(())
}
