//! Licensing: what license servers ask a clearinghouse, and clients a license server through a gateway.

use serde::{Deserialize, Serialize};

use crate::encoding::base64_bytes;
use crate::ids::{
    ClientId, ClientSoftwareId, Currency, Label, LicenseServerId, Name, OrderId, PaymentReference,
    PlatformType, ProductId, SeatLicenseId, Version,
};
use crate::instant::{Instant, Span};
use crate::licensing::pack::HumanDescription;
use crate::licensing::product::Product;
use crate::licensing::seat_license::SeatLicenseKind;

/// Answers `GET /products` of a clearinghouse.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ProductsAnswer {
    /// What can be ordered.
    pub products: Vec<OfferedProduct>,
}

/// A product that can be ordered from a clearinghouse.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct OfferedProduct {
    /// The product; its features are all that can be ordered.
    pub product: Product,
    /// Who makes it.
    pub manufacturer: Name,
    /// What it is, in several languages.
    pub descriptions: Vec<HumanDescription>,
    /// The fee of one license, in the smallest unit of the currency.
    pub fee: u64,
    /// The currency.
    pub currency: Currency,
    /// How long licenses last from their first active date; none where the clearinghouse says of no end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_for: Option<Span>,
}

/// `POST /orders` of a clearinghouse: a purchase request 106. The same request again changes nothing.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlaceOrder {
    /// The signed [`crate::licensing::order::PurchaseOrder`].
    pub order: String,
}

/// Answers [`PlaceOrder`] and `GET /orders/{id}`; the pack itself is at `GET /orders/{id}/pack`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct OrderAnswer {
    /// The order.
    pub order_id: OrderId,
    /// How it is with it.
    pub state: OrderState,
    /// The whole fee, in the smallest unit of the currency.
    pub fee: u64,
    /// The currency.
    pub currency: Currency,
}

/// `POST /payments` of a clearinghouse: what a payment provider tells, signed as Standard Webhooks. Members
/// that are not named here are passed over, as providers have their own.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct PaymentMessage {
    /// What happened: `payment.confirmed`, or something that concerns no order.
    #[serde(rename = "type")]
    pub event: String,
    /// The payment.
    pub data: serde_json::Value,
}

impl PaymentMessage {
    /// The event that a [`ConfirmedPayment`] comes with.
    pub const CONFIRMED: &'static str = "payment.confirmed";
}

/// A payment, in a [`PaymentMessage`].
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ConfirmedPayment {
    /// The order that it is for.
    pub order_id: OrderId,
    /// How much, in the smallest unit of the currency.
    pub amount: u64,
    /// The currency.
    pub currency: Currency,
    /// What the provider knows it by; the same payment counts once.
    pub reference: PaymentReference,
}

/// How it is with an order.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OrderState {
    /// Its fee has not been paid.
    FeeDue,
    /// Its pack can be fetched.
    Issued,
    /// The clearinghouse does not fulfil it.
    Cancelled,
}

/// Answers `GET /license-server` of a license server.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct LicenseServerInfo {
    /// Its id.
    pub license_server: LicenseServerId,
    /// The certificate that its licenses are issued under, and those up to the certifying authority, in PEM.
    pub certificate: String,
    /// What it says of its records: the signed [`crate::licensing::records::RecordsStatement`].
    pub records: String,
    /// Whether it can write nothing in its data directory, as where the disk is full.
    #[serde(default)]
    pub cannot_write: bool,
}

/// `POST /license-requests`: a client asks for a license (SL Fig. 6, step 188; Fig. 7, step 220).
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LicenseRequest {
    /// The client.
    pub client_id: ClientId,
    /// Its software.
    pub software_id: ClientSoftwareId,
    /// The product.
    pub product_id: ProductId,
    /// In this version or a newer one.
    pub version: Version,
    /// The features that the license has to enable.
    pub features: Vec<Label>,
}

