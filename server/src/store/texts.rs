//! Documentation and terms, stored once under their digest and never changed.

use sqlx::AnyConnection;
use trybuy_formats::ids::{ApplicationId, Digest};

use super::columns::Columns;
use super::{Store, StoreError};

const INSERT: &str = "INSERT INTO texts (digest, content) VALUES ($1, $2) \
    ON CONFLICT (digest) DO NOTHING";
const TERMS: &str = "SELECT content FROM texts WHERE digest = $2 AND EXISTS (SELECT 1 FROM releases \
    WHERE application = $1 AND (terms_digest = $2 OR relicensing_digest = $2))";

impl Store {
    /// The licensing or relicensing terms with that digest, if a release of the application had them: what
    /// somebody accepted, long after it was replaced.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn terms(
        &self,
        application: &ApplicationId,
        digest: &Digest,
    ) -> Result<Option<String>, StoreError> {
        let query = sqlx::query(TERMS).bind(application.as_str()).bind(digest.to_string());
        let row = self.fetch_optional(query).await?;
        row.map(|row| Columns(&row).long_text("content")).transpose()
    }
}

/// Stores a text, if it is not there yet.
pub(super) async fn insert(
    connection: &mut AnyConnection,
    digest: &Digest,
    content: &str,
) -> Result<(), StoreError> {
    sqlx::query(INSERT)
        .bind(digest.to_string())
        .bind(content.as_bytes())
        .execute(connection)
        .await?;
    Ok(())
}
