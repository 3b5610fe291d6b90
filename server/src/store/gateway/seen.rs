//! Licenses that clients have presented to a gateway.

use trybuy_formats::certificates::Certificate;
use trybuy_formats::ids::SeatLicenseId;
use trybuy_formats::instant::Instant;

use crate::store::columns::Columns;
use crate::store::{Store, StoreError};

/// A license that a client has presented.
#[derive(Clone)]
pub struct SeenLicense {
    /// Its id.
    pub license_id: SeatLicenseId,
    /// Its certificate.
    pub certificate: Certificate,
    /// When it was issued.
    pub issued_at: Instant,
}

/// A license that was issued anew replaces its older certificate.
const NOTE: &str = "INSERT INTO gateway_seen_licenses (license_id, certificate, issued_at) \
    VALUES ($1, $2, $3) ON CONFLICT (license_id) \
    DO UPDATE SET certificate = excluded.certificate, issued_at = excluded.issued_at";
const PAGE: &str = "SELECT license_id, certificate, issued_at FROM gateway_seen_licenses \
    WHERE license_id > $1 ORDER BY license_id LIMIT $2";
const FORGET: &str = "DELETE FROM gateway_seen_licenses WHERE issued_at < $1";

impl Store {
    /// Keeps a license.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn note_seen_license(&self, seen: &SeenLicense) -> Result<(), StoreError> {
        let query = sqlx::query(NOTE)
            .bind(seen.license_id.to_string())
            .bind(seen.certificate.der().to_vec())
            .bind(seen.issued_at.unix());
        self.execute(query).await?;
        Ok(())
    }

    /// A page of them, by their ids.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn seen_licenses(
        &self,
        after: Option<SeatLicenseId>,
        limit: u32,
    ) -> Result<Vec<SeenLicense>, StoreError> {
        let query = sqlx::query(PAGE)
            .bind(after.map_or_else(String::new, |id| id.to_string()))
            .bind(i64::from(limit));
        let rows = self.fetch_all(query).await?;
        rows.iter().map(|row| seen(Columns(row))).collect()
    }

    /// Forgets those that were issued before an instant.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn forget_seen_licenses(&self, before: Instant) -> Result<(), StoreError> {
        self.execute(sqlx::query(FORGET).bind(before.unix())).await?;
        Ok(())
    }
}

fn seen(columns: Columns<'_>) -> Result<SeenLicense, StoreError> {
    let certificate = Certificate::from_der(&columns.bytes("certificate")?);
    Ok(SeenLicense {
        license_id: columns.text("license_id")?,
        certificate: certificate.map_err(|_| StoreError::Corrupt { column: "certificate" })?,
        issued_at: columns.instant("issued_at")?,
    })
}
