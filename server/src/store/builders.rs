//! Registered Builders (T&B steps 402-404).

use sqlx::AnyConnection;
use sqlx::any::AnyArguments;
use sqlx::query::Query;
use trybuy_formats::builder_license::BuilderKind;
use trybuy_formats::ids::{
    Digest, Email, EmailKey, KeyId, LicenseId, LicenseeId, Name, Platform, Version,
};
use trybuy_formats::instant::Instant;

use super::columns::{Columns, seconds, word};
use super::transaction::{Finish, Operation};
use super::{Store, StoreError, licensees};

/// A Builder to be registered.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NewBuilder {
    /// Its license.
    pub license_id: LicenseId,
    /// Its holder's licensee id; until it is registered, the one for an address that has none.
    pub licensee_id: LicenseeId,
    /// Its public key 113, SubjectPublicKeyInfo in DER.
    pub decryption_key: Vec<u8>,
    /// The id of that key.
    pub builder_key_id: KeyId,
    /// The Ed25519 key that signs its requests.
    pub request_key: [u8; 32],
    /// Its platform.
    pub platform: Platform,
    /// Its version.
    pub version: Version,
    /// The holder's name.
    pub name: Name,
    /// The holder's e-mail address.
    pub email: Email,
    /// Trial or full.
    pub kind: BuilderKind,
    /// The end date of its license.
    pub ends_at: Option<Instant>,
    /// When it registered.
    pub created_at: Instant,
    /// SHA-256 of the Builder's terms that were accepted.
    pub terms_digest: Digest,
}

/// A registered Builder.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Builder {
    /// As it registered; end date and accepted terms are those of its last license.
    pub facts: NewBuilder,
    /// When its holder showed that the address is theirs.
    pub email_verified_at: Option<Instant>,
    /// When its license was last renewed.
    pub renewed_at: Option<Instant>,
    /// When its license was revoked.
    pub revoked_at: Option<Instant>,
}

struct NewRegistration<'a> {
    builder: &'a NewBuilder,
    email_key: &'a EmailKey,
}

/// How a registration ended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Registration {
    /// The Builder is registered, for this licensee.
    New(LicenseeId),
    /// It was registered before with the same two keys; nothing was changed.
    Existing(Box<Builder>),
    /// One of the keys belongs to another Builder.
    KeyTaken,
}

const INSERT: &str = "INSERT INTO builders (license_id, licensee_id, decryption_key, \
    builder_key_id, request_key, platform, version, name, email, kind, ends_at, created_at, \
    terms_digest) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)";
const BY_KEYS: &str = "SELECT * FROM builders WHERE builder_key_id = $1 OR request_key = $2";
const BY_LICENSE: &str = "SELECT * FROM builders WHERE license_id = $1";
const RENEW: &str = "UPDATE builders SET ends_at = $2, terms_digest = $3, renewed_at = $4 \
    WHERE license_id = $1 AND revoked_at IS NULL";
const REVOKE: &str = "UPDATE builders SET revoked_at = $2 \
    WHERE license_id = $1 AND revoked_at IS NULL";

impl Store {
    /// Registers a Builder for the licensee of an address, who is made where there is none. The same
    /// keys again are answered with the Builder that has them.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn register_builder(
        &self,
        new: &NewBuilder,
        email_key: &EmailKey,
    ) -> Result<Registration, StoreError> {
        self.write(&NewRegistration { builder: new, email_key }).await
    }

    /// The Builder with that license, revoked or not.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn builder(&self, license: LicenseId) -> Result<Option<Builder>, StoreError> {
        let query = sqlx::query(BY_LICENSE).bind(license.to_string());
        let row = self.fetch_optional(query).await?;
        row.map(|row| Builder::from_columns(Columns(&row))).transpose()
    }

    /// Records a renewed license. Answers whether there is such a license and it is not revoked.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn renew_builder(
        &self,
        license: LicenseId,
        ends_at: Option<Instant>,
        terms_digest: &Digest,
        now: Instant,
    ) -> Result<bool, StoreError> {
        let query = sqlx::query(RENEW)
            .bind(license.to_string())
            .bind(seconds(ends_at))
            .bind(terms_digest.to_string())
            .bind(now.unix());
        Ok(self.execute(query).await?.rows_affected() == 1)
    }

    /// Revokes a Builder's license. Answers whether there was one to revoke.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn revoke_builder(
        &self,
        license: LicenseId,
        now: Instant,
    ) -> Result<bool, StoreError> {
        let query = sqlx::query(REVOKE).bind(license.to_string()).bind(now.unix());
        Ok(self.execute(query).await?.rows_affected() == 1)
    }
}

impl Operation for NewRegistration<'_> {
    type Answer = Registration;

    async fn run(
        &self,
        connection: &mut AnyConnection,
    ) -> Result<Finish<Registration>, StoreError> {
        let new = self.builder;
        let rows = sqlx::query(BY_KEYS)
            .bind(new.builder_key_id.to_string())
            .bind(new.request_key.as_slice())
            .fetch_all(&mut *connection)
            .await?;
        if let Some(row) = rows.first() {
            let there = Builder::from_columns(Columns(row))?;
            return Ok(Finish::RollBack(if there.has_keys_of(new) {
                Registration::Existing(Box::new(there))
            } else {
                Registration::KeyTaken
            }));
        }
        let NewBuilder { licensee_id, created_at, .. } = *new;
        let licensee =
            licensees::find_or_create(connection, self.email_key, licensee_id, created_at).await?;
        new.insertion(licensee).execute(connection).await?;
        Ok(Finish::Commit(Registration::New(licensee)))
    }
}

impl NewBuilder {
    fn insertion(&self, licensee: LicenseeId) -> Query<'_, sqlx::Any, AnyArguments> {
        sqlx::query(INSERT)
            .bind(self.license_id.to_string())
            .bind(licensee.to_string())
            .bind(self.decryption_key.as_slice())
            .bind(self.builder_key_id.to_string())
            .bind(self.request_key.as_slice())
            .bind(self.platform.as_str())
            .bind(self.version.to_string())
            .bind(self.name.as_str())
            .bind(self.email.as_str())
            .bind(word(&self.kind))
            .bind(seconds(self.ends_at))
            .bind(self.created_at.unix())
            .bind(self.terms_digest.to_string())
    }
}

impl Builder {
    fn has_keys_of(&self, new: &NewBuilder) -> bool {
        self.facts.builder_key_id == new.builder_key_id && self.facts.request_key == new.request_key
    }

    pub(super) fn from_columns(columns: Columns<'_>) -> Result<Self, StoreError> {
        let request_key = columns.bytes("request_key")?;
        Ok(Self {
            facts: NewBuilder {
                license_id: columns.text("license_id")?,
                licensee_id: columns.text("licensee_id")?,
                decryption_key: columns.bytes("decryption_key")?,
                builder_key_id: columns.text("builder_key_id")?,
                request_key: request_key
                    .try_into()
                    .map_err(|_| StoreError::Corrupt { column: "request_key" })?,
                platform: columns.text("platform")?,
                version: columns.text("version")?,
                name: columns.text("name")?,
                email: columns.text("email")?,
                kind: columns.word("kind")?,
                ends_at: columns.optional_instant("ends_at")?,
                created_at: columns.instant("created_at")?,
                terms_digest: columns.text("terms_digest")?,
            },
            email_verified_at: columns.optional_instant("email_verified_at")?,
            renewed_at: columns.optional_instant("renewed_at")?,
            revoked_at: columns.optional_instant("revoked_at")?,
        })
    }
}
