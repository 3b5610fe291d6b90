//! The gateways 32 that a license server trusts with clients that cannot answer a challenge.

use trybuy_formats::ids::{KeyId, Label};
use trybuy_formats::instant::Instant;

use crate::store::columns::Columns;
use crate::store::{Store, StoreError};

/// A gateway.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LicenseGateway {
    /// What the operator calls it.
    pub name: Label,
    /// The id of its key.
    pub key_id: KeyId,
    /// The key that its requests are signed with, Ed25519.
    pub public_key: [u8; 32],
    /// When it was added.
    pub added_at: Instant,
}

const INSERT: &str = "INSERT INTO license_gateways (name, key_id, public_key, added_at) \
    VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING";
const BY_KEY: &str =
    "SELECT name, key_id, public_key, added_at FROM license_gateways WHERE key_id = $1";
const LIST: &str = "SELECT name, key_id, public_key, added_at FROM license_gateways ORDER BY name";
const REMOVE: &str = "DELETE FROM license_gateways WHERE name = $1";

impl Store {
    /// Adds a gateway. Answers whether its name and its key are new.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn add_license_gateway(&self, gateway: &LicenseGateway) -> Result<bool, StoreError> {
        let query = sqlx::query(INSERT)
            .bind(gateway.name.as_str())
            .bind(gateway.key_id.to_string())
            .bind(gateway.public_key.as_slice())
            .bind(gateway.added_at.unix());
        Ok(self.execute(query).await?.rows_affected() == 1)
    }

    /// The gateway with a key.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn license_gateway(&self, key: KeyId) -> Result<Option<LicenseGateway>, StoreError> {
        let row = self.fetch_optional(sqlx::query(BY_KEY).bind(key.to_string())).await?;
        row.map(|row| LicenseGateway::from_columns(Columns(&row))).transpose()
    }

    /// All gateways, by name.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn license_gateways(&self) -> Result<Vec<LicenseGateway>, StoreError> {
        let rows = self.fetch_all(sqlx::query(LIST)).await?;
        rows.iter().map(|row| LicenseGateway::from_columns(Columns(row))).collect()
    }

    /// Removes a gateway. Answers whether there was one.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn remove_license_gateway(&self, name: &Label) -> Result<bool, StoreError> {
        let removed = self.execute(sqlx::query(REMOVE).bind(name.as_str())).await?;
        Ok(removed.rows_affected() == 1)
    }
}

impl LicenseGateway {
    fn from_columns(columns: Columns<'_>) -> Result<Self, StoreError> {
        let public_key = columns.bytes("public_key")?;
        Ok(Self {
            name: columns.text("name")?,
            key_id: columns.text("key_id")?,
            public_key: public_key
                .try_into()
                .map_err(|_| StoreError::Corrupt { column: "public_key" })?,
            added_at: columns.instant("added_at")?,
        })
    }
}
