//! A client's machine, as bad as a client can be: it speaks with the gateway by itself.

use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

use trybuy_formats::api::{
    ChallengeAnswer, LicenseAnswer, LicenseOutcome, LicenseRequest, Problem, SignedRequest,
};
use trybuy_formats::certificates::CertificateChain;
use trybuy_formats::ids::{ClientSoftwareId, Digest};
use trybuy_formats::licensing::challenge::{ChallengeResponse, Response};
use trybuy_formats::licensing::sealed_license;
use trybuy_formats::licensing::signing::{ClientKey, sign_as_client};
use trybuy_formats::licensing::upgrade::UpgradeRequest;
use trybuy_formats::primitives::{DecryptionKey, EcdsaKey};
use trybuy_formats::slug::Slug;
use trybuy_tests::command::Outcome;
use trybuy_tests::company::PRODUCT;
use trybuy_tests::company::gateway::Gateway;

use super::rules::Major;

/// What the client's executable file holds.
pub(super) const IMAGE: &[u8] = b"the image of a client that the model is";
/// Its client software id: no Windows, vendor 7, the first revision.
pub(super) const SOFTWARE_ID: &str = "0200000700000001";

/// A client.
pub(super) struct Machine<'a> {
    key: EcdsaKey,
    decryption: &'a DecryptionKey,
    /// The license that it has.
    pub(super) license: Option<CertificateChain>,
}

/// What came of a request.
pub(super) enum Came {
    License(LicenseOutcome, CertificateChain),
    Refusal(Slug),
}

impl<'a> Machine<'a> {
    pub(super) fn new(decryption: &'a DecryptionKey) -> Result<Self> {
        Ok(Self { key: EcdsaKey::generate()?, decryption, license: None })
    }

    /// Its client id.
    pub(super) fn id(&self) -> Result<String> {
        Ok(ClientKey::from_spki(self.key.spki())?.client_id().to_string())
    }

    /// Asks for a license, and gets a challenge.
    pub(super) fn ask(&self, gateway: &Gateway, version: Major) -> Result<ChallengeAnswer> {
        let request = LicenseRequest {
            client_id: ClientKey::from_spki(self.key.spki())?.client_id(),
            software_id: software_id()?,
            product_id: PRODUCT.parse()?,
            version: format!("{version}.0.0").parse()?,
        };
        let (status, answer) = post(gateway, "license-requests", &serde_json::to_value(request)?)?;
        ensure!(status == 200, "{status}: {answer}");
        Ok(serde_json::from_value(answer)?)
    }

    /// The response to a challenge, signed; a wrong one for a client with another image.
    pub(super) fn respond(
        &self,
        challenge: &ChallengeAnswer,
        version: Major,
        image: &[u8],
    ) -> Result<String> {
        let mut response = Response::to(&challenge.challenge);
        response.update(image);
        let response: Digest = response.finish();
        let held = self.license.as_ref().map(|chain| chain.leaf().der().to_vec());
        let response = ChallengeResponse {
            format: 1,
            token: challenge.token.clone(),
            response,
            software_id: software_id()?,
            product_id: PRODUCT.parse()?,
            version: format!("{version}.0.0").parse()?,
            encryption_key: self.decryption.encryption_key().spki().to_vec(),
            held_license: held,
        };
        Ok(sign_as_client(&self.key, &response)?)
    }

    /// Asks for an upgrade of the license that it has.
    pub(super) fn ask_upgrade(&self, gateway: &Gateway, version: Major) -> Result<Came> {
        let license = self.license.as_ref().context("a license")?.leaf().der().to_vec();
        let request = UpgradeRequest {
            format: 1,
            license,
            version: format!("{version}.0.0").parse()?,
            encryption_key: self.decryption.encryption_key().spki().to_vec(),
        };
        self.send(gateway, "upgrades", sign_as_client(&self.key, &request)?)
    }

    /// Sends what was signed, and opens what comes.
    pub(super) fn send(&self, gateway: &Gateway, path: &str, document: String) -> Result<Came> {
        let body = serde_json::to_value(SignedRequest { document })?;
        let (status, answer) = post(gateway, path, &body)?;
        if status != 200 {
            let problem: Problem = serde_json::from_value(answer)?;
            return Ok(Came::Refusal(problem.slug));
        }
        let answer: LicenseAnswer = serde_json::from_value(answer)?;
        let license = sealed_license::open(self.decryption, &answer.license)?;
        let der = license.leaf().der();
        let is_readable = answer.license.windows(der.len()).any(|piece| piece == der);
        ensure!(!is_readable, "the gateway can read the license");
        Ok(Came::License(answer.outcome, license))
    }
}

fn software_id() -> Result<ClientSoftwareId> {
    Ok(SOFTWARE_ID.parse()?)
}

/// Sends JSON to a gateway. Answers the status and the JSON that came.
fn post(gateway: &Gateway, path: &str, body: &Value) -> Result<(u16, Value)> {
    let mut curl = Command::new("curl");
    curl.args(["--silent", "--show-error", "--max-time", "60", "--write-out", "\n%{http_code}"]);
    curl.arg("--cacert").arg(gateway.certificate());
    curl.args(["--header", "Content-Type: application/json", "--data-binary", "@-"]);
    curl.arg(format!("{}/.well-known/trybuy/{path}", gateway.url()));
    let outcome = Outcome::with_input(&mut curl, body.to_string().as_bytes())?.success()?;
    let (answer, status) = outcome.stdout.rsplit_once('\n').context("a status")?;
    let answer = serde_json::from_str(answer).with_context(|| format!("no JSON: {answer}"))?;
    Ok((status.parse()?, answer))
}
