//! The request file (`OF-1` to `OF-5`).

use serde::{Deserialize, Serialize};

use super::{AHEAD, LIFETIME, OfflineError};
use crate::api::SecretText;
use crate::canonical_json;
use crate::encoding::base64_bytes;
use crate::ids::{ApplicationId, Digest, Email, Name, Platform, TrialId, Version};
use crate::instant::Instant;
use crate::limits;
use crate::primitives::{RequestSignatureKey, random, sha256, verify_request_signature};
use crate::signed::FORMAT;

const LABEL: &str = "trybuy/v1/offline-request";
const NONCE_LENGTH: usize = 32;
const SIGNATURE_LENGTH: usize = 64;

/// What a Builder asks for (`OF-3`). Without `Debug`: it may hold a purchase key.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OfflineRequest {
    /// Version of this structure, 1.
    pub format: u32,
    /// A random number: no two requests have the same digest.
    #[serde(with = "base64_bytes")]
    pub nonce: Vec<u8>,
    /// When it was written, by the clock of the machine without a network.
    pub created_at: Instant,
    /// Where the server is.
    pub server: String,
    /// What is asked for.
    pub step: OfflineStep,
}

/// The steps that need the server (`OF-4`).
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "step", rename_all = "kebab-case", deny_unknown_fields)]
pub enum OfflineStep {
    /// Registers the Builder.
    Setup {
        /// The Builder's public key 113, SubjectPublicKeyInfo in DER: access condition B.
        #[serde(with = "base64_bytes")]
        decryption_key: Vec<u8>,
        /// The Builder's platform.
        platform: Platform,
        /// The Builder's version.
        version: Version,
        /// The holder's name.
        name: Name,
        /// The holder's e-mail address.
        email: Email,
        /// Acceptance of the Builder's terms.
        acceptance: Option<OfflineAcceptance>,
    },
    /// Another Builder license, with a later end.
    RenewLicense {
        /// Acceptance of the Builder's terms.
        acceptance: Option<OfflineAcceptance>,
    },
    /// A trial of an application.
    Trial {
        /// The application.
        application: ApplicationId,
        /// The platform the program is wanted for.
        platform: Platform,
        /// A certain release; none for the newest.
        version: Option<Version>,
        /// The newest trial of the application that the Builder knows of.
        after: Option<TrialId>,
        /// Whether the file of that trial is there, so that another head may be enough.
        keeps_file: bool,
        /// Whether that trial cannot be run any more before its end, as a limit is used up.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        used_up: bool,
        /// Access condition C.
        acceptance: Option<OfflineAcceptance>,
    },
    /// Redeems a purchase key.
    Buy {
        /// The application.
        application: ApplicationId,
        /// The key, as it was typed.
        key: SecretText,
        /// The platform the program is wanted for.
        platform: Platform,
        /// The trial that becomes the license, whose file is there.
        trial: Option<TrialId>,
        /// Acceptance of the relicensing terms, where there are any.
        relicensing: Option<OfflineAcceptance>,
        /// Access condition C, where the Builder has no trial yet.
        acceptance: Option<OfflineAcceptance>,
    },
    /// The time, signed for one question.
    Time {
        /// The random number of the question (`ST-1`).
        #[serde(with = "base64_bytes")]
        nonce: Vec<u8>,
    },
    /// A code, mailed to the holder's e-mail address.
    EmailCode {},
    /// Verifies that address.
    VerifyEmail {
        /// The code that was mailed, as it was typed.
        code: SecretText,
    },
}

/// Acceptance of terms that were perhaps not shown yet.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OfflineAcceptance {
    /// The digest of the terms that were shown; none for those in force.
    pub terms_digest: Option<Digest>,
    /// The name that was typed, for `explicit`.
    pub name: Option<Name>,
    /// The code that was typed back, for `retype-code`.
    pub code: Option<String>,
}

/// A request with its signature, as it stands in a file (`OF-1`).
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignedRequest {
    format: u32,
    #[serde(with = "base64_bytes")]
    body: Vec<u8>,
    key: String,
    #[serde(with = "base64_bytes")]
    signature: Vec<u8>,
}

impl OfflineRequest {
    /// A new request.
    pub fn new(created_at: Instant, server: String, step: OfflineStep) -> Self {
        let mut nonce = vec![0; NONCE_LENGTH];
        random(&mut nonce);
        Self { format: FORMAT, nonce, created_at, server, step }
    }

    /// Whether it is of a time that the server takes (`OF-5`).
    pub fn is_recent(&self, now: Instant) -> bool {
        now.since(self.created_at) <= LIFETIME && self.created_at.since(now) <= AHEAD
    }
}

impl SignedRequest {
    /// Signs a request as the holder of a key, which `key_id` names (`RQ-2`).
    pub fn sign(key: &RequestSignatureKey, key_id: &str, request: &OfflineRequest) -> Self {
        let body = serde_json::to_vec(request).unwrap_or_default();
        let signature = key.sign(&signed_bytes(key_id, &body)).to_vec();
        Self { format: FORMAT, body, key: key_id.to_owned(), signature }
    }

    /// Reads a file.
    ///
    /// # Errors
    /// [`OfflineError::Malformed`] and [`OfflineError::TooNew`].
    pub fn read(bytes: &[u8]) -> Result<Self, OfflineError> {
        if bytes.len() > limits::OFFLINE_REQUEST {
            return Err(OfflineError::Malformed);
        }
        let request: Self = canonical_json::parse(bytes)?;
        if request.signature.len() == SIGNATURE_LENGTH {
            Ok(request)
        } else {
            Err(OfflineError::Malformed)
        }
    }

    /// The bytes of its file.
    pub fn to_bytes(&self) -> Vec<u8> {
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// The SHA-256 of its file, by which a response names it.
    pub fn digest(&self) -> Digest {
        Digest::from_bytes(sha256(&self.to_bytes()))
    }

    /// Whose it claims to be (`RQ-2`).
    pub fn key_id(&self) -> &str {
        &self.key
    }

    /// What it asks for, unverified: for the machine that carries it.
    ///
    /// # Errors
    /// [`OfflineError::Malformed`] and [`OfflineError::TooNew`].
    pub fn unverified(&self) -> Result<OfflineRequest, OfflineError> {
        let request: OfflineRequest = canonical_json::parse(&self.body)?;
        if request.nonce.len() == NONCE_LENGTH { Ok(request) } else { Err(OfflineError::Malformed) }
    }

    /// What it asks for, once its signature was verified.
    ///
    /// # Errors
    /// [`OfflineError`].
    pub fn verify(&self, public_key: &[u8; 32]) -> Result<OfflineRequest, OfflineError> {
        let signature: &[u8; SIGNATURE_LENGTH] =
            self.signature.as_slice().try_into().map_err(|_| OfflineError::Malformed)?;
        verify_request_signature(public_key, &signed_bytes(&self.key, &self.body), signature)
            .map_err(|_| OfflineError::Signature)?;
        self.unverified()
    }
}

/// What is signed (`OF-2`).
fn signed_bytes(key_id: &str, body: &[u8]) -> Vec<u8> {
    [LABEL.as_bytes(), b"\n", key_id.as_bytes(), b"\n", body].concat()
}
