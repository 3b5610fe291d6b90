//! The server format, Builder licenses and sealed states.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde_json::{Value, json};
use trybuy_formats::builder_license::BuilderLicense;
use trybuy_formats::expiry::TrialState;
use trybuy_formats::ids::{Digest, TrialId};
use trybuy_formats::keys::{LicenseSecret, key_id};
use trybuy_formats::primitives::{DecryptionKey, VerificationKey, sha256};
use trybuy_formats::sealed_state;
use trybuy_formats::server_format::{check, read_prefix};
use trybuy_formats::signed::{self, Verified};

use super::classes::Refused;
use super::set::{Keys, bytes};

/// The label of the license secret (`BL-3`).
const SECRET_LABEL: &[u8] = b"trybuy/v1/license-secret";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Server {
    file: String,
}

pub(crate) fn server(given: Server) -> Result<Value, Refused> {
    let file = bytes(&given.file);
    let manifest = check(&file)?;
    let (_, sections_at) = read_prefix(&file)?;
    let sections = &file[usize::try_from(sections_at).unwrap()..];
    let digest = |range: std::ops::Range<u64>| {
        let range = usize::try_from(range.start).unwrap()..usize::try_from(range.end).unwrap();
        Digest::from_bytes(sha256(&sections[range]))
    };
    Ok(json!({
        "manifest": manifest,
        "documentation_digest": digest(manifest.sections.documentation_range()),
        "terms_digest": digest(manifest.sections.terms_range()),
        "relicensing_digest": digest(manifest.sections.relicensing_range()),
        "program_size": manifest.program_size,
        "program_digest": manifest.program_digest,
    }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct License {
    builder_key: String,
    server_key: String,
    document: String,
}

pub(crate) fn license(keys: &Keys, given: License) -> Result<Value, Refused> {
    let (builder, server) = (keys.builder(&given.builder_key), keys.server(&given.server_key));
    let (license, secret) = open_license(&given.document, &builder, &server)?;
    // A license secret cannot be read; sealed again, it opens to its bytes.
    let sealed = secret.seal_to(&builder.encryption_key()).unwrap();
    let secret = builder.unwrap(SECRET_LABEL, &sealed).unwrap();
    let payload: Value = serde_json::from_slice(license.payload()).unwrap();
    Ok(json!({ "license": payload, "secret": URL_SAFE_NO_PAD.encode(&*secret) }))
}

/// A Builder license and its secret (`BL-2`, `BL-3`).
pub(crate) fn open_license(
    document: &str,
    builder: &DecryptionKey,
    server: &VerificationKey,
) -> Result<(Verified<BuilderLicense>, LicenseSecret), Refused> {
    let license = signed::open::<BuilderLicense>(server, document)?;
    if license.builder_key_id != key_id(builder.encryption_key().spki()) {
        return Err(Refused::WRONG_KEY);
    }
    let secret = LicenseSecret::unseal(builder, &license.sealed_secret);
    Ok((license, secret.map_err(|_| Refused::DAMAGED)?))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct State {
    secret: String,
    name: TrialId,
    file: String,
}

pub(crate) fn state(keys: &Keys, given: State) -> Result<Value, Refused> {
    // Only a Builder's key makes a license secret of bytes.
    let builder = keys.builder("builder");
    let sealed = builder.encryption_key().wrap(SECRET_LABEL, &bytes(&given.secret)).unwrap();
    let secret = LicenseSecret::unseal(&builder, &sealed).unwrap();
    let name = given.name.to_string();
    let state: TrialState = sealed_state::open(&secret, &name, &bytes(&given.file))?;
    Ok(json!({ "state": state }))
}
