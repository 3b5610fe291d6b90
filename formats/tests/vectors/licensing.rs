//! The documents of the licensing system and its sealed messages.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde_json::{Value, json};
use trybuy_formats::certificates::{Authorities, Certificate, Role};
use trybuy_formats::instant::Instant;
use trybuy_formats::keys::{Purpose, open_message};
use trybuy_formats::licensing::challenge::{ChallengeResponse, Response};
use trybuy_formats::licensing::client_image::ClientImage;
use trybuy_formats::licensing::identity::Identity;
use trybuy_formats::licensing::order::PurchaseOrder;
use trybuy_formats::licensing::pack::SealedPack;
use trybuy_formats::licensing::records::RecordsStatement;
use trybuy_formats::licensing::signing::{open_certified, open_from_client};
use trybuy_formats::licensing::upgrade::UpgradeRequest;
use trybuy_formats::primitives::DecryptionKey;
use trybuy_formats::signed::{Document, Verified};

use super::classes::Refused;
use super::set::bytes;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Certified {
    authorities: String,
    at: Instant,
    r#type: String,
    document: String,
}

pub(crate) fn certified(given: &Certified) -> Result<Value, Refused> {
    match given.r#type.as_str() {
        ClientImage::TYPE => {
            let (signer, image) = open::<ClientImage>(given, Role::ImageVendor)?;
            let vendor = image.software_id.vendor().to_string();
            signed_by(&signer, Some(vendor), image.payload())
        }
        PurchaseOrder::TYPE => {
            let (signer, order) = open::<PurchaseOrder>(given, Role::LicenseIssuer)?;
            signed_by(&signer, Some(order.license_server.to_string()), order.payload())
        }
        RecordsStatement::TYPE => {
            let (signer, statement) = open::<RecordsStatement>(given, Role::LicenseIssuer)?;
            signed_by(&signer, Some(statement.license_server.to_string()), statement.payload())
        }
        SealedPack::TYPE => {
            let (signer, pack) = open::<SealedPack>(given, Role::Clearinghouse)?;
            signed_by(&signer, None, pack.payload())
        }
        other => unreachable!("no type {other}"),
    }
}

fn open<T: Document>(given: &Certified, role: Role) -> Result<(Certificate, Verified<T>), Refused> {
    let authorities = Authorities::from_pem(&given.authorities)?;
    Ok(open_certified(&authorities, role, given.at, &given.document)?)
}

/// The result, where the signer is who the document says it is.
fn signed_by(
    signer: &Certificate,
    named: Option<String>,
    payload: &[u8],
) -> Result<Value, Refused> {
    let subject = signer.subject_id();
    if named.is_some() && named != subject {
        return Err(Refused::MALFORMED);
    }
    Ok(json!({ "subject_id": subject, "payload": value(payload) }))
}

fn value(json: &[u8]) -> Value {
    serde_json::from_slice(json).unwrap()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct OfClient {
    r#type: String,
    document: String,
}

pub(crate) fn client(given: &OfClient) -> Result<Value, Refused> {
    match given.r#type.as_str() {
        ChallengeResponse::TYPE => opened::<ChallengeResponse>(&given.document),
        UpgradeRequest::TYPE => opened::<UpgradeRequest>(&given.document),
        other => unreachable!("no type {other}"),
    }
}

fn opened<T: Document>(document: &str) -> Result<Value, Refused> {
    let (client, opened) = open_from_client::<T>(document)?;
    Ok(json!({ "client_id": client.client_id(), "payload": value(opened.payload()) }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Pack {
    authorities: String,
    at: Instant,
    key: String,
    document: String,
}

pub(crate) fn pack(given: &Pack) -> Result<Value, Refused> {
    let authorities = Authorities::from_pem(&given.authorities)?;
    let key = DecryptionKey::from_pkcs8(&bytes(&given.key)).unwrap();
    let (role, document) = (Role::Clearinghouse, &given.document);
    let (signer, sealed) = open_certified::<SealedPack>(&authorities, role, given.at, document)?;
    let pack = sealed.open(&key)?;
    if signer.subject_id() != Some(pack.clearinghouse.to_string()) {
        return Err(Refused::MALFORMED);
    }
    Ok(json!({ "pack": pack }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Token {
    keys: String,
    token: String,
    at: Instant,
}

pub(crate) fn identity(given: &Token) -> Result<Value, Refused> {
    Ok(json!({ "claims": Identity::open(&given.token, &given.keys, given.at)? }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Challenge {
    challenge: String,
    image: String,
}

/// The image in pieces, as a client reads it.
pub(crate) fn challenge(given: &Challenge) -> Value {
    let mut response = Response::to(&bytes(&given.challenge));
    for piece in bytes(&given.image).chunks(7) {
        response.update(piece);
    }
    json!({ "response": response.finish() })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Message {
    key: String,
    purpose: String,
    sealed: String,
}

pub(crate) fn message(given: &Message) -> Result<Value, Refused> {
    let key = DecryptionKey::from_pkcs8(&bytes(&given.key)).unwrap();
    let purpose = match given.purpose.as_str() {
        "license-pack" => Purpose::LicensePack,
        "seat-license" => Purpose::SeatLicense,
        other => unreachable!("no purpose {other}"),
    };
    let message = open_message(purpose, &key, &bytes(&given.sealed));
    let message = message.map_err(|_| Refused::DAMAGED)?;
    Ok(json!({ "message": URL_SAFE_NO_PAD.encode(&*message) }))
}
