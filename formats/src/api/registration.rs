//! Registration of Builders (T&B steps 402-404, 412-416).

use serde::{Deserialize, Serialize};

use super::SecretText;
use crate::encoding::base64_bytes;
use crate::ids::{Digest, Email, KeyId, Name, Platform, Version};
use crate::instant::Instant;

/// `GET /server`: what a Builder or a vendor has to know of the server before anything else.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ServerInfo {
    /// The server's name for people.
    pub name: String,
    /// The public half of the signature key 187, SubjectPublicKeyInfo in DER.
    #[serde(with = "base64_bytes")]
    pub public_key: Vec<u8>,
    /// Its key id.
    pub key_id: KeyId,
    /// The Builder's licensing terms (step 414).
    pub builder_terms: String,
    /// Their SHA-256, to be sent back as acceptance.
    pub builder_terms_digest: Digest,
    /// The server's version.
    pub version: Version,
    /// Whether a trial needs a verified e-mail address.
    #[serde(default)]
    pub verified_email: bool,
    /// The server's time.
    pub time: Instant,
}

/// `POST /builders`: registers a Builder. Signed with the request key that it holds (`RQ-2`).
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RegisterBuilder {
    /// The Builder's public key 113, SubjectPublicKeyInfo in DER: access condition B.
    #[serde(with = "base64_bytes")]
    pub decryption_key: Vec<u8>,
    /// The Ed25519 key that signs requests, 32 bytes.
    #[serde(with = "base64_bytes")]
    pub request_key: Vec<u8>,
    /// The Builder's platform.
    pub platform: Platform,
    /// The Builder's version.
    pub version: Version,
    /// The holder's name.
    pub name: Name,
    /// The holder's e-mail address.
    pub email: Email,
    /// The digest of the Builder's terms that were accepted.
    pub terms_digest: Digest,
}

/// `POST /builders/license`: another license for a registered Builder, with a later end. Signed.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RenewBuilderLicense {
    /// The digest of the Builder's terms that were accepted.
    pub terms_digest: Digest,
}

/// `POST /builders/time`: the server's word for the time (`ST-1`). Signed.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AskTime {
    /// A random number of 32 bytes.
    #[serde(with = "base64_bytes")]
    pub nonce: Vec<u8>,
}

/// Answers a question for the time.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct TimeAnswer {
    /// The signed time, a signed document (`ST-2`).
    pub signed_time: String,
}

/// Answers `POST /builders/email-codes`, which sends a code to the e-mail address of the Builder that
/// asks. Signed, no body.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "kebab-case")]
pub enum EmailCodeAnswer {
    /// A code is on its way; those before it are no longer accepted.
    Sent {
        /// Until when it is accepted.
        expires_at: Instant,
    },
    /// The address is verified already, and nothing was sent.
    Verified {
        /// Since when.
        verified_at: Instant,
    },
}

/// `POST /builders/email`: verifies the e-mail address of the Builder that asks. Signed. Without `Debug`: it
/// holds a secret.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VerifyEmail {
    /// The code that was sent, as it was typed.
    pub code: SecretText,
}

/// Answers the verification of an e-mail address.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct VerifiedEmail {
    /// Since when the address is verified.
    pub verified_at: Instant,
}

/// Answers registration and renewal.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct BuilderLicenseAnswer {
    /// The Builder license, a signed document (`BL-1`).
    pub license: String,
    /// The server's time.
    pub time: Instant,
}
