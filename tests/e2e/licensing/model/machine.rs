//! A client's machine, as bad as a client can be: it speaks with the gateway by itself.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use trybuy_formats::api::{
    ChallengeAnswer, LicenseAnswer, LicenseOutcome, LicenseRequest, Problem, SignedRequest,
};
use trybuy_formats::certificates::CertificateChain;
use trybuy_formats::ids::{ClientSoftwareId, Label, PlatformType, Version};
use trybuy_formats::licensing::challenge::{ChallengeResponse, Response};
use trybuy_formats::licensing::sealed_license;
use trybuy_formats::licensing::signing::{ClientKey, sign_as_client};
use trybuy_formats::licensing::upgrade::UpgradeRequest;
use trybuy_formats::primitives::{DecryptionKey, EcdsaKey};
use trybuy_formats::slug::Slug;
use trybuy_tests::command::Outcome;
use trybuy_tests::company::PRODUCT;
use trybuy_tests::company::gateway::Gateway;

use super::rules::{Features, License, Major, Wish};
use super::secrecy;

/// What the client's executable file holds.
pub(super) const IMAGE: &[u8] = b"the image of a client that the model is";

/// Its client software id on a platform, the first revision, and the vendor's number.
pub(super) fn software_of(platform: PlatformType) -> (&'static str, u32) {
    match platform {
        PlatformType::Windows => ("0100000800000001", 8),
        _ => ("0200000700000001", 7),
    }
}

/// A client.
pub(super) struct Machine {
    key: EcdsaKey,
    platform: PlatformType,
    decryption: &'static DecryptionKey,
    /// Its key in a file, for other software.
    key_file: PathBuf,
    /// The licenses that it ever got, the last one at the end: a clone of it may still have any of them.
    pub(super) licenses: Vec<License>,
}

/// What came of a request.
pub(super) enum Came {
    License(LicenseOutcome, CertificateChain),
    Refusal(Slug),
}

/// A signed document, and where it goes.
pub(super) struct Letter {
    path: &'static str,
    document: String,
}

impl Machine {
    pub(super) fn new(
        folder: &Path,
        platform: PlatformType,
        decryption: &'static DecryptionKey,
    ) -> Result<Self> {
        let key = EcdsaKey::generate()?;
        let encoded = STANDARD.encode(&*key.to_pkcs8()?);
        let id = ClientKey::from_spki(key.spki())?.client_id();
        let key_file = folder.join(format!("{id}.key"));
        let pem = format!("-----BEGIN PRIVATE KEY-----\n{encoded}\n-----END PRIVATE KEY-----\n");
        std::fs::write(&key_file, pem)?;
        Ok(Self { key, platform, decryption, key_file, licenses: Vec::new() })
    }

    /// Its client id.
    pub(super) fn id(&self) -> Result<String> {
        Ok(ClientKey::from_spki(self.key.spki())?.client_id().to_string())
    }

    fn software_id(&self) -> Result<ClientSoftwareId> {
        Ok(software_of(self.platform).0.parse()?)
    }

    /// Asks for a license, gets a challenge, and signs what it would answer; a wrong answer with another image.
    pub(super) fn respond(
        &self,
        gateway: &Gateway,
        wish: &Wish,
        image: &[u8],
        held: Option<&CertificateChain>,
    ) -> Result<Letter> {
        let challenge = self.ask(gateway, wish)?;
        let mut response = Response::to(&challenge.challenge);
        response.update(image);
        let response = ChallengeResponse {
            format: 1,
            token: challenge.token,
            response: response.finish(),
            software_id: self.software_id()?,
            product_id: PRODUCT.parse()?,
            version: version(wish.version)?,
            features: labels(wish.features)?,
            encryption_key: self.decryption.encryption_key().spki().to_vec(),
            held_license: held.map(|chain| chain.leaf().der().to_vec()),
        };
        let document = sign_as_client(&self.key, &response)?;
        Ok(Letter { path: "challenge-responses", document })
    }

