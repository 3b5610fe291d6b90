//! The secure license store 112 of a license server (SL Fig. 3): the license pack table 114, the client assignment
//! table 116, the client image cache 120, and the records of what was decided.
//!
//! Whatever changes it locks the end of the records first ([`chain`]), so that one decision follows the other.

mod adoptions;
mod assignments;
mod bars;
mod cases;
mod chain;
mod challenges;
mod client_images;
mod decisions;
mod gateways;
mod grants;
mod group;
mod issuing;
mod license_certificates;
mod open_packs;
mod orders;
mod packs;
mod records;
mod reissuing;
mod restored;
mod revocations;
mod seats;
mod signing;
mod temporary;
mod temporary_list;
mod upgrades;

pub use adoptions::SeenReport;
pub use assignments::{Assignment, LicenseQuery};
pub use bars::{Bar, Readmission};
pub use cases::{
    Allocation, GrantingModule, HadTemporary, IssuedLicense, LicenseCase, LicenseGrant,
    LicenseTerms, PresentedLicense, Standing, Upgradable, UpgradedSeat, UsedChallenge,
    WantedLicense, Way,
};
pub use chain::RecordHead;
pub use client_images::NewClientImage;
pub use decisions::{DecisionOutcome, DecisionReason, LicenseDecision, LicenseRecord, PackReason};
pub use gateways::LicenseGateway;
pub(super) use grants::QueuedLicense;
pub use orders::{LicenseOrder, OrderSaid};
pub use packs::{InstalledPack, OfferingPack, PackInstallation};
pub use records::{RecordQuery, StoredRecord};
pub use restored::RecordsComparison;
pub use revocations::{Revocation, Revoked, RevokedCertificate};
pub use seats::FreeSeats;
pub use temporary::TemporaryLicense;
pub use temporary_list::ListedTemporary;

/// What a column holds for the end of what has none, so that ends can be compared.
const NEVER: i64 = i64::MAX;
