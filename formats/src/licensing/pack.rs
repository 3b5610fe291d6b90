//! The license pack 108 (SL Table 1): a set of licenses that are not assigned yet.

use serde::{Deserialize, Serialize};

use super::order::is_quantity;
use super::product::Product;
use crate::encoding::base64_bytes;
use crate::ids::{
    ClearinghouseId, Description, KeyId, Label, LicenseServerId, Locale, Name, OrderId, PackId,
};
use crate::instant::Instant;
use crate::limits;
use crate::signed::{Document, FORMAT};

/// The contents of a license pack, every field of SL Table 1 but the signature and the certificate, which
/// [`SealedPack`] is carried with.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LicensePack {
    /// Version of this structure, 1.
    pub format: u32,
    /// Number: keeps the pack from being installed multiple times.
    pub pack_id: PackId,
    /// The clearinghouse that made it.
    pub clearinghouse: ClearinghouseId,
    /// The order it fulfils.
    pub order_id: OrderId,
    /// The license server it is for.
    pub license_server: LicenseServerId,
    /// Issue date.
    pub issued_at: Instant,
    /// First active date: when its licenses can first be used.
    pub first_active_at: Instant,
    /// Expiration date: when its licenses end; none for never.
    pub ends_at: Option<Instant>,
    /// Begin serial number: that of its first license.
    pub begin_serial: u64,
    /// Quantity of licenses.
    pub quantity: u32,
    /// Array of human descriptions, 1 to [`limits::DESCRIPTIONS`], each of another locale; its length is
    /// their number.
    pub descriptions: Vec<HumanDescription>,
    /// Manufacturer of the product.
    pub manufacturer: Name,
    /// Product family code.
    pub family: Label,
    /// Product version and license type, and the rest of what identifies the product.
    pub product: Product,
}

/// What a pack holds, in the words of one locale.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HumanDescription {
    /// The locale.
    pub locale: Locale,
    /// The words.
    pub text: Description,
}

impl LicensePack {
    /// Whether what its types leave open is within its ranges.
    pub(crate) fn is_valid(&self) -> bool {
        let mut locales: Vec<&Locale> = self.descriptions.iter().map(|it| &it.locale).collect();
        locales.sort();
        let last_serial = self.begin_serial.checked_add(u64::from(self.quantity));
        self.format == FORMAT
            && is_quantity(self.quantity)
            && self.begin_serial > 0
            && last_serial.is_some_and(|last| last <= limits::INTEGER)
            && self.ends_at.is_none_or(|end| end > self.first_active_at)
            && (1..=limits::DESCRIPTIONS).contains(&locales.len())
            && locales.is_sorted_by(|one, next| one < next)
            && self.product.is_valid()
    }

    /// The description in the wanted language: that of the locale, else of its language, else the first.
    pub fn description(&self, wanted: &Locale) -> &HumanDescription {
        let language = |locale: &Locale| locale.as_str().split('-').next().map(str::to_owned);
        let by = |fits: &dyn Fn(&Locale) -> bool| {
            self.descriptions.iter().find(|description| fits(&description.locale))
        };
        by(&|locale| locale == wanted)
            .or_else(|| by(&|locale| language(locale) == language(wanted)))
            .unwrap_or(&self.descriptions[0])
    }
}

/// The payload of a license pack file: a [`LicensePack`] encrypted to one license server (SL: "encrypts the
/// license pack using the license server's public key", then "digitally signs the license pack"). Signed by
/// the clearinghouse, whose certificate is enclosed.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SealedPack {
    /// Version of this structure, 1.
    pub format: u32,
    /// The order it fulfils.
    pub order_id: OrderId,
    /// The license server it is for.
    pub license_server: LicenseServerId,
    /// The key id of the license server's key.
    pub recipient_key_id: KeyId,
    /// The pack in JSON, encrypted to that key.
    #[serde(with = "base64_bytes")]
    pub sealed: Vec<u8>,
}

impl Document for SealedPack {
    const TYPE: &'static str = "trybuy-license-pack";
    const PAYLOAD_CAP: usize = limits::SEALED_PACK_PAYLOAD;

    fn is_valid(&self) -> bool {
        self.format == FORMAT
    }
}
