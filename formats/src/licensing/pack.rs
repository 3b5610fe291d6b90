//! The license pack 108 (SL Table 1): a set of licenses that are not assigned yet.

use serde::{Deserialize, Serialize};

use super::order::is_quantity;
use super::product::Product;
use crate::canonical_json::{self, NotCanonical};
use crate::encoding::base64_bytes;
use crate::ids::{
    ClearinghouseId, Description, KeyId, Label, LicenseServerId, Locale, Name, OrderId, PackId,
};
use crate::instant::Instant;
use crate::keys::{Purpose, key_id, open_message, seal_message};
use crate::limits;
use crate::primitives::{DecryptionKey, EncryptionKey};
use crate::signed::{Document, FORMAT, SignError};

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

impl HumanDescription {
    /// The one in the wanted language: that of the locale, else of its language, else the first; none of none.
    pub fn of<'a>(descriptions: &'a [Self], wanted: &Locale) -> Option<&'a Self> {
        let language = |locale: &Locale| locale.as_str().split('-').next().map(str::to_owned);
        let by = |fits: &dyn Fn(&Locale) -> bool| {
            descriptions.iter().find(|description| fits(&description.locale))
        };
        by(&|locale| locale == wanted)
            .or_else(|| by(&|locale| language(locale) == language(wanted)))
            .or_else(|| descriptions.first())
    }
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

    /// Encrypts the pack to its license server's key.
    ///
    /// # Errors
    /// [`SignError::Invalid`] when a reader would not accept the pack; when the library fails.
    pub fn seal(&self, recipient: &EncryptionKey) -> Result<SealedPack, SignError> {
        let json = serde_json::to_vec(self).map_err(|_| SignError::Invalid)?;
        if !self.is_valid() || json.len() > limits::LICENSE_PACK {
            return Err(SignError::Invalid);
        }
        let sealed = seal_message(Purpose::LicensePack, recipient, &json);
        Ok(SealedPack {
            format: FORMAT,
            order_id: self.order_id,
            license_server: self.license_server.clone(),
            recipient_key_id: key_id(recipient.spki()),
            sealed: sealed.map_err(SignError::Signature)?,
        })
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

/// Why a sealed pack could not be opened.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PackError {
    /// It is encrypted to another key.
    #[error("the pack is encrypted to the key of another license server")]
    ForeignKey,
    /// It was altered before it was signed.
    #[error("the pack cannot be decrypted")]
    Tampered,
    /// It is of a version this code does not know (`CV-13`).
    #[error("the pack was written by a newer release")]
    TooNew,
    /// What is in it is no pack, or not the one that is written outside.
    #[error("what was decrypted is not the pack that it claims to be")]
    Malformed,
}

impl SealedPack {
    /// Decrypts the pack (SL Fig. 4, step 166). Who signed it has been verified by the caller.
    ///
    /// # Errors
    /// Why it could not be opened.
    pub fn open(&self, key: &DecryptionKey) -> Result<LicensePack, PackError> {
        if self.recipient_key_id != key_id(key.encryption_key().spki()) {
            return Err(PackError::ForeignKey);
        }
        let json = open_message(Purpose::LicensePack, key, &self.sealed)
            .map_err(|_| PackError::Tampered)?;
        if json.len() > limits::LICENSE_PACK {
            return Err(PackError::Malformed);
        }
        let pack: LicensePack = canonical_json::parse(&json).map_err(|error| match error {
            NotCanonical::TooNew(_) => PackError::TooNew,
            NotCanonical::Malformed => PackError::Malformed,
        })?;
        let is_the_same =
            pack.order_id == self.order_id && pack.license_server == self.license_server;
        (pack.is_valid() && is_the_same).then_some(pack).ok_or(PackError::Malformed)
    }
}
