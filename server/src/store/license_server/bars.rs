//! Clients that get no new license of a product, as one of theirs was revoked, until they are readmitted.

use sqlx::AnyConnection;
use trybuy_formats::ids::{ClientId, Note, ProductId, SeatLicenseId};
use trybuy_formats::instant::Instant;
use trybuy_formats::keys::LicenseServerSecret;

use super::assignments::of_clients;
use super::chain::{Chain, Chained, ChainedOperation};
use super::decisions::{DecisionOutcome, LicenseDecision};
use crate::store::columns::Columns;
use crate::store::{PAGE_LIMIT, Store, StoreError};

/// A client that is barred.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Bar {
    /// The client.
    pub client_id: ClientId,
    /// The product.
    pub product_id: ProductId,
    /// The license that was revoked.
    pub license_id: SeatLicenseId,
    /// Since when.
    pub barred_at: Instant,
}

/// A client that may have licenses of a product again.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Readmission {
    /// The client.
    pub client_id: ClientId,
    /// The product.
    pub product_id: ProductId,
    /// Why, in the operator's words.
    pub note: Note,
    /// Now.
    pub now: Instant,
}

const ADD: &str = "INSERT INTO license_bars (client_id, product_id, license_id, barred_at) \
    VALUES ($1, $2, $3, $4) ON CONFLICT (client_id, product_id) DO NOTHING";
const REMOVE: &str = "DELETE FROM license_bars WHERE client_id = $1 AND product_id = $2";
const OF_CLIENTS: &str = "SELECT client_id, product_id FROM clients CROSS JOIN license_bars \
    WHERE client_id = client AND product_id = product";
const LIST: &str = "SELECT client_id, product_id, license_id, barred_at FROM license_bars \
    WHERE client_id > $1 OR (client_id = $1 AND product_id > $2) \
    ORDER BY client_id, product_id LIMIT $3";

impl Store {
    /// A page of the barred clients, after the given one.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn barred_clients(&self, after: Option<&Bar>) -> Result<Vec<Bar>, StoreError> {
        let query = sqlx::query(LIST)
            .bind(after.map(|bar| bar.client_id.to_string()).unwrap_or_default())
            .bind(after.map(|bar| bar.product_id.to_string()).unwrap_or_default())
            .bind(i64::from(PAGE_LIMIT));
        let rows = self.fetch_all(query).await?;
        let read = |columns: Columns<'_>| {
            Ok(Bar {
                client_id: columns.text("client_id")?,
                product_id: columns.text("product_id")?,
                license_id: columns.text("license_id")?,
                barred_at: columns.instant("barred_at")?,
            })
        };
        rows.iter().map(|row| read(Columns(row))).collect()
    }

    /// Bars a client no longer, with a record. Answers whether it was barred.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn readmit_client(
        &self,
        secret: &LicenseServerSecret,
        readmission: &Readmission,
    ) -> Result<bool, StoreError> {
        self.write(&Chained { secret, operation: readmission }).await
    }
}

impl ChainedOperation for Readmission {
    type Answer = bool;

    async fn run(
        &self,
        connection: &mut AnyConnection,
        chain: &mut Chain<'_>,
    ) -> Result<bool, StoreError> {
        let query = sqlx::query(REMOVE).bind(self.client_id.to_string());
        let removed = query.bind(self.product_id.as_str()).execute(connection).await?;
        let was_barred = removed.rows_affected() == 1;
        if was_barred {
            chain.append(LicenseDecision {
                client_id: Some(self.client_id),
                product_id: Some(self.product_id.clone()),
                note: Some(self.note.clone()),
                ..LicenseDecision::of(DecisionOutcome::Readmitted, self.now)
            });
        }
        Ok(was_barred)
    }
}

/// Bars a client. One that is barred already stays so.
pub(super) async fn add(connection: &mut AnyConnection, bar: &Bar) -> Result<(), StoreError> {
    sqlx::query(ADD)
        .bind(bar.client_id.to_string())
        .bind(bar.product_id.as_str())
        .bind(bar.license_id.to_string())
        .bind(bar.barred_at.unix())
        .execute(connection)
        .await?;
    Ok(())
}

/// Of clients and a product each, those that are barred.
pub(super) async fn barred(
    connection: &mut AnyConnection,
    clients: &[(ClientId, ProductId)],
) -> Result<Vec<(ClientId, ProductId)>, StoreError> {
    let rows = of_clients(connection, OF_CLIENTS, clients).await?;
    let read = |columns: Columns<'_>| Ok((columns.text("client_id")?, columns.text("product_id")?));
    rows.iter().map(|row| read(Columns(row))).collect()
}
