//! License handling (115): the Builder license 103 with its secret, and the pinned server.

use serde::{Deserialize, Serialize};
use trybuy_formats::api::{RegisterBuilder, RenewBuilderLicense};
use trybuy_formats::builder_license::BuilderLicense;
use trybuy_formats::ids::{Email, KeyId, Name, Platform, Version};
use trybuy_formats::instant::{DAY, Instant, Span};
use trybuy_formats::keys::{LicenseSecret, key_id};
use trybuy_formats::limits;
use trybuy_formats::primitives::{DecryptionKey, VerificationKey};
use trybuy_formats::signed::{self, SignedError, Verified};

use crate::client::address::{ServerAddress, Transport};
use crate::client::{Server, Signer};
use crate::data_dir::{self, DataDir};
use crate::error::Error;
use crate::{keys, messages};

/// How long before its end a Builder license is renewed at a contact with the server.
const RENEW_BEFORE_END: Span = Span::seconds(7 * DAY.as_seconds());
/// Cap of `server.json`, in bytes.
const SERVER_FILE: usize = 8192;

/// The server that this Builder was set up with, its pinned key, and what it may be told.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PinnedServer {
    /// Its address.
    pub address: ServerAddress,
    /// Whether an unencrypted connection to it is allowed.
    pub transport: Transport,
    /// Its signature key, SubjectPublicKeyInfo in DER.
    #[serde(with = "base64_text")]
    pub public_key: Vec<u8>,
    /// Whether it is told on which day each trial was run for the first time.
    #[serde(default)]
    pub report_first_run: bool,
}

impl PinnedServer {
    /// The server this Builder was set up with, or was about to be when a setup was killed.
    ///
    /// # Errors
    /// `local-file` when the file is unreadable.
    pub fn load(data: &DataDir) -> Result<Option<Self>, Error> {
        let path = data.server_file();
        let Some(bytes) = data_dir::read(&path, SERVER_FILE)? else {
            return Ok(None);
        };
        serde_json::from_slice(&bytes).map(Some).map_err(|_| {
            messages::unreadable_file(
                &path,
                "remove it, then run `trybuy setup URL` with the address of your server",
            )
        })
    }

    /// Stores it.
    ///
    /// # Errors
    /// `local-file` when it cannot be written.
    pub fn store(&self, data: &DataDir) -> Result<(), Error> {
        let json = serde_json::to_vec_pretty(self).expect("a plain structure");
        data_dir::replace(&data.server_file(), &json)
    }

    /// The key id of the pinned key.
    pub fn key_id(&self) -> KeyId {
        key_id(&self.public_key)
    }
}

/// Why a license is not this Builder's.
#[derive(Debug, thiserror::Error)]
enum Unusable {
    #[error("the pinned key is damaged")]
    PinnedKey,
    #[error(transparent)]
    Signed(#[from] SignedError),
    #[error("it was given to another Builder")]
    OfAnotherBuilder,
}

/// A Builder whose license was verified, while the secret in it is still sealed.
pub struct SealedBuilder {
    server: PinnedServer,
    server_key: VerificationKey,
    license: Verified<BuilderLicense>,
    /// The key that opens transmission files.
    pub key: DecryptionKey,
}

/// A Builder that was set up: everything that is needed to open and verify a trial offline.
pub struct LicensedBuilder {
    /// The server and its pinned key.
    pub server: PinnedServer,
    /// The pinned key, to verify with.
    pub server_key: VerificationKey,
    /// The Builder license.
    pub license: Verified<BuilderLicense>,
    /// The key that opens transmission files.
    pub key: DecryptionKey,
    /// The secret in the license: access condition A by cryptography.
    pub secret: LicenseSecret,
}

impl SealedBuilder {
    /// Loads what setup stored, and verifies it but for the secret.
    ///
    /// # Errors
    /// `not-set-up`, `no-builder-license` or `no-builder-key`.
    pub fn load(data: &DataDir) -> Result<Self, Error> {
        let license = data_dir::read(&data.license_file(), limits::SIGNED_DOCUMENT)?;
        let (server, license) = match (PinnedServer::load(data)?, license) {
            (Some(server), Some(license)) => (server, license),
            // Without a license the setup never came to its end, unless there are trials already.
            _ if data.library().exists() => {
                return Err(messages::no_builder_license("license.jws or server.json is missing"));
            }
            _ => return Err(messages::not_set_up()),
        };
        let text = String::from_utf8(license)
            .map_err(|_| messages::no_builder_license("license.jws is damaged"))?;
        Self::verify(server, keys::load_decryption_key(data)?, &text).map_err(|error| match error {
            Unusable::PinnedKey | Unusable::Signed(SignedError::ForeignKey) => {
                messages::pinned_key_damaged(&data.server_file())
            }
            other => messages::no_builder_license("license.jws was refused").caused_by(other),
        })
    }

