//! A Builder as the server sees it.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use reqwest::Method;
use serde::Serialize;
use trybuy_formats::api::{
    AcceptanceProof, BuilderLicenseAnswer, RegisterBuilder, RenewBuilderLicense, RequestTrial,
    TrialAnswer,
};
use trybuy_formats::builder_license::BuilderLicense;
use trybuy_formats::control::ControlInformation;
use trybuy_formats::execution_format::ProgramMemory;
use trybuy_formats::expiry::{TrialState, TrustedTime};
use trybuy_formats::ids::Digest;
use trybuy_formats::instant::Instant;
use trybuy_formats::keys::LicenseSecret;
use trybuy_formats::primitives::{DecryptionKey, RequestSignatureKey, VerificationKey};
use trybuy_formats::request_signature::{Request, SignatureFields, sign};
use trybuy_formats::signed::{self, Verified};
use trybuy_formats::transmission::{Opened, VerifiedFile};

use super::{APPLICATION, Answer, PLATFORM, TestServer, keys};

/// A registered Builder.
pub(crate) struct TestBuilder {
    pub(crate) request_key: RequestSignatureKey,
    pub(crate) license: Verified<BuilderLicense>,
    decryption_key: DecryptionKey,
}

/// A change on the way from the Builder to the server.
pub(crate) type Change = fn(&mut SignatureFields, &mut String, &mut Vec<u8>);

/// Acceptance of terms, without name or code.
pub(crate) fn accept(terms: &serde_json::Value) -> AcceptanceProof {
    let terms_digest: Digest = terms.as_str().and_then(|text| text.parse().ok()).expect("a digest");
    AcceptanceProof { terms_digest, name: None, code: None }
}

/// Who holds the Builders with the shared keys: three people.
pub(crate) const HOLDERS: [&str; 3] = ["ada@example.com", "bob@example.com", "eve@example.com"];

/// What a Builder with one of the shared keys sends to register.
pub(crate) async fn registration(
    server: &TestServer,
    key: usize,
    request_key: &RequestSignatureKey,
) -> RegisterBuilder {
    RegisterBuilder {
        decryption_key: keys::decryption(key).encryption_key().spki().to_vec(),
        request_key: request_key.public_key().to_vec(),
        platform: PLATFORM.parse().expect("a platform"),
        version: "0.1.0".parse().expect("a version"),
        name: "Ada Lovelace".parse().expect("a name"),
        email: HOLDERS[key].parse().expect("an address"),
        terms_digest: server.info().await.builder_terms_digest,
    }
}

/// Registers with a request signed by `signer`.
pub(crate) async fn register(
    server: &TestServer,
    signer: &RequestSignatureKey,
    request: &RegisterBuilder,
) -> Answer {
    let id = URL_SAFE_NO_PAD.encode(signer.public_key());
    send(server, signer, &id, Method::POST, "/api/v1/builders", &json(request), server.now(), None)
        .await
}

impl TestBuilder {
    /// Registers with one of the three shared decryption keys, each of which has its holder.
    pub(crate) async fn register(server: &TestServer, key: usize) -> Self {
        Self::register_as(server, key, HOLDERS[key]).await
    }

    /// The same with another address.
    pub(crate) async fn register_as(server: &TestServer, key: usize, email: &str) -> Self {
        let request_key = RequestSignatureKey::generate().expect("a key");
        let mut request = registration(server, key, &request_key).await;
        request.email = email.parse().expect("an address");
        let answer: BuilderLicenseAnswer = register(server, &request_key, &request).await.json(201);
        let license = signed::open(&server_key(), &answer.license).expect("a license");
        Self { request_key, license, decryption_key: keys::decryption(key) }
    }

    /// Sends a signed request.
    pub(crate) async fn send(
        &self,
        server: &TestServer,
        method: Method,
        path: &str,
        body: &impl Serialize,
    ) -> Answer {
        self.send_changed(server, method, path, &json(body), server.now(), None).await
    }

    /// Sends a signed request without a body.
    pub(crate) async fn send_empty(
        &self,
        server: &TestServer,
        method: Method,
        path: &str,
    ) -> Answer {
        self.send_changed(server, method, path, &[], server.now(), None).await
    }

    /// Sends a request that is signed at some time and then changed.
    pub(crate) async fn send_changed(
        &self,
        server: &TestServer,
        method: Method,
        path: &str,
        body: &[u8],
        created: Instant,
        change: Option<Change>,
    ) -> Answer {
        let id = self.license.license_id.to_string();
        send(server, &self.request_key, &id, method, path, body, created, change).await
    }

