//! The way to the license server.
//!
//! "The intermediate server acts as a proxy for the client" (SL, "New License Grant"). What is passed on is
//! signed by the client or encrypted to it, so that the gateway can read no license and ask for none in the
//! name of another.

use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::{StatusCode, header};
use axum::response::Response;
use serde::de::DeserializeOwned;
use tokio::sync::Notify;
use trybuy_formats::api::{self, LicenseServerInfo, Problem};
use trybuy_formats::limits;
use trybuy_formats::slug::Slug;
use url::Url;

use super::contact::Contact;
use super::own_requests::OwnKeys;
use crate::refusal::Refusal;

/// How long the license server may take.
const TIMEOUT: Duration = Duration::from_secs(20);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// How long it may take before the gateway's health says that it does not answer.
const IN_TIME: Duration = Duration::from_secs(5);
/// When to try again what it did not answer.
const PAUSE: Duration = Duration::from_secs(30);
/// The largest answer that is read, in bytes, but for a revocation list: several times a sealed license or
/// a chain of certificates.
const ANSWER: usize = 256 << 10;

/// A license server, as its gateway reaches it.
pub struct LicenseServer {
    client: reqwest::Client,
    base: Url,
    pub(super) keys: OwnKeys,
    pub(super) contact: Contact,
    /// Told with each answer to what may have been decided.
    pub(super) asked: Notify,
}

/// The license server gives no answer that is one.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LicenseServerError {
    /// It gives none.
    #[error("the license server does not answer")]
    Unreachable(#[from] reqwest::Error),
    /// It gives more than anything it has to say.
    #[error("the license server's answer is too large")]
    TooLarge,
    /// It gives something else.
    #[error("the license server's answer, with the HTTP status {status}, cannot be read")]
    Malformed {
        /// The status.
        status: StatusCode,
        /// Why not.
        #[source]
        source: serde_json::Error,
    },
    /// It says that it failed, as where its database is away, or something between says that it cannot be reached.
    #[error("the license server failed")]
    Failed,
}

impl LicenseServerError {
    /// What the operator of the gateway can do.
    pub(super) const OPERATOR_HELP: &str = "see whether the license server runs, and whether `[license_server] url` is right; \
                                            the log has the reason";
}

impl Refusal for LicenseServerError {
    fn slug(&self) -> Slug {
        Slug::LicenseServerUnreachable
    }

    fn help(&self) -> Option<String> {
        let help = "try again later; whoever has a valid license goes on working meanwhile";
        Some(help.to_owned())
    }

    fn wait(&self) -> Option<Duration> {
        Some(PAUSE)
    }
}

impl LicenseServer {
    /// The license server at an address.
    ///
    /// # Errors
    /// When the library fails.
    pub fn new(base: Url, keys: OwnKeys) -> Result<Self, reqwest::Error> {
        let client = reqwest::Client::builder()
            .timeout(TIMEOUT)
            .connect_timeout(CONNECT_TIMEOUT)
            .redirect(reqwest::redirect::Policy::none())
            .build()?;
        let (contact, asked) = (Contact::default(), Notify::new());
        Ok(Self { client, base, keys, contact, asked })
    }

    /// Waits until it has answered something again that it may have decided.
    pub(super) async fn asked(&self) {
        self.asked.notified().await;
    }

    /// What it says of itself.
    ///
    /// # Errors
    /// It does not answer.
    pub async fn info(&self) -> Result<LicenseServerInfo, LicenseServerError> {
        let answer = self.get("license-server", ANSWER);
        tokio::pin!(answer);
        let answer = match tokio::time::timeout(IN_TIME, &mut answer).await {
            Ok(answer) => answer,
            Err(_) => {
                self.contact.answered(false);
                answer.await
            }
        };
        let info = answer.and_then(|(status, answer)| parse::<LicenseServerInfo>(status, &answer));
        self.contact.answered(info.is_ok());
        if let Ok(info) = &info {
            self.contact.cannot_write(info.cannot_write);
        }
        info
    }

    /// Its revocation list in DER.
    ///
    /// # Errors
    /// It does not answer.
    pub async fn revocations(&self) -> Result<Vec<u8>, LicenseServerError> {
        self.get("revocations", limits::REVOCATION_LIST).await.map(|(_, list)| list)
    }

    async fn get(
        &self,
        path: &str,
        most: usize,
    ) -> Result<(StatusCode, Vec<u8>), LicenseServerError> {
        let answer = self.client.get(self.address(path)).send().await?.error_for_status()?;
        Ok((answer.status(), read(answer, most).await?))
    }

    /// What requests are sent with.
    pub(super) fn client(&self) -> &reqwest::Client {
        &self.client
    }

    /// Passes a body on, and the answer back, unless that is that the license server failed.
    pub(super) async fn relay(
        &self,
        path: &'static str,
        body: Bytes,
    ) -> Result<Response, LicenseServerError> {
        let request = self.client.post(self.address(path)).body(body);
        let answer = request.header(header::CONTENT_TYPE, "application/json").send().await?;
        let (status, headers) = (answer.status(), answer.headers().clone());
        self.asked.notify_one();
        let mut response = Response::new(Body::from(read_answer(answer).await?));
        *response.status_mut() = status;
        for name in [header::CONTENT_TYPE, header::RETRY_AFTER] {
            if let Some(value) = headers.get(&name) {
                response.headers_mut().insert(name, value.clone());
            }
        }
        Ok(response)
    }

    /// The address of something in its API.
    pub(super) fn address(&self, path: &str) -> String {
        format!("{}{}/{path}", self.base.as_str().trim_end_matches('/'), api::BASE)
    }
}

/// What an answer says, which something between may have put there in place of the license server's.
pub(super) fn parse<A: DeserializeOwned>(
    status: StatusCode,
    answer: &[u8],
) -> Result<A, LicenseServerError> {
    let malformed = |source| LicenseServerError::Malformed { status, source };
    serde_json::from_slice(answer).map_err(malformed)
}

/// The body of an answer, unless it says that the license server failed.
pub(super) async fn read_answer(answer: reqwest::Response) -> Result<Vec<u8>, LicenseServerError> {
    let status = answer.status();
    let body = read(answer, ANSWER).await?;
    let is_refusal = || {
        let problem = serde_json::from_slice::<Problem>(&body);
        problem.is_ok_and(|problem| problem.slug != Slug::ServerError)
    };
    if status.is_server_error() && !is_refusal() {
        tracing::warn!(%status, "the license server failed");
        return Err(LicenseServerError::Failed);
    }
    Ok(body)
}

/// The body of an answer, if it is not too large.
async fn read(mut answer: reqwest::Response, most: usize) -> Result<Vec<u8>, LicenseServerError> {
    let mut body = Vec::new();
    while let Some(piece) = answer.chunk().await? {
        if body.len() + piece.len() > most {
            tracing::error!(most, "the license server's answer is too large");
            return Err(LicenseServerError::TooLarge);
        }
        body.extend_from_slice(&piece);
    }
    Ok(body)
}