    fn verify(server: PinnedServer, key: DecryptionKey, text: &str) -> Result<Self, Unusable> {
        let server_key =
            VerificationKey::from_spki(&server.public_key).map_err(|_| Unusable::PinnedKey)?;
        let license: Verified<BuilderLicense> = signed::open(&server_key, text)?;
        if license.builder_key_id != key_id(key.encryption_key().spki()) {
            return Err(Unusable::OfAnotherBuilder);
        }
        Ok(Self { server, server_key, license, key })
    }

    /// Opens the secret, with one RSA decryption.
    ///
    /// # Errors
    /// `no-builder-license` when it cannot be opened.
    pub fn secret(&self) -> Result<LicenseSecret, Error> {
        LicenseSecret::unseal(&self.key, &self.license.sealed_secret)
            .map_err(|_| messages::no_builder_license("the secret in license.jws cannot be opened"))
    }

    /// The licensed Builder, with the secret that was opened.
    #[must_use]
    pub fn with_secret(self, secret: LicenseSecret) -> LicensedBuilder {
        let Self { server, server_key, license, key } = self;
        LicensedBuilder { server, server_key, license, key, secret }
    }
}

impl LicensedBuilder {
    /// Loads what setup stored, and verifies all of it.
    ///
    /// # Errors
    /// `not-set-up`, `no-builder-license` or `no-builder-key`.
    pub fn load(data: &DataDir) -> Result<Self, Error> {
        let sealed = SealedBuilder::load(data)?;
        let secret = sealed.secret()?;
        Ok(sealed.with_secret(secret))
    }

    /// Verifies a license for this Builder's key with the pinned key of the server.
    ///
    /// # Errors
    /// `no-builder-license` when it is another server's, another Builder's, or damaged.
    pub fn verify(server: PinnedServer, key: DecryptionKey, text: &str) -> Result<Self, Error> {
        let sealed = SealedBuilder::verify(server, key, text).map_err(|error| {
            messages::no_builder_license("the one the server sent was refused").caused_by(error)
        })?;
        let secret = sealed.secret()?;
        Ok(sealed.with_secret(secret))
    }

    /// Contacts the server, at another address if one is given; its key must be the pinned one.
    ///
    /// # Errors
    /// `server-unreachable` and `server-key-changed`.
    pub fn connect(&self, other: Option<&str>) -> Result<Server, Error> {
        Server::connect(self.address(other)?, Some(self.server.key_id()))
    }

    /// The server's address, or another one if that is given.
    ///
    /// # Errors
    /// `usage`.
    pub fn address(&self, other: Option<&str>) -> Result<ServerAddress, Error> {
        match other {
            Some(text) => ServerAddress::parse(text, self.server.transport),
            None => Ok(self.server.address.clone()),
        }
    }

    /// Signs requests as this Builder.
    ///
    /// # Errors
    /// `no-builder-key`, also when it is not the key that the license names.
    pub fn signer(&self, data: &DataDir) -> Result<Signer, Error> {
        let key = keys::load_request_key(data)?;
        if key.public_key().as_slice() != self.license.request_key {
            return Err(keys::not_of_the_license(data));
        }
        Ok(Signer::registered(key, self.license.license_id))
    }

