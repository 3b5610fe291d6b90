//! The certificates of a license: that of its table, and others beside it.
//!
//! A license server signs a license with the same terms again where the first certificate is of no use any more, and,
//! restored from a backup, where it has forgotten the first one. The certificate from before an upgrade that ends sooner
//! stays good, until there is an upgrade that does not: its client can use it when the upgrade has ended, whether or not
//! the license server is there then. All of them are good as long as the license is, and revoked with it.

use sqlx::any::AnyArguments;
use sqlx::query::Query;
use sqlx::{Any, AnyConnection};
use trybuy_formats::certificates::{Certificate, RevocationReason, Serial};
use trybuy_formats::ids::{ClientId, PackId, SeatLicenseId};
use trybuy_formats::instant::Instant;

use super::NEVER;
use super::assignments::Assignment;
use super::temporary::TemporaryLicense;
use crate::store::StoreError;

/// A certificate of a license.
#[derive(Clone, Copy)]
pub(super) struct LicenseCertificate<'a> {
    serial: &'a Serial,
    der: &'a [u8],
    license_id: SeatLicenseId,
    client_id: ClientId,
    /// The pack whose terms it has; none of a temporary license.
    pack_id: Option<PackId>,
    /// When the license ends; none for never.
    ends_at: Option<Instant>,
}

const NOTE: &str = "INSERT INTO other_certificates (serial, license_id, client_id, pack_id, ends_at) \
    VALUES ($1, $2, $3, $4, $5) ON CONFLICT (serial) DO NOTHING";
const REVOKE: &str = "INSERT INTO revoked_certificates (serial, license_id, revoked_at, ends_at, \
    reason) VALUES ($1, $2, $3, $4, $5) ON CONFLICT (serial) DO NOTHING";
/// Declares the revocation of the other certificates of a license, of those that fit.
macro_rules! revoke_others {
    ($condition:literal) => {
        concat!(
            "INSERT INTO revoked_certificates (serial, license_id, revoked_at, ends_at, reason) \
             SELECT serial, license_id, $1, ends_at, $2 FROM other_certificates \
             WHERE license_id = $3 AND client_id = $4 ",
            $condition,
            "ON CONFLICT (serial) DO NOTHING"
        )
    };
}
const REVOKE_OTHERS: &str = revoke_others!("");
const REVOKE_OTHERS_ENDING: &str = revoke_others!(
    "AND pack_id <> $5 AND pack_id IN (SELECT id FROM license_packs WHERE ends_at <= $6) "
);
const IS_REVOKED: &str = "SELECT serial FROM revoked_certificates WHERE serial = $1";

impl LicenseCertificate<'_> {
    /// When it ends, which may be before the license does.
    fn end(&self) -> i64 {
        let end = Certificate::from_der(self.der).map(|it| it.not_after()).ok().or(self.ends_at);
        end.map_or(NEVER, Instant::unix)
    }

    /// When the license ends, as it is stored.
    fn license_end(&self) -> i64 {
        self.ends_at.map_or(NEVER, Instant::unix)
    }

    /// The pack as it is stored.
    fn pack(&self) -> String {
        self.pack_id.map(|pack| pack.to_string()).unwrap_or_default()
    }
}

impl<'a> From<&'a Assignment> for LicenseCertificate<'a> {
    fn from(row: &'a Assignment) -> Self {
        Self {
            serial: &row.certificate_serial,
            der: &row.certificate,
            license_id: row.license_id,
            client_id: row.client_id,
            pack_id: Some(row.product_pack()),
            ends_at: row.ends_at,
        }
    }
}

impl<'a> From<&'a TemporaryLicense> for LicenseCertificate<'a> {
    fn from(row: &'a TemporaryLicense) -> Self {
        Self {
            serial: &row.certificate_serial,
            der: &row.certificate,
            license_id: row.license_id,
            client_id: row.client_id,
            pack_id: None,
            ends_at: Some(row.ends_at),
        }
    }
}

/// Remembers a certificate beside that of the license's table. Answers whether it is new.
pub(super) async fn note(
    connection: &mut AnyConnection,
    certificate: impl Into<LicenseCertificate<'_>>,
) -> Result<bool, StoreError> {
    let certificate = certificate.into();
    let noted = sqlx::query(NOTE)
        .bind(certificate.serial.to_string())
        .bind(certificate.license_id.to_string())
        .bind(certificate.client_id.to_string())
        .bind(certificate.pack())
        .bind(certificate.end())
        .execute(connection)
        .await?;
    Ok(noted.rows_affected() == 1)
}

/// Puts a certificate on the revocation list, until it ends. Answers whether it was not there: one that was keeps its
/// reason.
pub(super) async fn revoke(
    connection: &mut AnyConnection,
    certificate: impl Into<LicenseCertificate<'_>>,
    reason: RevocationReason,
    now: Instant,
) -> Result<bool, StoreError> {
    let certificate = certificate.into();
    let revoked = sqlx::query(REVOKE)
        .bind(certificate.serial.to_string())
        .bind(certificate.license_id.to_string())
        .bind(now.unix())
        .bind(certificate.end())
        .bind(reason.as_str())
        .execute(connection)
        .await?;
    Ok(revoked.rows_affected() == 1)
}

/// Puts all certificates of a license on the revocation list, whatever their terms. Answers whether this one was not there.
pub(super) async fn revoke_all(
    connection: &mut AnyConnection,
    certificate: impl Into<LicenseCertificate<'_>>,
    reason: RevocationReason,
    now: Instant,
) -> Result<bool, StoreError> {
    let certificate = certificate.into();
    let is_new = revoke(connection, certificate, reason, now).await?;
    others(REVOKE_OTHERS, &certificate, reason, now).execute(connection).await?;
    Ok(is_new)
}

/// This certificate took the place of the others of the license with other terms, by which the license ends no later.
pub(super) async fn supersede_others(
    connection: &mut AnyConnection,
    certificate: impl Into<LicenseCertificate<'_>>,
    now: Instant,
) -> Result<(), StoreError> {
    let (certificate, reason) = (certificate.into(), RevocationReason::Superseded);
    others(REVOKE_OTHERS_ENDING, &certificate, reason, now)
        .bind(certificate.pack())
        .bind(certificate.license_end())
        .execute(connection)
        .await?;
    Ok(())
}

fn others(
    statement: &'static str,
    certificate: &LicenseCertificate<'_>,
    reason: RevocationReason,
    now: Instant,
) -> Query<'static, Any, AnyArguments> {
    sqlx::query(statement)
        .bind(now.unix())
        .bind(reason.as_str())
        .bind(certificate.license_id.to_string())
        .bind(certificate.client_id.to_string())
}

/// Whether a certificate is on the revocation list.
pub(super) async fn is_revoked(
    connection: &mut AnyConnection,
    serial: &Serial,
) -> Result<bool, StoreError> {
    let row = sqlx::query(IS_REVOKED).bind(serial.to_string()).fetch_optional(connection).await?;
    Ok(row.is_some())
}
