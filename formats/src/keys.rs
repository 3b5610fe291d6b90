//! Secrets and what is derived from them; key ids. The purposes are named constants, one each (`CV-9`).

mod license_server_secret;
mod provider_secret;
mod purchase_key;
mod sealed_message;

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use crate::encoding::{from_base64, to_base64};
use crate::ids::{
    Email, EmailKey, FileKeyCommitment, KeyId, LicenseId, ReleaseId, TrialId, WebhookId,
};
use crate::primitives::{
    self, DecryptionKey, EncryptionKey, PrimitiveError, constant_time_eq, hkdf_sha256, hmac_sha256,
};

pub use self::license_server_secret::LicenseServerSecret;
pub use self::provider_secret::ProviderSecret;
pub use self::purchase_key::PurchaseKey;
pub use self::sealed_message::{Purpose, open_message, seal_message};

/// Label of the wrapped file key (`EN-1`).
const WRAP_FILE_KEY: &[u8] = b"trybuy/v1/file-key";
/// Label of the sealed license secret (`BL-3`).
const WRAP_LICENSE_SECRET: &[u8] = b"trybuy/v1/license-secret";
/// Derivation of file keys (`TF-12`).
const DERIVE_FILE_KEY: &[u8] = b"trybuy/v1/file-key";
/// Derivation of license secrets (`BL-4`).
const DERIVE_LICENSE_SECRET: &[u8] = b"trybuy/v1/license-secret";
/// Derivation of download capabilities (`TF-13`).
const DERIVE_CAPABILITY: &[u8] = b"trybuy/v1/capability";
/// Derivation of the secrets of webhooks.
const DERIVE_WEBHOOK_SECRET: &[u8] = b"trybuy/v1/webhook-secret";
/// Derivation of the key under which e-mail addresses are known.
const DERIVE_EMAIL_KEY: &[u8] = b"trybuy/v1/email-key";
/// The commitment to a file key (`EN-6`).
const COMMITMENT: &[u8] = b"trybuy/v1/commitment";

/// 32 secret bytes, wiped when dropped.
type Secret = Zeroizing<[u8; 32]>;

fn derive(ikm: &[u8], salt: &[u8], info: &[&[u8]]) -> Secret {
    let mut out = Secret::default();
    hkdf_sha256(ikm, salt, info, out.as_mut_slice());
    out
}

fn random() -> Secret {
    let mut out = Secret::default();
    primitives::random(out.as_mut_slice());
    out
}

/// A secret of 32 bytes from an unwrapped plaintext of that length.
fn secret_from(unwrapped: &[u8]) -> Result<Secret, PrimitiveError> {
    let bytes = unwrapped.try_into().map_err(|_| PrimitiveError::Tampered)?;
    Ok(Zeroizing::new(bytes))
}

/// The key id of a public key: SHA-256 of its SubjectPublicKeyInfo in DER (`CV-6`).
pub fn key_id(spki: &[u8]) -> KeyId {
    KeyId::from_bytes(primitives::sha256(spki))
}

/// A server's master secret, from which it derives what it does not store.
pub struct MasterSecret(Secret);

impl MasterSecret {
    /// The length of a master secret, in bytes.
    pub const LENGTH: usize = 32;

    /// A new one.
    pub fn generate() -> Self {
        Self(random())
    }

    /// From its 32 bytes.
    pub fn from_bytes(bytes: [u8; Self::LENGTH]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// Its bytes, to be stored where only the server can read them.
    pub fn as_bytes(&self) -> &[u8; Self::LENGTH] {
        &self.0
    }
}

/// What a server knows a mailbox by: HMAC-SHA256 of [`Email::mailbox`] under
/// `HKDF(master secret, "", label, 32)`. Nobody can guess addresses from it without the master secret.
pub fn email_key(master: &MasterSecret, email: &Email) -> EmailKey {
    let key = derive(master.as_bytes(), &[], &[DERIVE_EMAIL_KEY]);
    EmailKey::from_bytes(hmac_sha256(key.as_slice(), email.mailbox().as_str().as_bytes()))
}

/// The key of one transmission file: one per trial, release and Builder.
pub struct FileKey(Secret);

impl FileKey {
    /// A random one.
    pub fn generate() -> Self {
        Self(random())
    }

    /// `HKDF(master secret, trial id, label ‖ release id ‖ recipient key id, 32)` (`TF-12`).
    pub fn derive(
        master: &MasterSecret,
        trial: TrialId,
        release: ReleaseId,
        recipient: KeyId,
    ) -> Self {
        let info: [&[u8]; 3] = [DERIVE_FILE_KEY, release.as_bytes(), recipient.as_bytes()];
        Self(derive(master.as_bytes(), trial.as_bytes(), &info))
    }

    /// What the signed control information holds of it (`EN-6`).
    pub fn commitment(&self) -> FileKeyCommitment {
        FileKeyCommitment::from_bytes(*self.subkey(&[], COMMITMENT))
    }

    /// RSA-OAEP of the file key under a Builder's public key (`EN-1`).
    pub(crate) fn wrap(&self, recipient: &EncryptionKey) -> Result<Vec<u8>, PrimitiveError> {
        recipient.wrap(WRAP_FILE_KEY, self.0.as_slice())
    }

    /// The file key out of an envelope's header.
    pub(crate) fn unwrap(key: &DecryptionKey, wrapped: &[u8]) -> Result<Self, PrimitiveError> {
        let unwrapped = key.unwrap(WRAP_FILE_KEY, wrapped)?;
        secret_from(&unwrapped).map(Self)
    }

