//! Whom a vendor gives no new trial.

use trybuy_formats::api::Block;
use trybuy_formats::ids::{ApplicationId, Note};
use trybuy_formats::instant::Instant;
use trybuy_formats::subject::Subject;

use super::columns::Columns;
use super::{PAGE_LIMIT, Page, Store, StoreError, Subjects, VendorId};

/// A block that is there keeps its beginning, and its reason where no other is given.
const PUT: &str = "INSERT INTO blocks (vendor_id, subject, reason, created_at) \
    VALUES ($1, $2, $3, $4) ON CONFLICT (vendor_id, subject) \
    DO UPDATE SET reason = COALESCE(excluded.reason, blocks.reason)";
const ONE: &str = "SELECT subject, reason, created_at FROM blocks \
    WHERE vendor_id = $1 AND subject = $2";
const PAGE: &str = "SELECT subject, reason, created_at FROM blocks \
    WHERE vendor_id = $1 AND subject > $2 ORDER BY subject LIMIT $3";
const DELETE: &str = "DELETE FROM blocks WHERE vendor_id = $1 AND subject = $2";
/// `$2` to `$9` are [`Subjects`].
const OF_APPLICATION: &str = "SELECT 1 FROM blocks \
    WHERE vendor_id = (SELECT vendor_id FROM applications WHERE id = $1) \
    AND subject IN ($2, $3, $4, $5, $6, $7, $8, $9) LIMIT 1";

impl Store {
    /// Blocks somebody for all applications of a vendor. Answers the block.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn put_block(
        &self,
        vendor: VendorId,
        subject: &Subject,
        reason: Option<&Note>,
        now: Instant,
    ) -> Result<Block, StoreError> {
        let query = sqlx::query(PUT)
            .bind(vendor.to_string())
            .bind(subject.to_string())
            .bind(reason.map(Note::as_str))
            .bind(now.unix());
        self.execute(query).await?;
        let one = sqlx::query(ONE).bind(vendor.to_string()).bind(subject.to_string());
        match self.fetch_optional(one).await? {
            Some(row) => block(Columns(&row)),
            // Another token of the vendor has taken it away meanwhile.
            None => {
                Ok(Block { subject: subject.clone(), reason: reason.cloned(), created_at: now })
            }
        }
    }

    /// A page of a vendor's blocks by their subjects. The next one begins after the last subject.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn blocks(
        &self,
        vendor: VendorId,
        after: Option<&Subject>,
        limit: u32,
    ) -> Result<Page<Block>, StoreError> {
        let limit = limit.min(PAGE_LIMIT);
        let query = sqlx::query(PAGE)
            .bind(vendor.to_string())
            .bind(after.map_or(String::new(), Subject::to_string))
            .bind(i64::from(limit) + 1);
        let rows = self.fetch_all(query).await?;
        let entries: Result<_, _> = rows.iter().map(|row| block(Columns(row))).collect();
        Ok(Page::new(entries?, limit))
    }

    /// Takes a block away. Answers whether there was one.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn delete_block(
        &self,
        vendor: VendorId,
        subject: &Subject,
    ) -> Result<bool, StoreError> {
        let query = sqlx::query(DELETE).bind(vendor.to_string()).bind(subject.to_string());
        Ok(self.execute(query).await?.rows_affected() == 1)
    }

    /// Whether the vendor of an application blocks somebody.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn is_blocked(
        &self,
        application: &ApplicationId,
        subjects: &Subjects,
    ) -> Result<bool, StoreError> {
        let query = subjects.bind(sqlx::query(OF_APPLICATION).bind(application.as_str()));
        Ok(self.fetch_optional(query).await?.is_some())
    }
}

fn block(columns: Columns<'_>) -> Result<Block, StoreError> {
    Ok(Block {
        subject: columns.text("subject")?,
        reason: columns.optional_text("reason")?,
        created_at: columns.instant("created_at")?,
    })
}
