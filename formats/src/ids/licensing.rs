//! The ids of the licensing system (SL).

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{InvalidId, holds, is_application_id, is_label, is_line_of_at_most, is_note};
use crate::encoding::from_hex32;

text_newtype! {
    /// A product that is licensed by packs: reverse DNS, as of an application.
    ProductId, |text| holds(is_application_id(text), InvalidId::Application)
}
text_newtype! {
    /// A clearinghouse 22.
    ClearinghouseId, |text| holds(is_label(text), InvalidId::Label)
}
text_newtype! {
    /// A license server 28: the "license server ID" of SL Fig. 4, step 156.
    LicenseServerId, |text| holds(is_label(text), InvalidId::Label)
}
text_newtype! {
    /// The language of a human description (SL Table 1), a language tag (RFC 5646) of 2 to 35 characters.
    Locale, |text| holds(is_locale(text), InvalidId::Locale)
}
text_newtype! {
    /// The words of a human description (SL Table 1): 1 to 1000 characters.
    Description, |text| holds(is_line_of_at_most(1000, text), InvalidId::Description)
}
text_newtype! {
    /// A currency: three upper-case letters (ISO 4217).
    Currency, |text| holds(is_currency(text), InvalidId::Currency)
}
text_newtype! {
    /// What a payment is known by, in the words of whoever took it: 1 to 200 characters.
    PaymentReference, |text| holds(is_note(text), InvalidId::Note)
}
uuid_newtype! {
    /// The serial number of a license pack, which keeps it from being installed twice (SL Table 1).
    PackId
}
uuid_newtype! {
    /// A purchase request 106.
    OrderId
}
uuid_newtype! {
    /// One platform challenge.
    ChallengeId
}
digest_newtype! {
    /// A client 30: the key id (`CV-6`) of the key that its licenses are for. Whoever cannot use that key
    /// is not the client.
    ClientId
}

digest_newtype! {
    /// The authentication of a license server's record, and by it of all records before.
    RecordMac
}

digest_newtype! {
    /// The authentication of what a license server keeps beside its database of how far its records go.
    MarkMac
}

impl RecordMac {
    /// What stands before the first record.
    pub const BEGIN: Self = Self([0; 32]);
}

fn is_currency(text: &str) -> bool {
    text.len() == 3 && text.bytes().all(|byte| byte.is_ascii_uppercase())
}

fn is_locale(text: &str) -> bool {
    let is_part = |part: &str| {
        (1..=8).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_alphanumeric())
    };
    let language = text.split('-').next().unwrap_or_default();
    (2..=35).contains(&text.len())
        && (2..=8).contains(&language.len())
        && language.bytes().all(|byte| byte.is_ascii_lowercase())
        && text.split('-').all(is_part)
}

/// The platform types of SL Table 2.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PlatformType {
    /// An authenticated client whose platform is Win32-based.
    Windows,
    /// An authenticated client whose platform is not Win32-based.
    NonWindows,
    /// A client that cannot answer a platform challenge.
    Legacy,
    /// A client that is attached to the gateway's own machine.
    DirectConnect,
}

impl PlatformType {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Windows, Self::NonWindows, Self::Legacy, Self::DirectConnect];

    /// Its spelling.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Windows => "windows",
            Self::NonWindows => "non-windows",
            Self::Legacy => "legacy",
            Self::DirectConnect => "direct-connect",
        }
    }

    /// Whether a client of this type answers a platform challenge before it gets a license.
    pub fn is_challenged(self) -> bool {
        matches!(self, Self::Windows | Self::NonWindows)
    }
}

impl fmt::Display for PlatformType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for PlatformType {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        let found = Self::ALL.into_iter().find(|platform| platform.as_str() == text);
        found.ok_or(InvalidId::PlatformType)
    }
}

