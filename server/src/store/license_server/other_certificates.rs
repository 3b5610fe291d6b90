//! Certificates of licenses beside those of the client assignment table.
//!
//! A license server signs a license with the same terms again where the first certificate is of no use any more, and,
//! restored from a backup, where it has forgotten the first one. All of them are good as long as the license is, and
//! revoked with it.

use sqlx::AnyConnection;
use trybuy_formats::instant::Instant;

use super::NEVER;
use super::assignments::Assignment;
use super::revocations::revoke_certificate;
use crate::store::StoreError;

const NOTE: &str = "INSERT INTO other_certificates (serial, license_id, client_id, pack_id, ends_at) \
    VALUES ($1, $2, $3, $4, $5) ON CONFLICT (serial) DO NOTHING";
const REVOKE: &str = "INSERT INTO revoked_certificates (serial, license_id, revoked_at, ends_at) \
    SELECT serial, license_id, $1, ends_at FROM other_certificates \
    WHERE license_id = $2 AND client_id = $3 AND pack_id = $4 ON CONFLICT (serial) DO NOTHING";

/// Remembers the certificate of a row. Answers whether it is new.
pub(super) async fn note(
    connection: &mut AnyConnection,
    row: &Assignment,
) -> Result<bool, StoreError> {
    let noted = sqlx::query(NOTE)
        .bind(row.certificate_serial.to_string())
        .bind(row.license_id.to_string())
        .bind(row.client_id.to_string())
        .bind(row.product_pack().to_string())
        .bind(row.ends_at.map_or(NEVER, Instant::unix))
        .execute(connection)
        .await?;
    Ok(noted.rows_affected() == 1)
}

/// Puts the certificate of a row, and the others with the same terms, on the revocation list.
pub(super) async fn revoke_all(
    connection: &mut AnyConnection,
    row: &Assignment,
    now: Instant,
) -> Result<(), StoreError> {
    revoke_certificate(connection, row, now).await?;
    sqlx::query(REVOKE)
        .bind(now.unix())
        .bind(row.license_id.to_string())
        .bind(row.client_id.to_string())
        .bind(row.product_pack().to_string())
        .execute(connection)
        .await?;
    Ok(())
}