    /// Asks for a trial of the application that most tests publish.
    pub(crate) async fn ask(
        &self,
        server: &TestServer,
        acceptance: Option<AcceptanceProof>,
    ) -> Answer {
        let platform = PLATFORM.parse().expect("a platform");
        let request =
            RequestTrial { platform, version: None, renews: None, used_up: None, acceptance };
        self.ask_for(server, APPLICATION, &request).await
    }

    pub(crate) async fn ask_for(
        &self,
        server: &TestServer,
        application: &str,
        request: &RequestTrial,
    ) -> Answer {
        let path = format!("/api/v1/applications/{application}/trials");
        self.send(server, Method::POST, &path, request).await
    }

    /// Asks for a trial with passive acceptance.
    pub(crate) async fn ask_accepting(&self, server: &TestServer) -> Answer {
        let terms = server.application().await["terms_digest"].clone();
        self.ask(server, Some(accept(&terms))).await
    }

    /// Gets a new trial with passive acceptance.
    pub(crate) async fn try_it(&self, server: &TestServer) -> TrialAnswer {
        self.ask_accepting(server).await.json(201)
    }

    /// Gets another license, as after a change of what the server knows of its holder.
    pub(crate) async fn renew(&mut self, server: &TestServer) {
        let terms_digest = server.info().await.builder_terms_digest;
        let request = RenewBuilderLicense { terms_digest };
        let answer: BuilderLicenseAnswer =
            self.send(server, Method::POST, "/api/v1/builders/license", &request).await.json(200);
        self.license = signed::open(&server_key(), &answer.license).expect("a license");
    }

    /// A downloaded file with its control information verified.
    fn verified(&self, file: Vec<u8>) -> VerifiedFile<Vec<u8>> {
        let secret = LicenseSecret::unseal(&self.decryption_key, &self.license.sealed_secret)
            .expect("sealed to this Builder");
        let opened = Opened::open(file, &self.decryption_key).expect("opened");
        opened.verify(&server_key(), &self.license, &secret).expect("verified")
    }

    /// The control information of a downloaded file.
    pub(crate) fn control(&self, file: Vec<u8>) -> ControlInformation {
        ControlInformation::clone(self.verified(file).control())
    }

    /// The program out of a downloaded file, by way of every check that a Builder makes.
    pub(crate) fn decode(&self, file: Vec<u8>, now: Instant) -> Vec<u8> {
        let verified = self.verified(file);
        let size = usize::try_from(verified.control().program_size).expect("small");
        let version = "0.1.0".parse().expect("a version");
        let allowed = verified
            .authorize(&version, TrustedTime::vouch(now), &TrialState::default())
            .expect("authorized");
        let memory = Memory(std::sync::Mutex::new(vec![0; size]));
        let program = allowed.decode_into(memory, 2).expect("decoded");
        program.into_memory().0.into_inner().expect("not poisoned")
    }
}

/// The key that a Builder pins.
pub(crate) fn server_key() -> VerificationKey {
    keys::signature().verification_key()
}

struct Memory(std::sync::Mutex<Vec<u8>>);

impl ProgramMemory for Memory {
    fn write_at(&self, offset: u64, bytes: &[u8]) -> std::io::Result<()> {
        let start = usize::try_from(offset).map_err(std::io::Error::other)?;
        self.0.lock().expect("not poisoned")[start..start + bytes.len()].copy_from_slice(bytes);
        Ok(())
    }
}

fn json(body: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(body).expect("JSON")
}

#[expect(clippy::too_many_arguments, reason = "the parts of a request, each changed by some test")]
async fn send(
    server: &TestServer,
    key: &RequestSignatureKey,
    key_id: &str,
    method: Method,
    path: &str,
    body: &[u8],
    created: Instant,
    change: Option<Change>,
) -> Answer {
    let (path_alone, query) =
        path.split_once('?').map_or((path, None), |(path, query)| (path, Some(query)));
    let request = Request { method: method.as_str(), path: path_alone, query, body };
    let mut fields = sign(key, key_id, &request, created);
    let (mut path, mut body) = (path.to_owned(), body.to_vec());
    if let Some(change) = change {
        change(&mut fields, &mut path, &mut body);
    }
    let request = server
        .client
        .request(method, format!("{}{path}", server.url))
        .header("Content-Digest", fields.content_digest)
        .header("Signature-Input", fields.signature_input)
        .header("Signature", fields.signature)
        .body(body);
    Answer::of(request).await
}
