//! What the store holds for a client that has no license which fits.

use sqlx::AnyConnection;
use trybuy_formats::licensing::product::enable_all;

use super::QueuedLicense;
use crate::store::StoreError;
use crate::store::license_server::assignments::Assignment;
use crate::store::license_server::cases::{
    HadTemporary, PresentedLicense, Standing, Upgradable, WantedLicense, Way,
};
use crate::store::license_server::chain::Chain;
use crate::store::license_server::decisions::DecisionReason;
use crate::store::license_server::group::Group;
use crate::store::license_server::license_certificates;
use crate::store::license_server::packs::{self, OfferingPack, PackChoice};
use crate::store::license_server::temporary::{self, TemporaryLicense};

impl QueuedLicense {
    /// What the store holds for the client, looked up only as far as it is needed.
    pub(super) async fn standing(
        &self,
        connection: &mut AnyConnection,
        chain: &Chain<'_>,
        group: &mut Group,
        held: &[Assignment],
    ) -> Result<Standing, StoreError> {
        let case = &self.case;
        let mut standing = Standing {
            only_upgrade: case.way == Way::Upgrade,
            barred: group.is_barred(&case.wanted),
            restored: chain.head().restored,
            upgrade: None,
            seat: None,
            upgraded_seat: None,
            temporary: None,
            bought: None,
        };
        if standing.barred {
            return Ok(standing);
        }
        if !standing.restored {
            standing.upgrade = self.free_upgrade(connection, held).await?;
            if standing.upgrade.is_none() && !standing.only_upgrade {
                let choice = PackChoice::of(&case.wanted);
                standing.seat = group.choose_pack(connection, choice.clone()).await?;
                if standing.seat.is_none() {
                    standing.upgraded_seat =
                        group.choose_upgraded_seat(connection, &choice).await?;
                }
            }
        }
        let has_any = standing.upgrade.is_some()
            || standing.seat.is_some()
            || standing.upgraded_seat.is_some();
        if !has_any {
            let WantedLicense { client_id, product_id, .. } = &case.wanted;
            let had = temporary::of_client(connection, *client_id, product_id).await?;
            if let Some(had) = had {
                standing.temporary = Some(self.had_temporary(connection, had).await?);
            } else {
                let bought = packs::bought(connection, &PackChoice::of(&case.wanted)).await?;
                standing.bought = bought.map(|product| product.features);
            }
        }
        Ok(standing)
    }

    /// Of the client's licenses the first for which an upgrade license is free that does not end sooner, and the pack of
    /// that; for want of one, the one whose upgrade license ends last.
    async fn free_upgrade(
        &self,
        connection: &mut AnyConnection,
        held: &[Assignment],
    ) -> Result<Option<(Box<Assignment>, OfferingPack)>, StoreError> {
        let Self { granting, case } = self;
        let presented = case.to_be_upgraded();
        let is_held = |it: &PresentedLicense| {
            held.iter().any(|license| license.certificate_serial == it.certificate_serial)
        };
        // One that was replaced since upgrades nothing: who sends the request may have seen it once, and repeat it.
        if presented.is_some_and(|presented| !is_held(presented)) {
            return Ok(None);
        }
        let presented = presented.map(|presented| presented.license.license_id);
        let mut upgrades = Vec::new();
        for Upgradable { license, wanted } in granting.upgradable(&case.wanted, held, presented) {
            let (choice, version) = (PackChoice::of(&wanted), &license.version);
            let packs = packs::with_free_upgrades(connection, &choice, version).await?;
            upgrades.extend(packs.map(|pack| (license, pack)));
        }
        let best =
            upgrades.into_iter().min_by_key(|(license, pack)| pack.shortens(license.ends_at));
        Ok(best.map(|(license, pack)| (Box::new(license.clone()), pack)))
    }

    /// Whether the one temporary license of the client can be issued again.
    async fn had_temporary(
        &self,
        connection: &mut AnyConnection,
        license: TemporaryLicense,
    ) -> Result<HadTemporary, StoreError> {
        let wanted = &self.case.wanted;
        Ok(if license.ends_at <= wanted.now {
            HadTemporary::Over(DecisionReason::TemporaryEnded)
        } else if license.platform_type != wanted.platform_type
            || license.version.precedes(&wanted.version)
            || !enable_all(&license.features, &wanted.features)
        {
            HadTemporary::Over(DecisionReason::NoFreeLicense)
        } else if license_certificates::is_revoked(connection, &license.certificate_serial).await? {
            HadTemporary::Over(DecisionReason::TemporaryRevoked)
        } else {
            HadTemporary::Good(Box::new(license))
        })
    }
}
