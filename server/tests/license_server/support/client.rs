//! A client 30: its keys, its image, and what it asks.

use trybuy_formats::api::{
    ChallengeAnswer, LicenseAnswer, LicenseOutcome, LicenseRequest, SignedRequest,
};
use trybuy_formats::certificates::VerifiedLicense;
use trybuy_formats::ids::{ClientId, Digest, Label};
use trybuy_formats::keys::key_id;
use trybuy_formats::licensing::challenge::{ChallengeResponse, Response};
use trybuy_formats::licensing::sealed_license;
use trybuy_formats::licensing::signing::sign_as_client;
use trybuy_formats::licensing::upgrade::UpgradeRequest;
use trybuy_formats::primitives::{DecryptionKey, EcdsaKey};
use trybuy_formats::signed::Document;

use super::{Answer, TestServer};

/// The image of every right client.
pub(crate) const IMAGE: &[u8] = b"the client's executable file";

/// A client.
pub(crate) struct TestClient {
    pub(crate) key: EcdsaKey,
    pub(crate) decryption: DecryptionKey,
    pub(crate) image: Vec<u8>,
    /// What it asks for beside a version.
    pub(crate) features: Vec<Label>,
}

impl TestClient {
    pub(crate) fn new() -> Self {
        Self {
            key: EcdsaKey::generate().expect("a key"),
            decryption: DecryptionKey::generate().expect("a key"),
            image: IMAGE.to_vec(),
            features: Vec::new(),
        }
    }

    pub(crate) fn id(&self) -> ClientId {
        ClientId::from_bytes(*key_id(self.key.spki()).as_bytes())
    }

    pub(crate) fn request(&self, version: &str) -> LicenseRequest {
        LicenseRequest {
            client_id: self.id(),
            software_id: "0200000100000001".parse().expect("a software id"),
            product_id: "com.example.desk".parse().expect("a product"),
            version: version.parse().expect("a version"),
            features: self.features.clone(),
        }
    }

    pub(crate) async fn challenge(&self, server: &TestServer, version: &str) -> ChallengeAnswer {
        server.post("license-requests", &self.request(version)).await.json(200)
    }

    /// The response to a challenge.
    pub(crate) fn response(&self, challenge: &ChallengeAnswer, version: &str) -> ChallengeResponse {
        let request = self.request(version);
        let mut response = Response::to(&challenge.challenge);
        response.update(&self.image);
        ChallengeResponse {
            format: 1,
            token: challenge.token.clone(),
            response: response.finish(),
            software_id: request.software_id,
            product_id: request.product_id,
            version: request.version,
            features: request.features,
            encryption_key: self.decryption.encryption_key().spki().to_vec(),
            held_license: None,
        }
    }

    pub(crate) async fn send<T: Document>(
        &self,
        server: &TestServer,
        path: &str,
        document: &T,
    ) -> Answer {
        let document = sign_as_client(&self.key, document).expect("signed");
        server.post(path, &SignedRequest { document }).await
    }

    /// Asks for a license, from the request to the answer.
    pub(crate) async fn ask(&self, server: &TestServer, version: &str) -> Answer {
        let challenge = self.challenge(server, version).await;
        self.send(server, "challenge-responses", &self.response(&challenge, version)).await
    }

    /// Asks for a license, and gets one.
    pub(crate) async fn license(
        &self,
        server: &TestServer,
        version: &str,
    ) -> (LicenseOutcome, VerifiedLicense) {
        self.open(server, &self.ask(server, version).await)
    }

    /// The license in an answer, as only this client can read it.
    pub(crate) fn open(
        &self,
        server: &TestServer,
        answer: &Answer,
    ) -> (LicenseOutcome, VerifiedLicense) {
        let LicenseAnswer { outcome, license } = answer.json(200);
        let chain = sealed_license::open(&self.decryption, &license).expect("opened");
        let now = server.now().min(chain.leaf().not_after());
        let verified = server.authority.authorities().verify_license(&chain, now);
        (outcome, verified.expect("a license"))
    }

    /// Asks for an upgrade of a license.
    pub(crate) async fn upgrade(
        &self,
        server: &TestServer,
        license: &VerifiedLicense,
        version: &str,
    ) -> Answer {
        let request = self.upgrade_request(license, version);
        self.send(server, "upgrades", &request).await
    }

    pub(crate) fn upgrade_request(
        &self,
        license: &VerifiedLicense,
        version: &str,
    ) -> UpgradeRequest {
        UpgradeRequest {
            format: 1,
            license: license.certificate().der().to_vec(),
            version: version.parse().expect("a version"),
            features: self.features.clone(),
            encryption_key: self.decryption.encryption_key().spki().to_vec(),
        }
    }
}

/// A response that no challenge has.
pub(crate) fn wrong() -> Digest {
    Digest::from_bytes([9; 32])
}
