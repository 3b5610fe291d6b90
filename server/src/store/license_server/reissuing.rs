//! Licenses that are issued again: as they were signed, or signed anew.
//!
//! A license may outlive its certificate, which ends with that of the license server. Once this is renewed, or its key is
//! another one, the license is signed anew when its client asks for it: it stays the same, on the same seat. So is one that
//! was issued while the license server's clock was ahead, and one whose upgrade has ended: it is what it was before.

use sqlx::AnyConnection;
use trybuy_formats::certificates::RevocationReason;
use trybuy_formats::licensing::seat_license::SeatLicenseKind;

use super::assignments::{self, Assignment};
use super::cases::{GrantingModule, LicenseTerms, WantedLicense};
use super::license_certificates;
use super::temporary::{self, TemporaryLicense};
use crate::store::StoreError;

/// A license of the client as it is issued again.
pub(super) async fn reissued_seat(
    connection: &mut AnyConnection,
    granting: &dyn GrantingModule,
    wanted: &WantedLicense,
    old: Assignment,
) -> Result<Assignment, StoreError> {
    if !granting.is_outdated(&old.certificate, old.ends_at, wanted.now) {
        return Ok(old);
    }
    let terms = LicenseTerms {
        license_id: old.license_id,
        kind: SeatLicenseKind::Permanent,
        pack_id: Some(old.product_pack()),
        version: &old.version,
        features: &old.features,
        ends_at: old.ends_at,
    };
    let issued = granting.issue(wanted, &terms).map_err(StoreError::Signing)?;
    let row = Assignment {
        issued_at: wanted.now,
        certificate_serial: issued.certificate_serial,
        certificate: issued.certificate,
        ..old.clone()
    };
    replace_seat(connection, &old, &row).await?;
    Ok(row)
}

/// Puts a license that was signed anew in its own place: the certificate before would outlive a revocation of it.
async fn replace_seat(
    connection: &mut AnyConnection,
    old: &Assignment,
    row: &Assignment,
) -> Result<(), StoreError> {
    let reason = RevocationReason::Superseded;
    license_certificates::revoke(connection, old, reason, row.issued_at).await?;
    assignments::replace(connection, &old.certificate_serial, row).await
}

/// The temporary license of the client as it is issued again.
pub(super) async fn reissued_temporary(
    connection: &mut AnyConnection,
    granting: &dyn GrantingModule,
    wanted: &WantedLicense,
    old: TemporaryLicense,
) -> Result<TemporaryLicense, StoreError> {
    if !granting.is_outdated(&old.certificate, Some(old.ends_at), wanted.now) {
        return Ok(old);
    }
    // One that was issued while the clock was ahead lasts as long, from now on.
    let ends_at = old.ends_at.min(wanted.now.plus(old.ends_at.since(old.issued_at)));
    let terms = LicenseTerms {
        license_id: old.license_id,
        kind: SeatLicenseKind::Temporary,
        pack_id: None,
        version: &old.version,
        features: &old.features,
        ends_at: Some(ends_at),
    };
    let issued = granting.issue(wanted, &terms).map_err(StoreError::Signing)?;
    let reason = RevocationReason::Superseded;
    license_certificates::revoke(connection, &old, reason, wanted.now).await?;
    let row = TemporaryLicense {
        issued_at: wanted.now,
        ends_at,
        certificate_serial: issued.certificate_serial,
        certificate: issued.certificate,
        ..old
    };
    temporary::replace(connection, &row).await?;
    Ok(row)
}
