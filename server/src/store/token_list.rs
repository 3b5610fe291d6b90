//! The tokens of vendors as the operator sees them.

use trybuy_formats::ids::Name;
use trybuy_formats::instant::Instant;

use super::columns::Columns;
use super::{Store, StoreError, TokenId};

/// A stored token.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct VendorTokenRecord {
    /// The token's id.
    pub id: TokenId,
    /// Whose it is.
    pub vendor: Name,
    /// What it is for, in the operator's words.
    pub label: String,
    /// When it was made.
    pub created_at: Instant,
    /// When it was revoked.
    pub revoked_at: Option<Instant>,
}

const ALL: &str = "SELECT vendor_tokens.id, vendors.name, vendor_tokens.label, \
    vendor_tokens.created_at, vendor_tokens.revoked_at FROM vendor_tokens \
    JOIN vendors ON vendors.id = vendor_tokens.vendor_id \
    ORDER BY vendor_tokens.created_at, vendor_tokens.id";

impl Store {
    /// All tokens, the oldest first, revoked ones too.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn vendor_tokens(&self) -> Result<Vec<VendorTokenRecord>, StoreError> {
        let rows = self.fetch_all(sqlx::query(ALL)).await?;
        rows.iter().map(|row| VendorTokenRecord::from_columns(Columns(row))).collect()
    }
}

impl VendorTokenRecord {
    fn from_columns(columns: Columns<'_>) -> Result<Self, StoreError> {
        Ok(Self {
            id: columns.text("id")?,
            vendor: columns.text("name")?,
            label: columns.text("label")?,
            created_at: columns.instant("created_at")?,
            revoked_at: columns.optional_instant("revoked_at")?,
        })
    }
}