/// Answers [`LicenseRequest`]: the platform challenge (SL Fig. 7, step 228).
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ChallengeAnswer {
    /// A random number of [`crate::licensing::challenge::CHALLENGE_LENGTH`] bytes.
    #[serde(with = "base64_bytes")]
    pub challenge: Vec<u8>,
    /// What the response has to come with.
    #[serde(with = "base64_bytes")]
    pub token: Vec<u8>,
    /// Until when it can be answered.
    pub ends_at: Instant,
}

/// `POST /challenge-responses` with a [`crate::licensing::challenge::ChallengeResponse`], and `POST
/// /upgrades` with a [`crate::licensing::upgrade::UpgradeRequest`].
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignedRequest {
    /// The document, signed with the client's key.
    pub document: String,
}

/// Answers [`SignedRequest`] and [`GatewayLicenseRequest`].
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct LicenseAnswer {
    /// What was decided.
    pub outcome: LicenseOutcome,
    /// The [`crate::licensing::sealed_license`], encrypted to the client's key: the gateway cannot read it.
    #[serde(with = "base64_bytes")]
    pub license: Vec<u8>,
}

/// What a license server decided for a client.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LicenseOutcome {
    /// A free license was allocated.
    Granted,
    /// The license that the client had is issued again.
    Reissued,
    /// An upgrade license was used; the older license is replaced.
    Upgraded,
    /// A temporary license, as none is free.
    Temporary,
    /// The temporary license that the client had before, which may have ended.
    TemporaryAgain,
}

/// `POST /gateways/licenses`, signed by a gateway (`RQ`): a license for a client that cannot answer a
/// challenge, whose key the gateway holds.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GatewayLicenseRequest {
    /// The client's key: P-256, SubjectPublicKeyInfo in DER.
    #[serde(with = "base64_bytes")]
    pub client_key: Vec<u8>,
    /// The key that the license is to be encrypted to: RSA-3072, SubjectPublicKeyInfo in DER.
    #[serde(with = "base64_bytes")]
    pub encryption_key: Vec<u8>,
    /// Legacy or Direct-Connect.
    pub platform_type: PlatformType,
    /// The product.
    pub product_id: ProductId,
    /// In this version or a newer one.
    pub version: Version,
    /// The features that the license has to enable, as
    /// [`are_features`](crate::licensing::product::are_features) wants them.
    pub features: Vec<Label>,
}

/// `POST /gateways/seen`, signed by a gateway: what it knows of its license server, so that one that was restored from a
/// backup finds out, and learns what it granted since.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SeenLicenses {
    /// What the license server last said of its records: the signed [`crate::licensing::records::RecordsStatement`].
    pub records: String,
    /// Licenses that clients have presented, in PEM, at most 50.
    pub licenses: Vec<String>,
}

/// Answers [`SeenLicenses`].
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct SeenAnswer {
    /// How many of the licenses the license server did not know.
    pub unknown: u32,
    /// Whether it is one that was restored from a backup, and nobody has accepted that.
    pub restored: bool,
}

/// Answers `GET /license` of a gateway: what it reads of the license that a client presents, which is good for the
/// service now.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct LicenseInfo {
    /// Its id.
    pub license_id: SeatLicenseId,
    /// Whether it lasts.
    pub kind: SeatLicenseKind,
    /// The product.
    pub product_id: ProductId,
    /// Its version.
    pub version: Version,
    /// The features that it enables.
    pub features: Vec<Label>,
    /// When it ends; none for never.
    pub ends_at: Option<Instant>,
}

/// The field by which a gateway, or a door of `trybuy connect`, says why it lets no request pass: the slug. No service
/// behind them can send it.
pub const REFUSAL: &str = "trybuy-refusal";

/// Answers `GET /gateway` of a gateway: what its clients need.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct GatewayInfo {
    /// The license server whose licenses are recognised: of several under one authority, only this one's.
    pub license_server: LicenseServerId,
    /// The product that a license is needed for.
    pub product_id: ProductId,
    /// In this version or a newer one.
    pub version: Version,
    /// The features that the license has to enable.
    pub features: Vec<Label>,
    /// The certifying authority's certificates, in PEM.
    pub authority: String,
}
