//! Clients whose licenses a gateway holds: the legacy license store 130 (SL Fig. 3).

use trybuy_formats::ids::{Digest, Label, PlatformType};
use trybuy_formats::instant::Instant;

use crate::store::columns::Columns;
use crate::store::{Store, StoreError};

/// A client that cannot show a license itself.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct GatewayClient {
    /// What it is called.
    pub name: Label,
    /// Legacy or Direct-Connect.
    pub platform_type: PlatformType,
    /// SHA-256 of the token that a legacy client shows.
    pub token_digest: Option<Digest>,
    /// The key that its licenses are for: P-256, SubjectPublicKeyInfo in DER.
    pub client_key: Vec<u8>,
    /// Its license and the certificates it was issued under, in PEM.
    pub license: Option<String>,
    /// When it was added.
    pub added_at: Instant,
}

const ADD: &str = "INSERT INTO gateway_clients \
    (name, platform_type, token_digest, client_key, license, added_at) \
    VALUES ($1, $2, $3, $4, NULL, $5) ON CONFLICT (name) DO NOTHING";
const LICENSE: &str = "UPDATE gateway_clients SET license = $2 WHERE name = $1";
const REMOVE: &str = "DELETE FROM gateway_clients WHERE name = $1";
const ALL: &str = "SELECT name, platform_type, token_digest, client_key, license, added_at \
    FROM gateway_clients ORDER BY name";
const BY_NAME: &str = "SELECT name, platform_type, token_digest, client_key, license, added_at \
    FROM gateway_clients WHERE name = $1";
const BY_TOKEN: &str = "SELECT name, platform_type, token_digest, client_key, license, added_at \
    FROM gateway_clients WHERE token_digest = $1";

impl Store {
    /// Adds a client without a license. Answers whether its name was free.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn add_gateway_client(&self, client: &GatewayClient) -> Result<bool, StoreError> {
        let query = sqlx::query(ADD)
            .bind(client.name.as_str())
            .bind(client.platform_type.as_str())
            .bind(client.token_digest.map(|digest| digest.to_string()))
            .bind(client.client_key.clone())
            .bind(client.added_at.unix());
        Ok(self.execute(query).await?.rows_affected() == 1)
    }

    /// Keeps the license of a client.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn set_gateway_client_license(
        &self,
        name: &Label,
        license: &str,
    ) -> Result<(), StoreError> {
        self.execute(sqlx::query(LICENSE).bind(name.as_str()).bind(license)).await?;
        Ok(())
    }

    /// Removes a client. Answers whether there was one.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn remove_gateway_client(&self, name: &Label) -> Result<bool, StoreError> {
        let removed = self.execute(sqlx::query(REMOVE).bind(name.as_str())).await?;
        Ok(removed.rows_affected() == 1)
    }

    /// The client of a name.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn gateway_client(&self, name: &Label) -> Result<Option<GatewayClient>, StoreError> {
        let row = self.fetch_optional(sqlx::query(BY_NAME).bind(name.as_str())).await?;
        row.map(|row| client(Columns(&row))).transpose()
    }

    /// The client of a token, by its digest.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn gateway_client_of_token(
        &self,
        token: Digest,
    ) -> Result<Option<GatewayClient>, StoreError> {
        let row = self.fetch_optional(sqlx::query(BY_TOKEN).bind(token.to_string())).await?;
        row.map(|row| client(Columns(&row))).transpose()
    }

    /// All clients, by their names.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn gateway_clients(&self) -> Result<Vec<GatewayClient>, StoreError> {
        let rows = self.fetch_all(sqlx::query(ALL)).await?;
        rows.iter().map(|row| client(Columns(row))).collect()
    }
}

fn client(columns: Columns<'_>) -> Result<GatewayClient, StoreError> {
    Ok(GatewayClient {
        name: columns.text("name")?,
        platform_type: columns.text("platform_type")?,
        token_digest: columns.optional_text("token_digest")?,
        client_key: columns.bytes("client_key")?,
        license: columns.optional_text("license")?,
        added_at: columns.instant("added_at")?,
    })
}
