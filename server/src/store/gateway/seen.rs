//! Licenses that clients have presented to a gateway.

use trybuy_formats::certificates::Certificate;
use trybuy_formats::instant::Instant;

use crate::store::columns::Columns;
use crate::store::{Store, StoreError};

/// A license that a client has presented.
#[derive(Clone)]
pub struct SeenLicense {
    /// What it is kept by: the serial number of its certificate. Some that were kept by an earlier version have their id
    /// there.
    pub serial: String,
    /// Its certificate.
    pub certificate: Certificate,
    /// When it was issued.
    pub issued_at: Instant,
}

const NOTE: &str = "INSERT INTO gateway_seen_licenses (serial, certificate, issued_at) \
    VALUES ($1, $2, $3) ON CONFLICT (serial) DO NOTHING";
const PAGE: &str = "SELECT serial, certificate, issued_at FROM gateway_seen_licenses \
    WHERE (issued_at, serial) > ($1, $2) ORDER BY issued_at, serial LIMIT $3";
const FORGET: &str = "DELETE FROM gateway_seen_licenses WHERE issued_at < $1";

impl Store {
    /// Keeps a license, each of its certificates by itself.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn note_seen_license(&self, seen: &SeenLicense) -> Result<(), StoreError> {
        let query = sqlx::query(NOTE)
            .bind(seen.serial.as_str())
            .bind(seen.certificate.der().to_vec())
            .bind(seen.issued_at.unix());
        self.execute(query).await?;
        Ok(())
    }

    /// A page of them after the given one, in the order in which they were issued: what a license became comes after it.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn seen_licenses(
        &self,
        after: Option<&SeenLicense>,
        limit: u32,
    ) -> Result<Vec<SeenLicense>, StoreError> {
        let query = sqlx::query(PAGE)
            .bind(after.map_or(i64::MIN, |seen| seen.issued_at.unix()))
            .bind(after.map_or("", |seen| seen.serial.as_str()))
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
        serial: columns.text("serial")?,
        certificate: certificate.map_err(|_| StoreError::Corrupt { column: "certificate" })?,
        issued_at: columns.instant("issued_at")?,
    })
}
