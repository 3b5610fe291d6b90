//! Installing a pack (SL Fig. 4, steps 168 and 170).

use sqlx::AnyConnection;
use trybuy_formats::ids::PackId;
use trybuy_formats::instant::Instant;
use trybuy_formats::keys::LicenseServerSecret;
use trybuy_formats::licensing::pack::LicensePack;
use trybuy_formats::licensing::product::LicenseType;

use super::{FULL, UPGRADE};
use crate::store::columns::json;
use crate::store::license_server::chain::{Chain, Chained, ChainedOperation};
use crate::store::license_server::decisions::{
    DecisionOutcome, DecisionReason, LicenseDecision, PackReason,
};
use crate::store::license_server::{NEVER, orders, seats};
use crate::store::version_order::precedence_key;
use crate::store::{Store, StoreError};

const INSERT: &str = "INSERT INTO license_packs (id, quantity, assigned, first_active_at, ends_at, \
    product_id, platform_type, kind, version_key, from_key, issued_at, installed_at, product, pack, \
    order_id) VALUES ($1, $2, 0, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) \
    ON CONFLICT (id) DO NOTHING";

/// How an installation ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PackInstallation {
    /// The pack is installed.
    Installed,
    /// It was installed before.
    Again,
    /// Another pack of its order was installed before: the clearinghouse issued two, as one that was restored from a
    /// backup does.
    OfSameOrder(PackId),
}

impl PackInstallation {
    /// Why the pack was refused, if it was.
    fn reason(self) -> Option<PackReason> {
        match self {
            Self::Installed => None,
            Self::Again => Some(PackReason::PackInstalled),
            Self::OfSameOrder(_) => Some(PackReason::OrderInstalled),
        }
    }
}

impl Store {
    /// Installs a pack (SL Fig. 4, steps 168 and 170), once, and one for each order. There is a record in all cases.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn install_pack(
        &self,
        secret: &LicenseServerSecret,
        pack: &LicensePack,
        now: Instant,
    ) -> Result<PackInstallation, StoreError> {
        self.write(&Chained { secret, operation: &Install { pack, now } }).await
    }
}

struct Install<'a> {
    pack: &'a LicensePack,
    now: Instant,
}

impl ChainedOperation for Install<'_> {
    type Answer = PackInstallation;

    async fn run(
        &self,
        connection: &mut AnyConnection,
        chain: &mut Chain<'_>,
    ) -> Result<PackInstallation, StoreError> {
        let Self { pack, now } = *self;
        let installation = match orders::pack(connection, pack.order_id).await? {
            Some(installed) if installed != pack.pack_id => {
                PackInstallation::OfSameOrder(installed)
            }
            _ if insert(connection, pack, now).await? => PackInstallation::Installed,
            _ => PackInstallation::Again,
        };
        if let Some(reason) = installation.reason() {
            chain.append(LicenseDecision {
                reason: Some(DecisionReason::Pack(reason)),
                ..LicenseDecision::about_pack(DecisionOutcome::PackRefused, pack, now)
            });
            return Ok(installation);
        }
        let last = pack.begin_serial + u64::from(pack.quantity) - 1;
        seats::add(connection, pack.pack_id, pack.begin_serial, last, 0).await?;
        chain.append(LicenseDecision::about_pack(DecisionOutcome::PackInstalled, pack, now));
        Ok(installation)
    }
}

async fn insert(
    connection: &mut AnyConnection,
    pack: &LicensePack,
    now: Instant,
) -> Result<bool, StoreError> {
    let product = &pack.product;
    let (kind, from) = match &product.license_type {
        LicenseType::Full => (FULL, String::new()),
        LicenseType::Upgrade { from } => (UPGRADE, precedence_key(from)),
    };
    let inserted = sqlx::query(INSERT)
        .bind(pack.pack_id.to_string())
        .bind(i64::from(pack.quantity))
        .bind(pack.first_active_at.unix())
        .bind(pack.ends_at.map_or(NEVER, Instant::unix))
        .bind(product.product_id.as_str())
        .bind(product.platform_type.as_str())
        .bind(kind)
        .bind(precedence_key(&product.version))
        .bind(from)
        .bind(pack.issued_at.unix())
        .bind(now.unix())
        .bind(json(product))
        .bind(json(pack))
        .bind(pack.order_id.to_string())
        .execute(connection)
        .await?;
    Ok(inserted.rows_affected() == 1)
}
