//! Temporary licenses as they are listed: with what has become of them.

use trybuy_formats::ids::ClientId;
use trybuy_formats::instant::Instant;

use super::temporary::TemporaryLicense;
use crate::store::columns::Columns;
use crate::store::{PAGE_LIMIT, Store, StoreError};

/// A temporary license, and what has become of it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ListedTemporary {
    /// The license.
    pub license: TemporaryLicense,
    /// When it was revoked.
    pub revoked_at: Option<Instant>,
    /// Whether its client has a permanent license of the product.
    pub is_replaced: bool,
}

const LIST: &str = "SELECT temporary.client_id, temporary.product_id, temporary.license_id, \
    temporary.platform_type, temporary.version, temporary.features, temporary.issued_at, temporary.ends_at, \
    certificate_serial, certificate, revoked_certificates.revoked_at, \
    (SELECT COUNT(*) FROM license_assignments \
        WHERE license_assignments.client_id = temporary.client_id \
        AND license_assignments.product_id = temporary.product_id \
        AND license_assignments.revoked_at IS NULL) AS permanent \
    FROM temporary_licenses temporary \
    LEFT JOIN revoked_certificates ON serial = certificate_serial \
    WHERE ($1 = '' OR temporary.client_id = $1) AND (temporary.client_id > $2 \
        OR (temporary.client_id = $2 AND temporary.product_id > $3)) \
    ORDER BY temporary.client_id, temporary.product_id LIMIT $4";

impl Store {
    /// A page of the temporary licenses, of a client only or of all, after the given one.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn temporary_licenses(
        &self,
        client: Option<ClientId>,
        after: Option<&ListedTemporary>,
    ) -> Result<Vec<ListedTemporary>, StoreError> {
        let query = sqlx::query(LIST)
            .bind(client.map(|client| client.to_string()).unwrap_or_default())
            .bind(after.map(|it| it.license.client_id.to_string()).unwrap_or_default())
            .bind(after.map(|it| it.license.product_id.to_string()).unwrap_or_default())
            .bind(i64::from(PAGE_LIMIT));
        let rows = self.fetch_all(query).await?;
        let read = |columns: Columns<'_>| {
            Ok(ListedTemporary {
                license: TemporaryLicense::from_columns(columns)?,
                revoked_at: columns.optional_instant("revoked_at")?,
                is_replaced: columns.number::<u64>("permanent")? > 0,
            })
        };
        rows.iter().map(|row| read(Columns(row))).collect()
    }
}
