//! Temporary licenses as they are listed: with what has become of them.

use std::collections::HashMap;

use trybuy_formats::ids::ClientId;
use trybuy_formats::instant::Instant;

use super::assignments::{self, Assignment};
use super::temporary::TemporaryLicense;
use crate::store::columns::Columns;
use crate::store::connections::in_time;
use crate::store::{PAGE_LIMIT, Store, StoreError};

/// A temporary license, and what has become of it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ListedTemporary {
    /// The license.
    pub license: TemporaryLicense,
    /// When it was revoked.
    pub revoked_at: Option<Instant>,
    /// The permanent licenses that its client has for the product, ended ones among them and revoked ones not.
    pub permanent: Vec<Assignment>,
}

/// Declares a query of temporary licenses after the one of the client $1 for the product $2.
macro_rules! temporary {
    ($condition:literal) => {
        concat!(
            "SELECT client_id, product_id, temporary.license_id, platform_type, version, features, \
             issued_at, temporary.ends_at, certificate_serial, certificate, \
             revoked_certificates.revoked_at FROM temporary_licenses temporary \
             LEFT JOIN revoked_certificates ON serial = certificate_serial WHERE ",
            $condition,
            " ORDER BY client_id, product_id LIMIT $3"
        )
    };
}
const ALL: &str = temporary!("client_id > $1 OR (client_id = $1 AND product_id > $2)");
const OF_CLIENT: &str = temporary!("client_id = $1 AND product_id > $2");

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
        let begin = client.or(after.map(|it| it.license.client_id));
        let query = sqlx::query(if client.is_some() { OF_CLIENT } else { ALL })
            .bind(begin.map(|client| client.to_string()).unwrap_or_default())
            .bind(after.map(|it| it.license.product_id.to_string()).unwrap_or_default())
            .bind(i64::from(PAGE_LIMIT));
        let rows = self.fetch_all(query).await?;
        let read = |columns: Columns<'_>| {
            let license = TemporaryLicense::from_columns(columns)?;
            let revoked_at = columns.optional_instant("revoked_at")?;
            Ok(ListedTemporary { license, revoked_at, permanent: Vec::new() })
        };
        let listed =
            rows.iter().map(|row| read(Columns(row))).collect::<Result<_, StoreError>>()?;
        in_time(self.with_permanent(listed)).await
    }

    async fn with_permanent(
        &self,
        mut listed: Vec<ListedTemporary>,
    ) -> Result<Vec<ListedTemporary>, StoreError> {
        let whose = |it: &TemporaryLicense| (it.client_id, it.product_id.clone());
        let clients: Vec<_> = listed.iter().map(|it| whose(&it.license)).collect();
        let mut connection = self.readers.acquire().await?;
        let mut held: HashMap<_, Vec<_>> = HashMap::new();
        for license in assignments::held(&mut connection, &clients).await? {
            let client = (license.client_id, license.product_id.clone());
            held.entry(client).or_default().push(license);
        }
        for it in &mut listed {
            it.permanent = held.remove(&whose(&it.license)).unwrap_or_default();
        }
        Ok(listed)
    }
}