/// The id of a seat license, "assigned by the license server, based on the begin serial number" (SL Table
/// 4): `PACK.SERIAL`. Where the seat of a revoked license is granted again, how often it was before stands
/// behind another point. The id of a temporary license, which is of no pack, is a UUID of its own and 0.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct SeatLicenseId {
    series: Uuid,
    serial: u64,
    turn: u32,
}

impl SeatLicenseId {
    /// The license of a seat of a pack. `turn` counts the licenses that the seat had before.
    pub fn of_pack(pack: PackId, serial: u64, turn: u32) -> Self {
        Self { series: pack.0, serial, turn }
    }

    /// A temporary license.
    pub fn temporary() -> Self {
        Self { series: Uuid::now_v7(), serial: 0, turn: 0 }
    }

    /// The pack of the seat; none of a temporary license.
    pub fn pack(self) -> Option<PackId> {
        (self.serial > 0).then_some(PackId(self.series))
    }

    /// The seat's serial number; 0 of a temporary license.
    pub fn serial(self) -> u64 {
        self.serial
    }

    /// How many licenses the seat had before.
    pub fn turn(self) -> u32 {
        self.turn
    }
}

impl fmt::Display for SeatLicenseId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.series.hyphenated(), self.serial)?;
        match self.turn {
            0 => Ok(()),
            turn => write!(f, ".{turn}"),
        }
    }
}

impl FromStr for SeatLicenseId {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        let read = || {
            let mut parts = text.splitn(3, '.');
            let series = Uuid::try_parse(parts.next()?).ok()?;
            let serial = parts.next()?.parse().ok()?;
            let turn = parts.next().map_or(Some(0), |turn| turn.parse().ok())?;
            Some(Self { series, serial, turn })
        };
        read().filter(|id| id.to_string() == text).ok_or(InvalidId::SeatLicense)
    }
}

text_form!(SeatLicenseId);

/// The number of a vendor of client images: 1 to 2^24 - 1, so that it fits a [`ClientSoftwareId`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(try_from = "u32", into = "u32")]
pub struct ImageVendorId(u32);

impl TryFrom<u32> for ImageVendorId {
    type Error = InvalidId;

    fn try_from(number: u32) -> Result<Self, InvalidId> {
        let fits = (1..1 << 24).contains(&number);
        fits.then_some(Self(number)).ok_or(InvalidId::ImageVendor)
    }
}

impl From<ImageVendorId> for u32 {
    fn from(vendor: ImageVendorId) -> Self {
        vendor.0
    }
}

impl FromStr for ImageVendorId {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        let number: u32 = text.parse().map_err(|_| InvalidId::ImageVendor)?;
        Self::try_from(number)
            .ok()
            .filter(|vendor| vendor.to_string() == text)
            .ok_or(InvalidId::ImageVendor)
    }
}

impl fmt::Display for ImageVendorId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The client software id of SL Fig. 7, "a bit field that contains a platform identifier, a vendor
/// identifier, and a client revision field": 8, 24 and 32 bits, from the highest on. Unique for each
/// client release of a vendor; written as 16 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ClientSoftwareId(u64);

impl ClientSoftwareId {
    /// The id of a revision of a vendor's client for a platform; none for a platform type whose clients
    /// are not challenged.
    pub fn new(platform: PlatformType, vendor: ImageVendorId, revision: u32) -> Option<Self> {
        let platform: u64 = match platform {
            PlatformType::Windows => 1,
            PlatformType::NonWindows => 2,
            PlatformType::Legacy | PlatformType::DirectConnect => return None,
        };
        Some(Self(platform << 56 | u64::from(vendor.0) << 32 | u64::from(revision)))
    }

    /// The platform type of the client.
    pub fn platform_type(self) -> PlatformType {
        match self.0 >> 56 {
            1 => PlatformType::Windows,
            _ => PlatformType::NonWindows,
        }
    }

    /// Who made the client.
    pub fn vendor(self) -> ImageVendorId {
        ImageVendorId((self.0 >> 32 & 0xff_ffff) as u32)
    }

