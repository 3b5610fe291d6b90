//! The license of a seat, signed.

use trybuy_formats::ids::{PackId, SeatLicenseId};
use trybuy_formats::licensing::seat_license::SeatLicenseKind;

use super::assignments::Assignment;
use super::cases::{GrantingModule, LicenseTerms, WantedLicense};
use super::packs::OfferingPack;
use crate::store::StoreError;

/// Signs the license of a seat, with what a pack offers: the seat's own, or that of an upgrade of it.
pub(super) fn issue_seat(
    granting: &dyn GrantingModule,
    wanted: &WantedLicense,
    license_id: SeatLicenseId,
    seat_pack: PackId,
    offered: OfferingPack,
) -> Result<Assignment, StoreError> {
    let OfferingPack { pack_id, ends_at, product } = offered;
    let terms = LicenseTerms {
        license_id,
        kind: SeatLicenseKind::Permanent,
        pack_id: Some(pack_id),
        version: &product.version,
        features: &product.features,
        ends_at,
    };
    let issued = granting.issue(wanted, &terms).map_err(StoreError::Signing)?;
    Ok(Assignment {
        license_id,
        pack_id: seat_pack,
        client_id: wanted.client_id,
        issued_at: wanted.now,
        ends_at,
        product_id: product.product_id,
        version: product.version,
        features: product.features,
        platform_type: wanted.platform_type,
        upgraded_by: Some(pack_id).filter(|by| *by != seat_pack),
        certificate_serial: issued.certificate_serial,
        certificate: issued.certificate,
        granted_twice: false,
        revoked_at: None,
    })
}
