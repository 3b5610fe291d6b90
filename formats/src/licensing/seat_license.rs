//! The seat license (SL Table 5): the fields that a license's certificate carries in an extension.

use serde::{Deserialize, Serialize};

use super::product::{are_features, enable_all};
use crate::ids::{
    ClientId, Label, LicenseServerId, PackId, PlatformType, ProductId, SeatLicenseId, Version,
};
use crate::instant::Instant;
use crate::signed::FORMAT;

/// The fields of SL Table 5 but the signature and the license server's certificate, which are those of the
/// certificate.
///
/// A license of a newer version of this structure is read as well, without what is new in it: "variances in
/// the licenses' internal data structures are taken into account by including a version number".
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct SeatLicense {
    /// Version of this structure, 1.
    pub format: u32,
    /// License ID.
    pub license_id: SeatLicenseId,
    /// Client ID.
    pub client_id: ClientId,
    /// Issue date.
    pub issued_at: Instant,
    /// Expiration date; none for never.
    pub ends_at: Option<Instant>,
    /// Who issued it.
    pub license_server: LicenseServerId,
    /// Whether it lasts.
    pub kind: SeatLicenseKind,
    /// The pack it is of: that of its seat, or of the upgrade where it was upgraded; none of a temporary license.
    pub pack_id: Option<PackId>,
    /// Product ID.
    pub product_id: ProductId,
    /// Product version.
    pub version: Version,
    /// Product flags: the features that it enables.
    pub features: Vec<Label>,
    /// Platform type.
    pub platform_type: PlatformType,
}

/// Whether a license lasts.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SeatLicenseKind {
    /// It is of a pack.
    Permanent,
    /// It was given for want of a free one (SL, "Temporary Licenses").
    Temporary,
}

impl SeatLicense {
    /// Whether what its types leave open is within its ranges.
    pub(crate) fn is_valid(&self) -> bool {
        let is_permanent = self.kind == SeatLicenseKind::Permanent;
        // An upgraded license keeps its seat, and so its id, but is of the pack of the upgrade.
        let has_id_of_kind = self.license_id.pack().is_some() == is_permanent
            && (is_permanent || self.license_id.turn() == 0);
        self.format >= FORMAT
            && self.pack_id.is_some() == is_permanent
            && has_id_of_kind
            && are_features(&self.features)
            && self.ends_at.is_none_or(|end| end > self.issued_at)
    }

    /// Whether it licenses a product in a version: "a next generation 5.X license is always accepted by a
    /// current generation 4.X server".
    pub fn covers(&self, product: &ProductId, version: &Version) -> bool {
        self.product_id == *product && !self.version.precedes(version)
    }

    /// Whether it enables all of these features.
    pub fn enables(&self, features: &[Label]) -> bool {
        enable_all(&self.features, features)
    }
}
