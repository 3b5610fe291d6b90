//! Releases of applications.

use sqlx::AnyConnection;
use trybuy_formats::control::Sections;
use trybuy_formats::ids::{ApplicationId, Digest, Platform, ReleaseId, Version};
use trybuy_formats::instant::Instant;
use trybuy_formats::server_format::ProgramKind;

use super::columns::{Columns, number, word};
use super::version_order::sort_key;
use super::{Store, StoreError, VendorId};

/// One release: an application's version for one platform.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Release {
    /// The release.
    pub id: ReleaseId,
    /// Its application.
    pub application: ApplicationId,
    /// Its version.
    pub version: Version,
    /// Its platform.
    pub platform: Platform,
    /// What the program is (`SF-2`).
    pub kind: ProgramKind,
    /// The oldest release of the Builder that may run it.
    pub minimum_builder: Option<Version>,
    /// The lengths of its sections, in bytes.
    pub sections: Sections,
    /// SHA-256 of the documentation.
    pub documentation_digest: Digest,
    /// SHA-256 of the licensing terms.
    pub terms_digest: Digest,
    /// SHA-256 of the relicensing terms.
    pub relicensing_digest: Digest,
    /// Length of the decoded program, in bytes.
    pub program_size: u64,
    /// SHA-256 of the decoded program.
    pub program_digest: Digest,
    /// Length of the stored server format, in bytes.
    pub stored_size: u64,
    /// Where the server format is stored.
    pub blob_key: String,
    /// Where its sections begin, in bytes from its start.
    pub sections_offset: u64,
    /// When it was published.
    pub published_at: Instant,
}

const BY_ID: &str = "SELECT * FROM releases WHERE id = $1";
const BY_VERSION: &str =
    "SELECT * FROM releases WHERE application = $1 AND version = $2 AND platform = $3";
const OF_APPLICATION: &str = "SELECT * FROM releases WHERE application = $1 \
    ORDER BY version_key DESC, platform";
const OF_VENDOR: &str = "SELECT releases.* FROM releases \
    JOIN applications ON applications.id = releases.application \
    WHERE applications.vendor_id = $1 AND ($2 IS NULL OR applications.id = $2) \
    ORDER BY releases.published_at DESC, releases.id DESC";
const BY_BLOB: &str = "SELECT id FROM releases WHERE blob_key = $1 LIMIT 1";
const INSERT: &str = "INSERT INTO releases (id, application, version, version_key, \
    platform, kind, minimum_builder, documentation_length, terms_length, relicensing_length, \
    program_length, documentation_digest, terms_digest, relicensing_digest, program_size, \
    program_digest, stored_size, blob_key, sections_offset, published_at) VALUES ($1, $2, $3, $4, \
    $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20)";

impl Store {
    /// A release by its id.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn release(&self, id: ReleaseId) -> Result<Option<Release>, StoreError> {
        let row = self.fetch_optional(sqlx::query(BY_ID).bind(id.to_string())).await?;
        row.map(|row| Release::from_columns(Columns(&row))).transpose()
    }

    /// Whether a release is stored under that key.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn refers_to_blob(&self, blob_key: &str) -> Result<bool, StoreError> {
        let row = self.fetch_optional(sqlx::query(BY_BLOB).bind(blob_key.to_owned())).await?;
        Ok(row.is_some())
    }

    /// All releases of an application, the newest version first.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn releases_of(
        &self,
        application: &ApplicationId,
    ) -> Result<Vec<Release>, StoreError> {
        let query = sqlx::query(OF_APPLICATION).bind(application.as_str());
        let rows = self.fetch_all(query).await?;
        rows.iter().map(|row| Release::from_columns(Columns(row))).collect()
    }

    /// A vendor's releases, of one application or of all, those published last first.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn vendor_releases(
        &self,
        vendor: VendorId,
        application: Option<&ApplicationId>,
    ) -> Result<Vec<Release>, StoreError> {
        let query = sqlx::query(OF_VENDOR)
            .bind(vendor.to_string())
            .bind(application.map(ApplicationId::as_str));
        let rows = self.fetch_all(query).await?;
        rows.iter().map(|row| Release::from_columns(Columns(row))).collect()
    }
}

impl Release {
    pub(super) fn from_columns(columns: Columns<'_>) -> Result<Self, StoreError> {
        Ok(Self {
            id: columns.text("id")?,
            application: columns.text("application")?,
            version: columns.text("version")?,
            platform: columns.text("platform")?,
            kind: columns.word("kind")?,
            minimum_builder: columns.optional_text("minimum_builder")?,
            sections: Sections {
                documentation: columns.number("documentation_length")?,
                terms: columns.number("terms_length")?,
                relicensing: columns.number("relicensing_length")?,
                program: columns.number("program_length")?,
            },
            documentation_digest: columns.text("documentation_digest")?,
            terms_digest: columns.text("terms_digest")?,
            relicensing_digest: columns.text("relicensing_digest")?,
            program_size: columns.number("program_size")?,
            program_digest: columns.text("program_digest")?,
            stored_size: columns.number("stored_size")?,
            blob_key: columns.text("blob_key")?,
            sections_offset: columns.number("sections_offset")?,
            published_at: columns.instant("published_at")?,
        })
    }

    /// Whether another release of the same version and platform holds the same: its documentation,
    /// terms and program.
    pub(super) fn same_content(&self, other: &Self) -> bool {
        self.documentation_digest == other.documentation_digest
            && self.terms_digest == other.terms_digest
            && self.relicensing_digest == other.relicensing_digest
            && self.program_digest == other.program_digest
            && self.program_size == other.program_size
            && self.kind == other.kind
            && self.minimum_builder == other.minimum_builder
    }

    /// The release of that application, version and platform, seen by a transaction.
    pub(super) async fn find_same(
        &self,
        connection: &mut AnyConnection,
    ) -> Result<Option<Self>, StoreError> {
        let row = sqlx::query(BY_VERSION)
            .bind(self.application.as_str())
            .bind(self.version.to_string())
            .bind(self.platform.as_str())
            .fetch_optional(connection)
            .await?;
        row.map(|row| Self::from_columns(Columns(&row))).transpose()
    }

    pub(super) async fn insert(&self, connection: &mut AnyConnection) -> Result<(), StoreError> {
        sqlx::query(INSERT)
            .bind(self.id.to_string())
            .bind(self.application.as_str())
            .bind(self.version.to_string())
            .bind(sort_key(&self.version))
            .bind(self.platform.as_str())
            .bind(word(&self.kind))
            .bind(self.minimum_builder.as_ref().map(Version::to_string))
            .bind(number(self.sections.documentation))
            .bind(number(self.sections.terms))
            .bind(number(self.sections.relicensing))
            .bind(number(self.sections.program))
            .bind(self.documentation_digest.to_string())
            .bind(self.terms_digest.to_string())
            .bind(self.relicensing_digest.to_string())
            .bind(number(self.program_size))
            .bind(self.program_digest.to_string())
            .bind(number(self.stored_size))
            .bind(self.blob_key.as_str())
            .bind(number(self.sections_offset))
            .bind(self.published_at.unix())
            .execute(connection)
            .await?;
        Ok(())
    }
}
