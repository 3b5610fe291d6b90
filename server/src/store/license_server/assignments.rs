//! The client assignment table 116 (SL Table 4), with the certificates as they were issued.

use sqlx::any::AnyRow;
use sqlx::{AnyConnection, AssertSqlSafe};
use trybuy_formats::certificates::Serial;
use trybuy_formats::ids::{
    ClientId, Label, PackId, PlatformType, ProductId, SeatLicenseId, Version,
};
use trybuy_formats::instant::Instant;
use trybuy_formats::licensing::product::Product;

use super::packs::OfferingPack;
use super::seats::Seat;
use crate::store::columns::{Columns, number, seconds};
use crate::store::rows::{parts, rows};
use crate::store::{PAGE_LIMIT, Store, StoreError};

/// A license that was assigned to a client.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Assignment {
    /// License ID.
    pub license_id: SeatLicenseId,
    /// License pack ID: the pack of its seat.
    pub pack_id: PackId,
    /// Client ID.
    pub client_id: ClientId,
    /// Issue date.
    pub issued_at: Instant,
    /// When it ends; none for never.
    pub ends_at: Option<Instant>,
    /// The product.
    pub product_id: ProductId,
    /// Its version.
    pub version: Version,
    /// The features that it enables: those of its pack, or of the one that it was last upgraded by.
    pub features: Vec<Label>,
    /// The client's platform type.
    pub platform_type: PlatformType,
    /// The upgrade pack that it was last upgraded by.
    pub upgraded_by: Option<PackId>,
    /// The serial number of its certificate.
    pub certificate_serial: Serial,
    /// Its certificate, in DER.
    pub certificate: Vec<u8>,
    /// Whether the seat was given to somebody else as well, by a restored license server.
    pub granted_twice: bool,
    /// When it was revoked.
    pub revoked_at: Option<Instant>,
}

const INSERT: &str = "INSERT INTO license_assignments (certificate_serial, license_id, pack_id, \
    serial, turn, client_id, issued_at, product_id, version, platform_type, ends_at, upgraded_by, \
    certificate, granted_twice) VALUES ";
/// Declares a query of whole rows.
macro_rules! assignments {
    ($conditions:literal) => {
        assignments!(in "license_assignments", $conditions)
    };
    (in $tables:literal, $conditions:literal) => {
        concat!(
            "SELECT certificate_serial, license_id, pack_id, client_id, issued_at, product_id, \
             version, platform_type, ends_at, upgraded_by, certificate, granted_twice, revoked_at, \
             (SELECT product FROM license_packs WHERE id = COALESCE(upgraded_by, pack_id)) \
             AS pack_product FROM ",
            $tables,
            " ",
            $conditions
        )
    };
}
const HELD: &str = assignments!(
    in "clients CROSS JOIN license_assignments",
    "WHERE client_id = client AND product_id = product AND revoked_at IS NULL"
);
const OF_LICENSE: &str = assignments!("WHERE license_id = $1 ORDER BY granted_twice");
const OF_CLIENT: &str =
    assignments!("WHERE client_id = $1 AND license_id > $2 ORDER BY license_id LIMIT $3");
const OF_PACK: &str = assignments!(
    "WHERE pack_id = $1 AND (serial > $2 OR (serial = $2 AND turn > $3)) AND granted_twice = 0 \
     ORDER BY serial, turn LIMIT $4"
);
const UPGRADED_BY: &str = assignments!(
    "WHERE license_id IN (SELECT license_id FROM license_upgrades WHERE pack_id = $1) \
     AND (license_id > $2 OR (license_id = $2 AND certificate_serial > $3)) \
     ORDER BY license_id, certificate_serial LIMIT $4"
);
const ALL: &str = assignments!(
    "WHERE license_id > $1 OR (license_id = $1 AND certificate_serial > $2) \
     ORDER BY license_id, certificate_serial LIMIT $3"
);
const REPLACE: &str = "UPDATE license_assignments SET certificate_serial = $2, issued_at = $3, \
    version = $4, ends_at = $5, upgraded_by = $6, certificate = $7 WHERE certificate_serial = $1";
