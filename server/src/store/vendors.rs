//! Vendors and their tokens.

use sqlx::AnyConnection;
use trybuy_formats::ids::{Digest, Name};
use trybuy_formats::instant::Instant;

use super::columns::Columns;
use super::transaction::{Finish, Operation};
use super::{Store, StoreError, TokenId, VendorId};

/// Who publishes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Vendor {
    /// The vendor.
    pub id: VendorId,
    /// Their name, unique on the server.
    pub name: Name,
}

/// A vendor who acts with one of its tokens.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Actor {
    /// The vendor.
    pub vendor: Vendor,
    /// The token's id, by which it is recorded who changed something.
    pub token: TokenId,
}

/// A token to be stored.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NewVendorToken {
    /// Whose it is.
    pub vendor: Name,
    /// What it is for, in the operator's words.
    pub label: String,
    /// SHA-256 of the token; the token itself is not stored.
    pub hash: Digest,
    /// When it was made.
    pub created_at: Instant,
}

const INSERT_VENDOR: &str = "INSERT INTO vendors (id, name, created_at) VALUES ($1, $2, $3) \
    ON CONFLICT (name) DO NOTHING";
const VENDOR_BY_NAME: &str = "SELECT id, name FROM vendors WHERE name = $1";
const INSERT_TOKEN: &str = "INSERT INTO vendor_tokens (id, vendor_id, hash, label, created_at) \
    VALUES ($1, $2, $3, $4, $5)";
const ACTOR: &str = "SELECT vendors.id, vendors.name, vendor_tokens.id AS token_id FROM vendor_tokens \
    JOIN vendors ON vendors.id = vendor_tokens.vendor_id \
    WHERE vendor_tokens.hash = $1 AND vendor_tokens.revoked_at IS NULL";
const REVOKE_TOKEN: &str = "UPDATE vendor_tokens SET revoked_at = $2 \
    WHERE id = $1 AND revoked_at IS NULL";

impl Store {
    /// Stores a token, and the vendor too if there is none of that name.
    ///
    /// # Errors
    /// [`StoreError`]; a hash that is stored already is one, as tokens are random.
    pub async fn create_vendor_token(
        &self,
        token: &NewVendorToken,
    ) -> Result<(TokenId, Vendor), StoreError> {
        self.write(token).await
    }

    /// Who acts with a token; nobody if it is unknown or revoked.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn actor(&self, hash: &Digest) -> Result<Option<Actor>, StoreError> {
        let query = sqlx::query(ACTOR).bind(hash.to_string());
        let row = self.fetch_optional(query).await?;
        row.map(|row| {
            let columns = Columns(&row);
            Ok(Actor { vendor: vendor(columns)?, token: columns.text("token_id")? })
        })
        .transpose()
    }

    /// Revokes a token. Answers whether there was one to revoke.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn revoke_vendor_token(&self, id: TokenId, now: Instant) -> Result<bool, StoreError> {
        let query = sqlx::query(REVOKE_TOKEN).bind(id.to_string()).bind(now.unix());
        Ok(self.execute(query).await?.rows_affected() == 1)
    }
}

impl Operation for NewVendorToken {
    type Answer = (TokenId, Vendor);

    async fn run(
        &self,
        connection: &mut AnyConnection,
    ) -> Result<Finish<Self::Answer>, StoreError> {
        sqlx::query(INSERT_VENDOR)
            .bind(VendorId::new().to_string())
            .bind(self.vendor.as_str())
            .bind(self.created_at.unix())
            .execute(&mut *connection)
            .await?;
        let row = sqlx::query(VENDOR_BY_NAME)
            .bind(self.vendor.as_str())
            .fetch_one(&mut *connection)
            .await?;
        let vendor = vendor(Columns(&row))?;
        let token = TokenId::new();
        sqlx::query(INSERT_TOKEN)
            .bind(token.to_string())
            .bind(vendor.id.to_string())
            .bind(self.hash.to_string())
            .bind(self.label.as_str())
            .bind(self.created_at.unix())
            .execute(&mut *connection)
            .await?;
        Ok(Finish::Commit((token, vendor)))
    }
}

fn vendor(columns: Columns<'_>) -> Result<Vendor, StoreError> {
    Ok(Vendor { id: columns.text("id")?, name: columns.text("name")? })
}
