//! Temporary licenses: one for each client and product, ever (SL, "Temporary Licenses").

use sqlx::AnyConnection;
use trybuy_formats::certificates::Serial;
use trybuy_formats::ids::{ClientId, Label, PlatformType, ProductId, SeatLicenseId, Version};
use trybuy_formats::instant::Instant;

use crate::store::StoreError;
use crate::store::columns::{Columns, json};

/// A temporary license.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TemporaryLicense {
    /// Its id.
    pub license_id: SeatLicenseId,
    /// Whose it is.
    pub client_id: ClientId,
    /// When it was issued.
    pub issued_at: Instant,
    /// When it ends.
    pub ends_at: Instant,
    /// The product.
    pub product_id: ProductId,
    /// Its version.
    pub version: Version,
    /// The features that it enables.
    pub features: Vec<Label>,
    /// The client's platform type.
    pub platform_type: PlatformType,
    /// The serial number of its certificate.
    pub certificate_serial: Serial,
    /// Its certificate, in DER.
    pub certificate: Vec<u8>,
}

const INSERT: &str = "INSERT INTO temporary_licenses (client_id, product_id, license_id, \
    platform_type, version, features, issued_at, ends_at, certificate_serial, certificate) \
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT (client_id, product_id) DO NOTHING";
const REPLACE: &str = "UPDATE temporary_licenses SET issued_at = $3, ends_at = $4, \
    certificate_serial = $5, certificate = $6 WHERE client_id = $1 AND product_id = $2";
/// Declares a query of whole rows.
macro_rules! temporary {
    ($conditions:literal) => {
        concat!(
            "SELECT client_id, product_id, license_id, platform_type, version, features, issued_at, \
             ends_at, certificate_serial, certificate FROM temporary_licenses ",
            $conditions
        )
    };
}
const ONE: &str = temporary!("WHERE client_id = $1 AND product_id = $2");
const OF_LICENSE: &str = temporary!("WHERE license_id = $1");

impl TemporaryLicense {
    pub(super) fn from_columns(columns: Columns<'_>) -> Result<Self, StoreError> {
        Ok(Self {
            license_id: columns.text("license_id")?,
            client_id: columns.text("client_id")?,
            issued_at: columns.instant("issued_at")?,
            ends_at: columns.instant("ends_at")?,
            product_id: columns.text("product_id")?,
            version: columns.text("version")?,
            features: columns.json("features")?,
            platform_type: columns.text("platform_type")?,
            certificate_serial: columns.text("certificate_serial")?,
            certificate: columns.bytes("certificate")?,
        })
    }
}

/// The one that a client had for a product.
pub(super) async fn of_client(
    connection: &mut AnyConnection,
    client: ClientId,
    product: &ProductId,
) -> Result<Option<TemporaryLicense>, StoreError> {
    let row = sqlx::query(ONE)
        .bind(client.to_string())
        .bind(product.as_str())
        .fetch_optional(connection)
        .await?;
    row.map(|row| TemporaryLicense::from_columns(Columns(&row))).transpose()
}

/// The one with that id.
pub(super) async fn of_license(
    connection: &mut AnyConnection,
    license: SeatLicenseId,
) -> Result<Option<TemporaryLicense>, StoreError> {
    let row = sqlx::query(OF_LICENSE).bind(license.to_string()).fetch_optional(connection).await?;
    row.map(|row| TemporaryLicense::from_columns(Columns(&row))).transpose()
}

/// Adds one. Answers whether it is the first of its client and product.
pub(super) async fn insert(
    connection: &mut AnyConnection,
    license: &TemporaryLicense,
) -> Result<bool, StoreError> {
    let inserted = sqlx::query(INSERT)
        .bind(license.client_id.to_string())
        .bind(license.product_id.as_str())
        .bind(license.license_id.to_string())
        .bind(license.platform_type.as_str())
        .bind(license.version.to_string())
        .bind(json(&license.features))
        .bind(license.issued_at.unix())
        .bind(license.ends_at.unix())
        .bind(license.certificate_serial.to_string())
        .bind(license.certificate.as_slice())
        .execute(connection)
        .await?;
    Ok(inserted.rows_affected() == 1)
}

/// Puts one that was signed anew in its own place.
pub(super) async fn replace(
    connection: &mut AnyConnection,
    license: &TemporaryLicense,
) -> Result<(), StoreError> {
    sqlx::query(REPLACE)
        .bind(license.client_id.to_string())
        .bind(license.product_id.as_str())
        .bind(license.issued_at.unix())
        .bind(license.ends_at.unix())
        .bind(license.certificate_serial.to_string())
        .bind(license.certificate.as_slice())
        .execute(connection)
        .await?;
    Ok(())
}