const REVOKE: &str = "UPDATE license_assignments SET revoked_at = $2 \
    WHERE certificate_serial = $1 AND revoked_at IS NULL";

/// Which licenses are listed.
#[derive(Clone, Copy, Debug)]
pub enum LicenseQuery {
    /// All of them.
    All,
    /// Those whose seats are of a pack: the join of Tables 3 and 4.
    OfPack(PackId),
    /// Those that an upgrade license of a pack was used for.
    UpgradedBy(PackId),
    /// Those of a client.
    OfClient(ClientId),
}

impl Store {
    /// A page of the assigned licenses, revoked ones among them, after the given one.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn licenses(
        &self,
        of: LicenseQuery,
        after: Option<&Assignment>,
    ) -> Result<Vec<Assignment>, StoreError> {
        let after_id = after.map(|it| it.license_id.to_string()).unwrap_or_default();
        let serial = after.map(|it| it.certificate_serial.to_string()).unwrap_or_default();
        let query = match of {
            LicenseQuery::All => sqlx::query(ALL).bind(after_id).bind(serial),
            LicenseQuery::OfClient(client) => {
                sqlx::query(OF_CLIENT).bind(client.to_string()).bind(after_id)
            }
            LicenseQuery::UpgradedBy(pack) => {
                sqlx::query(UPGRADED_BY).bind(pack.to_string()).bind(after_id).bind(serial)
            }
            LicenseQuery::OfPack(pack) => sqlx::query(OF_PACK)
                .bind(pack.to_string())
                .bind(after.map_or(0, |it| number(it.license_id.serial())))
                .bind(after.map_or(0, |it| i64::from(it.license_id.turn()))),
        };
        let rows = self.fetch_all(query.bind(i64::from(PAGE_LIMIT))).await?;
        rows.iter().map(|row| Assignment::from_columns(Columns(row))).collect()
    }
}

impl Assignment {
    pub(super) fn from_columns(columns: Columns<'_>) -> Result<Self, StoreError> {
        Ok(Self {
            license_id: columns.text("license_id")?,
            pack_id: columns.text("pack_id")?,
            client_id: columns.text("client_id")?,
            issued_at: columns.instant("issued_at")?,
            ends_at: columns.optional_instant("ends_at")?,
            product_id: columns.text("product_id")?,
            version: columns.text("version")?,
            features: columns.json::<Product>("pack_product")?.features,
            platform_type: columns.text("platform_type")?,
            upgraded_by: columns.optional_text("upgraded_by")?,
            certificate_serial: columns.text("certificate_serial")?,
            certificate: columns.bytes("certificate")?,
            granted_twice: columns.number::<i64>("granted_twice")? != 0,
            revoked_at: columns.optional_instant("revoked_at")?,
        })
    }

    /// The pack whose product it is for, and so whose terms it has.
    pub(super) fn product_pack(&self) -> PackId {
        self.upgraded_by.unwrap_or(self.pack_id)
    }

    /// Whether its end has come.
    pub fn has_ended(&self, now: Instant) -> bool {
        self.ends_at.is_some_and(|end| end <= now)
    }

    /// Whether it ends sooner than another one.
    pub(super) fn ends_before(&self, other: &Self) -> bool {
        self.ends_at.is_some_and(|end| other.ends_at.is_none_or(|other| end < other))
    }

    /// Makes it one with the terms of a pack: that of its seat, or of an upgrade.
    pub(super) fn take_terms(&mut self, offered: OfferingPack) {
        let OfferingPack { pack_id, ends_at, product } = offered;
        self.ends_at = ends_at;
        self.version = product.version;
        self.features = product.features;
        self.upgraded_by = Some(pack_id).filter(|by| *by != self.pack_id);
    }