    fn ask(&self, gateway: &Gateway, wish: &Wish) -> Result<ChallengeAnswer> {
        let request = LicenseRequest {
            client_id: ClientKey::from_spki(self.key.spki())?.client_id(),
            software_id: self.software_id()?,
            product_id: PRODUCT.parse()?,
            version: version(wish.version)?,
            features: labels(wish.features)?,
        };
        let answer = post(gateway, "license-requests", &serde_json::to_value(request)?)?;
        ensure!(answer.status == 200, "{}", answer.all);
        Ok(serde_json::from_value(answer.json)?)
    }

    /// Signs a request to upgrade a license.
    pub(super) fn ask_upgrade(&self, license: &CertificateChain, wish: &Wish) -> Result<Letter> {
        let request = UpgradeRequest {
            format: 1,
            license: license.leaf().der().to_vec(),
            version: version(wish.version)?,
            features: labels(wish.features)?,
            encryption_key: self.decryption.encryption_key().spki().to_vec(),
        };
        Ok(Letter { path: "upgrades", document: sign_as_client(&self.key, &request)? })
    }

    /// Sends what was signed, and opens what comes.
    pub(super) fn send(&self, gateway: &Gateway, letter: &Letter) -> Result<Came> {
        let body = serde_json::to_value(SignedRequest { document: letter.document.clone() })?;
        let Answer { status, json, all } = post(gateway, letter.path, &body)?;
        if status != 200 {
            let problem: Problem = serde_json::from_value(json)?;
            return Ok(Came::Refusal(problem.slug));
        }
        let answer: LicenseAnswer = serde_json::from_value(json.clone())?;
        let license = sealed_license::open(self.decryption, &answer.license)?;
        let is_readable = secrecy::is_readable(all.as_bytes(), &json, &license)?;
        ensure!(!is_readable, "the gateway can read the license: {all}");
        Ok(Came::License(answer.outcome, license))
    }

    /// Uses the service with a license. Answers what came.
    pub(super) fn connect(&self, gateway: &Gateway, license: &CertificateChain) -> Result<String> {
        let certificate = self.key_file.with_extension("pem");
        std::fs::write(&certificate, license.to_pem())?;
        let mut curl = Command::new("curl");
        curl.args(["--silent", "--show-error", "--max-time", "60"]);
        curl.arg("--cacert").arg(gateway.certificate());
        curl.arg("--cert").arg(&certificate).arg("--key").arg(&self.key_file);
        let outcome = Outcome::of(curl.arg(format!("{}/", gateway.url())))?;
        Ok(outcome.success()?.stdout)
    }
}

fn version(major: Major) -> Result<Version> {
    Ok(format!("{major}.0.0").parse()?)
}

fn labels(features: Features) -> Result<Vec<Label>> {
    Ok(features.names().iter().map(|name| name.parse()).collect::<Result<_, _>>()?)
}

/// What a gateway answered.
struct Answer {
    status: u16,
    json: Value,
    /// All that came, with the header.
    all: String,
}

/// Sends JSON to a gateway, and gets JSON.
fn post(gateway: &Gateway, path: &str, body: &Value) -> Result<Answer> {
    let mut curl = Command::new("curl");
    curl.args(["--silent", "--show-error", "--max-time", "60", "--include"]);
    curl.args(["--write-out", "\n%{http_code}"]);
    curl.arg("--cacert").arg(gateway.certificate());
    curl.args(["--header", "Content-Type: application/json", "--data-binary", "@-"]);
    curl.arg(format!("{}/.well-known/trybuy/{path}", gateway.url()));
    let outcome = Outcome::with_input(&mut curl, body.to_string().as_bytes())?.success()?;
    let (all, status) = outcome.stdout.rsplit_once('\n').context("a status")?;
    let (_, body) = all.rsplit_once("\r\n\r\n").context("a header")?;
    let json = serde_json::from_str(body).with_context(|| format!("no JSON: {all}"))?;
    Ok(Answer { status: status.parse()?, json, all: all.to_owned() })
}
