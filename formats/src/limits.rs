//! The caps on everything that is read (`CV-10`). Each is checked before memory is taken for it.

use crate::instant::Span;

/// Documentation of an application, in bytes.
pub const DOCUMENTATION: u64 = 4 << 20;
/// Licensing terms, and relicensing terms, in bytes.
pub const TERMS: u64 = 1 << 20;
/// A program section, stored or decoded, in bytes.
pub const PROGRAM: u64 = 64 << 30;
/// The shortest program section, in bytes: one plain byte, its length, the end (`TF-1`).
pub const LEAST_PROGRAM_SECTION: u64 = 1 + 4 + 12;
/// The window of a compressed block, in bytes (`SF-4`).
pub const FRAME_WINDOW: u64 = 8 << 20;
/// An integer in JSON (`CV-2`): every implementation can hold it.
pub const INTEGER: u64 = (1 << 53) - 1;
/// The longest trial and the longest grace: 100 years.
pub const DURATION: Span = Span::seconds(36_525 * 86_400);
/// Manifest of a release in the server format, in bytes.
pub const MANIFEST: usize = 64 << 10;
/// Payload of the control information, in bytes (`CI-4`).
pub const CONTROL_PAYLOAD: usize = 8192;
/// Sealed control information, in bytes (`TF-1`).
pub const SEALED_CONTROL: usize = 32 << 10;
/// Control area of a transmission file, in bytes.
pub const CONTROL_AREA: usize = 64 << 10;
/// A public key in DER, in bytes.
pub const PUBLIC_KEY: usize = 1024;
/// Wrapped file key of any kind of recipient, in bytes (`EN` header).
pub const WRAPPED_KEY: usize = 4096;
/// Payload of a Builder license, in bytes (`BL-5`).
pub const BUILDER_LICENSE_PAYLOAD: usize = 8192;
/// Payload of a signed time, in bytes (`ST-2`).
pub const SIGNED_TIME_PAYLOAD: usize = 512;
/// A signed document in compact serialisation, in bytes.
pub const SIGNED_DOCUMENT: usize = 24 << 10;
/// A sealed state, in bytes (`BL-6`).
pub const SEALED_STATE: usize = 64 << 10;
/// Licensee ids of one Builder license.
pub const LICENSEE_IDS: usize = 16;
/// A JSON body of the HTTP API, in bytes.
pub const API_BODY: usize = 64 << 10;
/// Webhooks of one vendor.
pub const WEBHOOKS: usize = 10;
/// The address of a webhook, in bytes.
pub const WEBHOOK_URL: usize = 2048;
/// An offline request, in bytes (`OF-1`).
pub const OFFLINE_REQUEST: usize = API_BODY;
/// The signed payload of an offline response, in bytes (`OF-7`).
pub const OFFLINE_RESPONSE_PAYLOAD: usize = 16 << 10;
/// An offline response, in bytes (`OF-6`): its document, and two texts at their caps whose bytes each
/// take at most six in JSON.
pub const OFFLINE_RESPONSE: usize = 13 << 20;
/// Licenses of one pack.
pub const PACK_QUANTITY: u32 = 10_000_000;
/// The fee of one license, in the smallest unit of its currency: that of the largest pack is an [`INTEGER`].
pub const LICENSE_FEE: u64 = INTEGER / PACK_QUANTITY as u64;
/// Orders of one license server that wait for their fees.
pub const UNPAID_ORDERS: usize = 100;
/// What a clearinghouse says that it offers, in bytes.
pub const OFFERED_PRODUCTS: usize = 16 << 20;
/// Human descriptions of one pack.
pub const DESCRIPTIONS: usize = 16;
/// Features of one license.
pub const FEATURES: usize = 32;
/// A certificate in DER, in bytes.
pub const CERTIFICATE: usize = 4096;
/// Certificates of one chain, the one it is about included.
pub const CERTIFICATE_CHAIN: usize = 5;
/// A file of certificates in PEM, in bytes: a chain whose base64 takes a third more, and its lines.
pub const CERTIFICATE_FILE: usize = 64 << 10;
/// A revocation list in DER, in bytes: about 340,000 certificates, each with its reason.
pub const REVOCATION_LIST: usize = 16 << 20;
/// Payload of a purchase request, in bytes.
pub const PURCHASE_ORDER_PAYLOAD: usize = CERTIFICATE_FILE + (4 << 10);
/// A license pack in JSON, in bytes: its descriptions, whose bytes each take at most six, are most of it.
pub const LICENSE_PACK: usize = 512 << 10;
/// Payload of a license pack file, in bytes.
pub const SEALED_PACK_PAYLOAD: usize = LICENSE_PACK / 3 * 4 + (4 << 10);
/// A document that carries its signer's certificates, in bytes.
pub const CERTIFIED_DOCUMENT: usize = 2 << 20;
/// Payload of what a client signs, in bytes.
pub const CLIENT_DOCUMENT_PAYLOAD: usize = 12 << 10;
/// Payload of what a license server says of its records, in bytes.
pub const RECORDS_STATEMENT_PAYLOAD: usize = 1024;
/// What a challenge comes with, in bytes.
pub const CHALLENGE_TOKEN: usize = 1024;
/// A client image, in bytes.
pub const CLIENT_IMAGE: u64 = 1 << 30;
/// Payload of what a vendor says of a client image, in bytes.
pub const CLIENT_IMAGE_PAYLOAD: usize = 2048;
/// What a gateway tells a service of a client, in bytes: a header field.
pub const IDENTITY_TOKEN: usize = 16 << 10;
/// The key set of a gateway, in bytes.
pub const KEY_SET: usize = 64 << 10;
/// A sealed license, in bytes.
pub const SEALED_LICENSE: usize = 48 << 10;