    /// Whether the license has ended or is about to.
    pub fn ends_soon(&self, now: Instant) -> bool {
        self.license.ends_at.is_some_and(|end| now.plus(RENEW_BEFORE_END) >= end)
    }

    /// Gets and stores another license with a later end. The secret in it stays the same (`BL-4`),
    /// so that stored trials and states stay readable.
    ///
    /// # Errors
    /// What the server refuses; `no-builder-license` when its answer is not a license for this
    /// Builder, which leaves the old one in place.
    pub fn renew(self, data: &DataDir, server: &Server) -> Result<Self, Error> {
        let signer = self.signer(data)?;
        let request = RenewBuilderLicense { terms_digest: server.info().builder_terms_digest };
        let answer = server.renew_license(&request, &signer)?;
        self.take_license(data, &answer.license)
    }

    /// Stores another license of this Builder.
    ///
    /// # Errors
    /// `no-builder-license` when it is none, or an older one, which leaves the old one in place.
    pub fn take_license(self, data: &DataDir, document: &str) -> Result<Self, Error> {
        let issued_before = self.license.issued_at;
        let renewed = Self::verify(self.server, self.key, document)?;
        if renewed.license.issued_at < issued_before {
            return Err(messages::no_builder_license("the server sent an older one"));
        }
        data_dir::replace(&data.license_file(), document.as_bytes())?;
        Ok(renewed)
    }
}

/// Who registers a Builder.
pub struct Applicant {
    /// Name.
    pub name: Name,
    /// E-mail address.
    pub email: Email,
}

/// Registers this Builder; the terms have been accepted. The license is verified, and the caller
/// stores the document it came in.
///
/// # Errors
/// What the server refuses, and `no-builder-license` when its answer is not a license for this
/// Builder.
pub fn register(
    data: &DataDir,
    pinned: PinnedServer,
    server: &Server,
    applicant: Applicant,
) -> Result<(LicensedBuilder, String), Error> {
    let key = keys::load_decryption_key(data)?;
    let signer = Signer::unregistered(keys::load_request_key(data)?);
    let request = RegisterBuilder {
        decryption_key: key.encryption_key().spki().to_vec(),
        request_key: signer.public_key().to_vec(),
        platform: Platform::current(),
        version: version(),
        name: applicant.name,
        email: applicant.email,
        terms_digest: server.info().builder_terms_digest,
    };
    let answer = server.register(&request, &signer)?;
    let builder = verify_registered(pinned, key, &signer, &answer.license)?;
    Ok((builder, answer.license))
}

/// Verifies the license that a registration was answered with.
///
/// # Errors
/// `no-builder-license` when it is not one for this Builder.
pub(crate) fn verify_registered(
    pinned: PinnedServer,
    key: DecryptionKey,
    signer: &Signer,
    document: &str,
) -> Result<LicensedBuilder, Error> {
    let builder = LicensedBuilder::verify(pinned, key, document)?;
    if builder.license.request_key != signer.public_key() {
        return Err(messages::no_builder_license("it names another request key"));
    }
    Ok(builder)
}

/// The version of this Builder, as applications may ask for one (`XD-5`).
pub fn version() -> Version {
    crate::VERSION.parse().expect("Cargo's versions are semantic versions")
}

/// Serde adapter: bytes as base64url without padding, as everywhere in the formats (`CV-3`).
mod base64_text {
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use serde::{Deserialize as _, Deserializer, Serializer, de::Error as _};

    pub(super) fn serialize<S: Serializer>(bytes: &[u8], to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&URL_SAFE_NO_PAD.encode(bytes))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<u8>, D::Error> {
        let text = String::deserialize(from)?;
        URL_SAFE_NO_PAD.decode(text).map_err(D::Error::custom)
    }
}
