//! What the gateway asks its license server in its own name, signed with its key (`RQ`).

use axum::http::{StatusCode, header};
use serde::Serialize;
use serde::de::DeserializeOwned;
use trybuy_formats::api::{
    GatewayLicenseRequest, LicenseAnswer, Problem, SeenAnswer, SeenLicenses,
};
use trybuy_formats::instant::Instant;
use trybuy_formats::keys::key_id;
use trybuy_formats::licensing::sealed_license;
use trybuy_formats::primitives::{DecryptionKey, RequestSignatureKey};
use trybuy_formats::request_signature::{self, Request};
use trybuy_formats::slug::Slug;

use super::contact::GatewayRefused;
use super::license_server::{LicenseServer, LicenseServerError, parse, read_answer};
use super::requirement::Requirement;
use crate::error::ApiError;
use crate::store::GatewayClient;

/// The keys that a gateway has for its license server.
pub struct OwnKeys {
    /// Signs its requests. The license server knows the public half.
    pub request: RequestSignatureKey,
    /// Opens the licenses of the clients that it holds licenses for.
    pub decryption: DecryptionKey,
}

impl LicenseServer {
    /// Asks for the license of a client that the gateway holds licenses for: in PEM, not verified.
    ///
    /// # Errors
    /// What the license server refuses, and when it does not answer.
    pub(super) async fn request_for(
        &self,
        client: &GatewayClient,
        requirement: &Requirement,
        now: Instant,
    ) -> Result<String, ApiError> {
        let request = GatewayLicenseRequest {
            client_key: client.client_key.clone(),
            encryption_key: self.keys.decryption.encryption_key().spki().to_vec(),
            platform_type: client.platform_type,
            product_id: requirement.product_id.clone(),
            version: requirement.version.clone(),
            features: requirement.features.clone(),
        };
        let answer = self.ask_signed("gateways/licenses", &request, now).await?;
        let answer: LicenseAnswer = answer.map_err(|problem| self.refused_for_client(problem))?;
        self.asked.notify_one();
        let license = sealed_license::open(&self.keys.decryption, &answer.license);
        Ok(license.map_err(ApiError::fault)?.to_pem())
    }

    /// Shows what it said of its records, and licenses that clients have presented.
    ///
    /// # Errors
    /// What the license server refuses, and when it does not answer.
    pub(super) async fn report(
        &self,
        seen: &SeenLicenses,
        now: Instant,
    ) -> Result<SeenAnswer, ApiError> {
        let answer = self.ask_signed("gateways/seen", seen, now).await?;
        answer.map_err(|problem| self.refused(problem))
    }

    /// What the license server answers, or what it says against it.
    async fn ask_signed<A: DeserializeOwned>(
        &self,
        path: &str,
        body: &impl Serialize,
        now: Instant,
    ) -> Result<Result<A, Problem>, ApiError> {
        let url = self.address(path);
        let body = serde_json::to_vec(body).map_err(ApiError::fault)?;
        let parsed: url::Url = url.parse().map_err(ApiError::fault)?;
        let request = Request { method: "POST", path: parsed.path(), query: None, body: &body };
        let id = key_id(&self.keys.request.public_key()).to_string();
        let fields = request_signature::sign(&self.keys.request, &id, &request, now);
        let request = self
            .client()
            .post(url)
            .header(header::CONTENT_TYPE, "application/json")
            .header("content-digest", fields.content_digest)
            .header("signature-input", fields.signature_input)
            .header("signature", fields.signature)
            .body(body);
        let answer = request.send().await.map_err(LicenseServerError::from)?;
        let status = answer.status();
        let answer = read_answer(answer).await?;
        if status.is_success() {
            self.contact.confirm();
            return Ok(Ok(parse(status, &answer)?));
        }
        Ok(Err(parse(status, &answer)?))
    }

    /// A refusal of what is asked for a client. What cannot be asked for this one says nothing of the gateway, which
    /// may ask for others.
    fn refused_for_client(&self, problem: Problem) -> ApiError {
        if problem.slug == Slug::BadRequest {
            return told(GatewayRefused::Request(problem.title));
        }
        self.refused(problem)
    }

    /// A refusal of the license server, as the client is told of it.
    fn refused(&self, problem: Problem) -> ApiError {
        let refused = match problem.slug {
            Slug::GatewayNotRegistered => GatewayRefused::not_registered(&self.keys.request),
            Slug::ClockSkew => GatewayRefused::Clock,
            Slug::Unauthorized | Slug::Forbidden | Slug::BadRequest => {
                GatewayRefused::Request(problem.title)
            }
            slug => {
                let error = ApiError::new(slug, problem.title);
                return problem.help.into_iter().fold(error, ApiError::help);
            }
        };
        self.contact.refuse(refused.clone());
        told(refused)
    }
}

/// The client did nothing wrong, whatever the status was that the gateway got.
fn told(refused: GatewayRefused) -> ApiError {
    ApiError::from(refused).status(StatusCode::SERVICE_UNAVAILABLE)
}