    /// Which release of the client it is.
    pub fn revision(self) -> u32 {
        (self.0 & 0xffff_ffff) as u32
    }
}

impl fmt::Display for ClientSoftwareId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl FromStr for ClientSoftwareId {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        let read = u64::from_str_radix(text, 16).ok().map(Self);
        let is_valid = |id: &Self| {
            id.to_string() == text && matches!(id.0 >> 56, 1 | 2) && id.0 >> 32 & 0xff_ffff != 0
        };
        read.filter(is_valid).ok_or(InvalidId::ClientSoftware)
    }
}

text_form!(ClientSoftwareId);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn locales_are_language_tags() {
        for good in ["en", "pt-BR", "zh-Hant-TW", "x-klingon", "de-1996"] {
            let is_private = good.starts_with('x');
            assert_eq!(good.parse::<Locale>().is_ok(), !is_private, "{good}");
        }
        for bad in ["", "e", "EN", "en_US", "en-", "-en", "en-123456789", "e1"] {
            assert_eq!(bad.parse::<Locale>(), Err(InvalidId::Locale), "{bad}");
        }
    }

    #[test]
    fn currencies_are_three_letters() {
        assert!("EUR".parse::<Currency>().is_ok());
        for bad in ["", "EU", "EURO", "eur", "E R", "E1R", "€UR"] {
            assert_eq!(bad.parse::<Currency>(), Err(InvalidId::Currency), "{bad}");
        }
    }

    #[test]
    fn a_license_id_has_one_spelling() {
        let pack = PackId::new();
        for (id, text) in [
            (SeatLicenseId::of_pack(pack, 1000, 0), format!("{pack}.1000")),
            (SeatLicenseId::of_pack(pack, u64::MAX, 2), format!("{pack}.{}.2", u64::MAX)),
        ] {
            assert_eq!(id.to_string(), text);
            assert_eq!(text.parse(), Ok(id));
            assert_eq!(id.pack(), Some(pack));
        }
        assert_eq!(SeatLicenseId::temporary().pack(), None);
        for bad in ["", "1", ".1", "x.1"] {
            assert_eq!(bad.parse::<SeatLicenseId>(), Err(InvalidId::SeatLicense), "{bad}");
        }
        for end in
            ["", ".", ".01", ".+1", ".-1", ".1.0", ".1.02", ".1.2.3", ".18446744073709551616"]
        {
            let text = format!("{pack}{end}");
            assert_eq!(text.parse::<SeatLicenseId>(), Err(InvalidId::SeatLicense), "{text}");
        }
    }

    #[test]
    fn a_client_software_id_is_a_bit_field() {
        let vendor = ImageVendorId::try_from(0xab_cdef).expect("a vendor");
        let id = ClientSoftwareId::new(PlatformType::NonWindows, vendor, 7).expect("an id");
        assert_eq!(id.to_string(), "02abcdef00000007");
        assert_eq!(id.to_string().parse(), Ok(id));
        assert_eq!(
            (id.platform_type(), id.vendor(), id.revision()),
            (PlatformType::NonWindows, vendor, 7)
        );
        assert_eq!(ClientSoftwareId::new(PlatformType::Legacy, vendor, 7), None);
        for bad in [
            "",
            "2abcdef00000007",
            "02ABCDEF00000007",
            "0200000000000007",
            "03abcdef00000007",
            "+2abcdef00000007",
        ] {
            assert_eq!(bad.parse::<ClientSoftwareId>(), Err(InvalidId::ClientSoftware), "{bad}");
        }
    }

    #[test]
    fn vendors_fit_their_bits() {
        for (text, good) in [
            ("1", true),
            ("16777215", true),
            ("0", false),
            ("16777216", false),
            ("01", false),
            ("+1", false),
        ] {
            assert_eq!(text.parse::<ImageVendorId>().is_ok(), good, "{text}");
        }
    }
}
