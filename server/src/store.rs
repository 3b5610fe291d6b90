//! The store: the server's database, SQLite or PostgreSQL, and the only place that knows SQL.
//!
//! Every query is one constant text for both databases; only the schema has two words that differ
//! (`migrations/`). Methods answer with rows as structs and with outcomes as enums; a
//! [`StoreError`] is always a fault of the database and never of the client. What must hold under
//! concurrency (a release is published once, trials never exceed their number, a code is accepted
//! once) is held by single statements, unique constraints and transactions, so any number of
//! processes may share one PostgreSQL. There are no secrets in it: tokens and codes are stored as
//! their SHA-256.

mod acceptance_codes;
mod applications;
mod blocks;
mod builders;
mod catalog;
mod classes;
mod clearinghouse;
mod columns;
mod connections;
mod database_url;
mod deliveries;
mod delivery_log;
mod email_codes;
mod error;
mod events;
mod gateway;
mod gifts;
mod grants;
mod group_queue;
mod ids;
mod license_server;
mod licensees;
mod migrations;
mod offers;
mod people;
mod policies;
mod profiles;
mod publication;
mod purchase_keys;
mod purchases;
mod refusals;
mod releases;
mod requesters;
mod revisions;
mod rows;
mod subjects;
mod texts;
mod token_list;
mod transaction;
mod trials;
mod vendors;
mod version_order;
mod webhooks;

pub use acceptance_codes::NewAcceptanceCode;
pub use applications::{Application, ApplicationTexts};
pub use builders::{Builder, NewBuilder, Registration};
pub use catalog::{CatalogEntry, CatalogQuery, InvalidSearch, Page, SearchWords};
pub use classes::{ClassRemoved, MemberAdded};
pub use clearinghouse::{
    NewOrder, NewPayment, OfferAdded, OfferKey, OfferRecord, OrderCancelled, OrderFilter,
    OrderPlaced, OrderRecord, OrderSource, OrderTerms, PackMaker, PaymentRecord, PaymentRecorded,
    PaymentSource,
};
pub use connections::{DEADLINE, POSTGRES_CONNECTIONS, SQLITE_READERS, Store};
pub use database_url::DatabaseUrl;
pub use deliveries::{DueDelivery, Outcome};
pub use delivery_log::LogQuery;
pub use email_codes::{EMAIL_CODE_TRIES, EmailCodeTry, EmailVerification, NewEmailCode};
pub use error::StoreError;
pub use events::EventSource;
pub use gateway::{GatewayClient, SeenLicense};
pub use gifts::{Given, NewGift};
pub use grants::{Grant, GrantRequest};
pub use ids::{KeyBatchId, PurchaseKeyId, TokenId, VendorId};
pub use license_server::{
    Allocation, Assignment, Bar, DecisionOutcome, DecisionReason, FreeSeats, GrantingModule,
    HadTemporary, InstalledPack, IssuedLicense, LicenseCase, LicenseDecision, LicenseGateway,
    LicenseGrant, LicenseOrder, LicenseQuery, LicenseRecord, LicenseTerms, ListedTemporary,
    NewClientImage, OfferingPack, OrderSaid, PackInstallation, PackReason, PresentedLicense,
    Readmission, RecordHead, RecordQuery, RecordsComparison, Revocation, Revoked,
    RevokedCertificate, SeenReport, Standing, StoredRecord, TemporaryLicense, Upgradable,
    UpgradedSeat, UsedChallenge, WantedLicense, Way,
};
pub use offers::{Offer, OfferQuery, TrialStanding};
pub use people::{Person, PersonQuery, PersonRule};
pub use policies::{PolicyUpdate, PolicyUpdated, RequesterKey, ScopedPolicy};
pub use profiles::{ProfileUpdate, ProfileUpdated};
pub use publication::{NewRelease, Publication};
pub use purchase_keys::{KeyRecord, KeyRevoked, NewKeys};
pub use purchases::{Bought, ConvertedTrial, Redeemed, Redemption};
pub use releases::Release;
pub use requesters::{InvalidCursor, RequestCursor};
pub use revisions::{GrantedTrial, PolicyRevisions, TrialRevision};
pub use subjects::Subjects;
pub use token_list::VendorTokenRecord;
pub use trials::{Head, Purchase, Trial, TrialRecord, end_of_purchase};
pub use vendors::{Actor, NewVendorToken, Vendor};
pub use webhooks::NewWebhook;

/// The most rows of one page; a higher limit means this one.
pub const PAGE_LIMIT: u32 = 200;
