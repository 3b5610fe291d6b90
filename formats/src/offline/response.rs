//! The response file (`OF-6` to `OF-9`).

use serde::{Deserialize, Serialize};

use super::OfflineError;
use crate::api::{AcceptanceCode, EmailCodeAnswer, Problem, TrialAnswer};
use crate::canonical_json;
use crate::encoding::base64_bytes;
use crate::ids::{Digest, TrialId};
use crate::instant::Instant;
use crate::limits;
use crate::primitives::{SignatureKey, VerificationKey, sha256};
use crate::signed::{self, Document, FORMAT, SignError};

/// The most texts of a response: the terms of an application, and those of its purchase.
const TEXTS: usize = 2;

/// What the server answers to one request (`OF-7`).
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OfflineResponse {
    /// Version of this structure, 1.
    pub format: u32,
    /// SHA-256 of the request file.
    pub request: Digest,
    /// The server's time.
    pub time: Instant,
    /// What came of it.
    pub outcome: OfflineOutcome,
    /// The texts that were accepted unseen, or have to be accepted.
    pub texts: Vec<OfflineText>,
}

/// What came of a request (`OF-8`).
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "kebab-case", deny_unknown_fields)]
pub enum OfflineOutcome {
    /// A Builder license.
    License {
        /// The license, a signed document (`BL-1`).
        license: String,
    },
    /// A trial, or a license that was bought.
    Trial {
        /// The trial.
        answer: Box<TrialAnswer>,
        /// What of its file is needed.
        part: Part,
    },
    /// The time.
    Time {
        /// A signed document (`ST-2`).
        signed_time: String,
    },
    /// How it is with the verification of the holder's e-mail address.
    Email {
        /// A code was sent, or the address is verified.
        answer: EmailCodeAnswer,
    },
    /// A refusal.
    Refused {
        /// Why.
        problem: Problem,
        /// The code to be typed back, where the vendor asks for one.
        code: Option<AcceptanceCode>,
        /// The Builder's newest trial of the application, where that is over and the request did not
        /// name it: the next request does.
        newest: Option<TrialId>,
    },
}

/// What is carried beside a response (`OF-9`).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Part {
    /// The whole transmission file.
    File,
    /// Its head alone.
    Head,
}

/// A text of a response, which stands beside the signed document.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OfflineText {
    /// What it is about, for people.
    pub of: String,
    /// Whether it is about a purchase.
    pub relicensing: bool,
    /// Its SHA-256.
    pub digest: Digest,
}

impl Document for OfflineResponse {
    const TYPE: &'static str = "trybuy-offline-response";
    const PAYLOAD_CAP: usize = limits::OFFLINE_RESPONSE_PAYLOAD;

    fn is_valid(&self) -> bool {
        self.format == signed::FORMAT && self.texts.len() <= TEXTS
    }
}

/// A response as it stands in a file (`OF-6`).
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ResponseFile {
    format: u32,
    #[serde(with = "base64_bytes")]
    server_key: Vec<u8>,
    document: String,
    texts: Vec<String>,
}

impl ResponseFile {
    /// Signs a response. The texts are in the order of those that it names.
    ///
    /// # Errors
    /// [`SignError`].
    pub fn sign(
        key: &SignatureKey,
        response: &OfflineResponse,
        texts: Vec<String>,
    ) -> Result<Self, SignError> {
        let document = signed::sign(key, response)?;
        let server_key = key.verification_key().spki().to_vec();
        Ok(Self { format: FORMAT, server_key, document, texts })
    }

    /// Reads a file.
    ///
    /// # Errors
    /// [`OfflineError::Malformed`] and [`OfflineError::TooNew`].
    pub fn read(bytes: &[u8]) -> Result<Self, OfflineError> {
        if bytes.len() > limits::OFFLINE_RESPONSE {
            return Err(OfflineError::Malformed);
        }
        Ok(canonical_json::parse(bytes)?)
    }

    /// The bytes of its file.
    pub fn to_bytes(&self) -> Vec<u8> {
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// The key of the server that it claims to come from.
    ///
    /// # Errors
    /// [`OfflineError::Malformed`].
    pub fn server_key(&self) -> Result<VerificationKey, OfflineError> {
        let known = self.server_key.len() <= limits::PUBLIC_KEY;
        let key = known.then(|| VerificationKey::from_spki(&self.server_key).ok()).flatten();
        key.ok_or(OfflineError::Malformed)
    }

    /// The response and its texts, once signature and digests were verified with the trusted key.
    ///
    /// # Errors
    /// [`OfflineError`].
    pub fn verify(
        &self,
        key: &VerificationKey,
    ) -> Result<(OfflineResponse, &[String]), OfflineError> {
        let response: OfflineResponse =
            (*signed::open::<OfflineResponse>(key, &self.document)?).clone();
        let digests = self.texts.iter().map(|text| Digest::from_bytes(sha256(text.as_bytes())));
        if digests.eq(response.texts.iter().map(|text| text.digest)) {
            Ok((response, &self.texts))
        } else {
            Err(OfflineError::Malformed)
        }
    }
}