    /// `HKDF(file key, salt, label, 32)`: the key for one purpose.
    pub(crate) fn subkey(&self, salt: &[u8], label: &[u8]) -> Zeroizing<[u8; 32]> {
        derive(self.0.as_slice(), salt, &[label])
    }

    /// `HKDF(file key, salt, label, out.len())`, for purposes that need another length.
    pub(crate) fn expand(&self, salt: &[u8], label: &[u8], out: &mut [u8]) {
        hkdf_sha256(self.0.as_slice(), salt, &[label], out);
    }
}

/// The secret in a Builder license: without it no control information can be read.
pub struct LicenseSecret(Secret);

impl LicenseSecret {
    /// `HKDF(master secret, license id, label ‖ Builder's key id, 32)` (`BL-4`).
    pub fn derive(master: &MasterSecret, license: LicenseId, builder: KeyId) -> Self {
        let info: [&[u8]; 2] = [DERIVE_LICENSE_SECRET, builder.as_bytes()];
        Self(derive(master.as_bytes(), license.as_bytes(), &info))
    }

    /// RSA-OAEP of the secret under the Builder's public key (`BL-3`).
    ///
    /// # Errors
    /// When the library fails.
    pub fn seal_to(&self, recipient: &EncryptionKey) -> Result<Vec<u8>, PrimitiveError> {
        recipient.wrap(WRAP_LICENSE_SECRET, self.0.as_slice())
    }

    /// The secret out of a Builder license.
    ///
    /// # Errors
    /// [`PrimitiveError::Tampered`] when it was sealed to another key or damaged.
    pub fn unseal(key: &DecryptionKey, sealed: &[u8]) -> Result<Self, PrimitiveError> {
        let unwrapped = key.unwrap(WRAP_LICENSE_SECRET, sealed)?;
        secret_from(&unwrapped).map(Self)
    }

    /// `HKDF(license secret, salt, label ‖ name, 32)`.
    pub(crate) fn subkey(&self, salt: &[u8], label: &[u8], name: &[u8]) -> Zeroizing<[u8; 32]> {
        derive(self.0.as_slice(), salt, &[label, name])
    }
}

/// What makes a download address unguessable (`TF-13`). Its text goes into addresses only, never
/// into logs; it has no `Debug`.
pub struct Capability(Secret);

impl Capability {
    /// `HKDF(master secret, trial id, label, 32)`.
    pub fn derive(master: &MasterSecret, trial: TrialId) -> Self {
        Self(derive(master.as_bytes(), trial.as_bytes(), &[DERIVE_CAPABILITY]))
    }

    /// Whether a text is this capability; takes the same time wherever it differs.
    pub fn matches(&self, text: &str) -> bool {
        from_base64(text).is_some_and(|bytes| constant_time_eq(&bytes, self.0.as_slice()))
    }
}

impl fmt::Display for Capability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&to_base64(self.0.as_slice()))
    }
}

/// The secret that the events for a webhook are signed with (Standard Webhooks). It has no `Debug`.
pub struct WebhookSecret(Secret);

impl WebhookSecret {
    /// `HKDF(master secret, webhook id, label, 32)`.
    pub fn derive(master: &MasterSecret, webhook: WebhookId) -> Self {
        Self(derive(master.as_bytes(), webhook.as_bytes(), &[DERIVE_WEBHOOK_SECRET]))
    }

    /// The secret as it is shown to the vendor: `whsec_` and base64.
    pub fn reveal(&self) -> Zeroizing<String> {
        let encoded = Zeroizing::new(STANDARD.encode(self.0.as_slice()));
        Zeroizing::new(format!("whsec_{}", *encoded))
    }

    /// The signature of a message: `v1,` and base64 of the HMAC.
    pub fn sign(&self, message: &[u8]) -> String {
        format!("v1,{}", STANDARD.encode(hmac_sha256(self.0.as_slice(), message)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example that the libraries of Standard Webhooks test themselves with.
    #[test]
    fn a_signature_is_that_of_standard_webhooks() {
        let bytes = STANDARD.decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").expect("base64");
        let message = [
            b"msg_p5jXN8AQM9LWM0D4loKWxJek.1614265330.".as_slice(),
            br#"{"test": 2432232314}"#.as_slice(),
        ]
        .concat();
        let tag = STANDARD.encode(hmac_sha256(&bytes, &message));
        assert_eq!(tag, "g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn each_webhook_has_a_secret_of_its_own() {
        let master = MasterSecret::from_bytes([7; 32]);
        let (one, other) = (WebhookId::new(), WebhookId::new());
        let text = WebhookSecret::derive(&master, one).reveal();
        assert!(text.starts_with("whsec_") && text.len() == "whsec_".len() + 44);
        assert!(text == WebhookSecret::derive(&master, one).reveal());
        assert!(text != WebhookSecret::derive(&master, other).reveal());
    }

    #[test]
    fn a_mailbox_is_known_in_every_spelling_and_on_one_server_only() {
        let email = |text: &str| text.parse::<Email>().expect("an address");
        let master = MasterSecret::from_bytes([7; 32]);
        let key = email_key(&master, &email("ada@example.com"));
        assert_eq!(email_key(&master, &email("Ada+trial2@Example.com")), key);
        assert_ne!(email_key(&master, &email("bob@example.com")), key);
        assert_ne!(email_key(&MasterSecret::from_bytes([8; 32]), &email("ada@example.com")), key);
    }
}
