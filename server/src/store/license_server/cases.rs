//! Requests for seat licenses, what the store holds for them, and what is decided: the words that the store and the
//! granting module 126 speak with each other.

use std::error::Error;

use trybuy_formats::api::LicenseOutcome;
use trybuy_formats::certificates::Serial;
use trybuy_formats::ids::{
    ChallengeId, ClientId, ClientSoftwareId, Label, PackId, PlatformType, ProductId, SeatLicenseId,
    Version,
};
use trybuy_formats::instant::{Instant, Span};
use trybuy_formats::keys::LicenseServerSecret;
use trybuy_formats::licensing::seat_license::{SeatLicense, SeatLicenseKind};

use super::assignments::Assignment;
use super::decisions::DecisionReason;
use super::packs::OfferingPack;
use super::temporary::TemporaryLicense;

/// What a client asks for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct WantedLicense {
    /// The client.
    pub client_id: ClientId,
    /// Its key, SubjectPublicKeyInfo in DER.
    pub client_key: Vec<u8>,
    /// The product.
    pub product_id: ProductId,
    /// In this version or a newer one.
    pub version: Version,
    /// With at least these features.
    pub features: Vec<Label>,
    /// The client's platform type.
    pub platform_type: PlatformType,
    /// Now.
    pub now: Instant,
}

/// A request for a license that was authenticated, or that is to be refused.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LicenseCase {
    /// What is wanted.
    pub wanted: WantedLicense,
    /// How it is asked for.
    pub way: Way,
    /// A license of this license server that the client presents.
    pub presented: Option<PresentedLicense>,
    /// Why it is refused, where that is known already: then nothing but the record is written.
    pub refused: Option<DecisionReason>,
    /// How long a temporary license lasts.
    pub temporary: Span,
}

impl LicenseCase {
    /// The license that the client presents to be upgraded.
    pub(super) fn to_be_upgraded(&self) -> Option<&PresentedLicense> {
        self.presented.as_ref().filter(|_| self.way == Way::Upgrade)
    }
}

/// How a license is asked for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Way {
    /// By an answer to a platform challenge.
    Challenge {
        /// The client's software.
        software_id: ClientSoftwareId,
        /// The challenge, to be used up; none where it is not known.
        challenge: Option<UsedChallenge>,
    },
    /// With an older license: only an upgrade is wanted.
    Upgrade,
    /// By a gateway, for a client that cannot answer a challenge.
    Gateway(Label),
}

/// A challenge that is answered.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct UsedChallenge {
    /// Its id.
    pub id: ChallengeId,
    /// The period that it was made in.
    pub period: u64,
}

/// A license that a client has, verified to be one of this license server for its key.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PresentedLicense {
    /// What is in it.
    pub license: SeatLicense,
    /// The serial number of its certificate.
    pub certificate_serial: Serial,
    /// Its certificate, in DER.
    pub certificate: Vec<u8>,
}

/// What the store holds for a client that has no license which fits.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Standing {
    /// Whether only an upgrade is wanted.
    pub only_upgrade: bool,
    /// Whether a license of the client was revoked, and it has not been readmitted.
    pub barred: bool,
    /// Whether the store is a restored one, which does not know what it granted since.
    pub restored: bool,
    /// A license to be upgraded, and the pack with a free upgrade license for it.
    pub upgrade: Option<(Box<Assignment>, OfferingPack)>,
    /// The pack with a free license.
    pub seat: Option<OfferingPack>,
    /// A free license that is for what is wanted once it is upgraded.
    pub upgraded_seat: Option<Box<UpgradedSeat>>,
    /// The temporary license that the client had.
    pub temporary: Option<HadTemporary>,
    /// The features of what was bought, or ordered, for such clients, where it was: a temporary license bridges the time
    /// until one of it is free.
    pub bought: Option<Vec<Label>>,
}

/// A license that an upgrade license could replace.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Upgradable<'a> {
    /// The license.
    pub license: &'a Assignment,
    /// What the upgrade has to be for.
    pub wanted: WantedLicense,
}

/// A free license, and a free upgrade license for it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct UpgradedSeat {
    /// The pack with the license.
    pub seat: OfferingPack,
    /// The pack with the upgrade license.
    pub upgrade: OfferingPack,
}

/// The one temporary license of a client.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum HadTemporary {
    /// It is good for what is wanted.
    Good(Box<TemporaryLicense>),
    /// It is not, and there is no other one.
    Over(DecisionReason),
}

/// What is done for a client that has no license which fits.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Allocation {
    /// A license is upgraded.
    Upgrade(Box<Assignment>, OfferingPack),
    /// A free license is allocated.
    Seat(OfferingPack),
    /// A free license is allocated and upgraded, in one step.
    UpgradedSeat(Box<UpgradedSeat>),
    /// A temporary license with these features is issued.
    Temporary(Vec<Label>),
    /// The temporary license is issued again.
    TemporaryAgain(TemporaryLicense),
    /// The request is refused.
    Refused(DecisionReason),
}

/// What a license is issued with.
#[derive(Clone, Copy, Debug)]
pub struct LicenseTerms<'a> {
    /// Its id.
    pub license_id: SeatLicenseId,
    /// Whether it lasts.
    pub kind: SeatLicenseKind,
    /// The pack whose product it is for.
    pub pack_id: Option<PackId>,
    /// The product's version.
    pub version: &'a Version,
    /// The features that it enables.
    pub features: &'a [Label],
    /// When it ends; none for never.
    pub ends_at: Option<Instant>,
}

/// A license as it was signed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct IssuedLicense {
    /// The serial number of its certificate.
    pub certificate_serial: Serial,
    /// Its certificate, in DER.
    pub certificate: Vec<u8>,
}

/// The granting module 126: what decides and signs within the transaction, so that what is committed is what was
/// decided and signed.
pub trait GrantingModule: Send + Sync + 'static {
    /// What authenticates the records.
    fn secret(&self) -> &LicenseServerSecret;

    /// Of the licenses that a client has for the product, the one that is issued again (SL Fig. 6, step 202).
    fn existing<'a>(
        &self,
        wanted: &WantedLicense,
        held: &'a [Assignment],
    ) -> Option<&'a Assignment>;

    /// Of those, the ones that an upgrade license could replace, and what that has to be for, in the order in which they
    /// are tried. One is presented to be upgraded.
    fn upgradable<'a>(
        &self,
        wanted: &WantedLicense,
        held: &'a [Assignment],
        presented: Option<SeatLicenseId>,
    ) -> Vec<Upgradable<'a>>;

    /// What is done where none is issued again (SL Fig. 6, step 204; Fig. 8, step 246).
    fn allocation(&self, standing: Standing) -> Allocation;

    /// Signs a license (SL Fig. 6, step 206).
    ///
    /// # Errors
    /// When the library fails.
    fn issue(
        &self,
        wanted: &WantedLicense,
        terms: &LicenseTerms<'_>,
    ) -> Result<IssuedLicense, Box<dyn Error + Send + Sync>>;

    /// Whether a license that ends then has to be signed anew before it is issued again: its certificate, in DER, has
    /// ended, has not begun, or is another than it would get now.
    fn is_outdated(&self, certificate: &[u8], ends_at: Option<Instant>, now: Instant) -> bool;
}

/// How a request for a license ended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum LicenseGrant {
    /// With a license.
    Issued {
        /// What was decided.
        outcome: LicenseOutcome,
        /// The license's certificate, in DER.
        certificate: Vec<u8>,
    },
    /// Without.
    Refused(DecisionReason),
}