    /// Its seat.
    pub(super) fn seat(&self) -> Seat {
        let (serial, turn) = (self.license_id.serial(), self.license_id.turn());
        Seat { pack: self.pack_id, serial, turn }
    }
}

/// The licenses that clients have for a product each, ended ones among them and revoked ones not.
pub(super) async fn held(
    connection: &mut AnyConnection,
    clients: &[(ClientId, ProductId)],
) -> Result<Vec<Assignment>, StoreError> {
    let rows = of_clients(connection, HELD, clients).await?;
    rows.iter().map(|row| Assignment::from_columns(Columns(row))).collect()
}

/// The rows that a query finds for clients and a product each: it joins the table `clients (client, product)`,
/// from the left with a `CROSS JOIN`, so that SQLite begins with the clients and finds their rows by an index.
pub(super) async fn of_clients(
    connection: &mut AnyConnection,
    query: &'static str,
    clients: &[(ClientId, ProductId)],
) -> Result<Vec<AnyRow>, StoreError> {
    let mut found = Vec::new();
    for clients in parts(clients) {
        let values = rows(clients.len(), 2);
        let statement = format!("WITH clients (client, product) AS (VALUES {values}) {query}");
        let mut query = sqlx::query(AssertSqlSafe(statement));
        for (client, product) in clients {
            query = query.bind(client.to_string()).bind(product.as_str());
        }
        found.extend(query.fetch_all(&mut *connection).await?);
    }
    Ok(found)
}

/// All rows of a license: one, or two where a seat was granted twice.
pub(super) async fn of_license(
    connection: &mut AnyConnection,
    license: SeatLicenseId,
) -> Result<Vec<Assignment>, StoreError> {
    let rows = sqlx::query(OF_LICENSE).bind(license.to_string()).fetch_all(connection).await?;
    rows.iter().map(|row| Assignment::from_columns(Columns(row))).collect()
}

/// Adds rows.
pub(super) async fn insert(
    connection: &mut AnyConnection,
    licenses: &[Assignment],
) -> Result<(), StoreError> {
    for licenses in parts(licenses) {
        let statement = format!("{INSERT}{}", rows(licenses.len(), 14));
        let mut query = sqlx::query(AssertSqlSafe(statement));
        for license in licenses {
            query = query
                .bind(license.certificate_serial.to_string())
                .bind(license.license_id.to_string())
                .bind(license.pack_id.to_string())
                .bind(number(license.license_id.serial()))
                .bind(i64::from(license.license_id.turn()))
                .bind(license.client_id.to_string())
                .bind(license.issued_at.unix())
                .bind(license.product_id.as_str())
                .bind(license.version.to_string())
                .bind(license.platform_type.as_str())
                .bind(seconds(license.ends_at))
                .bind(license.upgraded_by.map(|pack| pack.to_string()))
                .bind(license.certificate.as_slice())
                .bind(i64::from(license.granted_twice));
        }
        query.execute(&mut *connection).await?;
    }
    Ok(())
}

/// Puts a license that was upgraded (SL Fig. 8, step 248), or signed anew, in the place of the one it was.
pub(super) async fn replace(
    connection: &mut AnyConnection,
    old: &Serial,
    row: &Assignment,
) -> Result<(), StoreError> {
    sqlx::query(REPLACE)
        .bind(old.to_string())
        .bind(row.certificate_serial.to_string())
        .bind(row.issued_at.unix())
        .bind(row.version.to_string())
        .bind(seconds(row.ends_at))
        .bind(row.upgraded_by.map(|pack| pack.to_string()))
        .bind(row.certificate.as_slice())
        .execute(connection)
        .await?;
    Ok(())
}

/// Marks a license as revoked.
pub(super) async fn revoke(
    connection: &mut AnyConnection,
    serial: &Serial,
    now: Instant,
) -> Result<(), StoreError> {
    sqlx::query(REVOKE).bind(serial.to_string()).bind(now.unix()).execute(connection).await?;
    Ok(())
}
