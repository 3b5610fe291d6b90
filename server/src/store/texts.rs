//! Documentation and terms, stored once under their digest and never changed.

use sqlx::AnyConnection;
use trybuy_formats::ids::Digest;

use super::columns::Columns;
use super::{Store, StoreError};

const INSERT: &str = "INSERT INTO texts (digest, content) VALUES ($1, $2) \
    ON CONFLICT (digest) DO NOTHING";
const SELECT: &str = "SELECT content FROM texts WHERE digest = $1";

impl Store {
    /// The text with that digest: what somebody accepted, long after it was replaced.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn text(&self, digest: &Digest) -> Result<Option<String>, StoreError> {
        let row = self.fetch_optional(sqlx::query(SELECT).bind(digest.to_string())).await?;
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
