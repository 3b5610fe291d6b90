//! Licensees: one for each e-mail address, whatever number of Builders they set up.

use sqlx::AnyConnection;
use trybuy_formats::ids::{EmailKey, LicenseeId};
use trybuy_formats::instant::Instant;

use super::StoreError;
use super::columns::Columns;

const INSERT: &str = "INSERT INTO licensees (id, email_key, created_at) VALUES ($1, $2, $3) \
    ON CONFLICT (email_key) DO NOTHING";
const BY_EMAIL_KEY: &str = "SELECT id FROM licensees WHERE email_key = $1";

/// The licensee of an address; `new` becomes it where there is none. Of two at once, one does.
pub(super) async fn find_or_create(
    connection: &mut AnyConnection,
    email: &EmailKey,
    new: LicenseeId,
    now: Instant,
) -> Result<LicenseeId, StoreError> {
    sqlx::query(INSERT)
        .bind(new.to_string())
        .bind(email.to_string())
        .bind(now.unix())
        .execute(&mut *connection)
        .await?;
    find(connection, email).await?.ok_or(StoreError::Corrupt { column: "email_key" })
}

/// The licensee of an address.
pub(super) async fn find(
    connection: &mut AnyConnection,
    email: &EmailKey,
) -> Result<Option<LicenseeId>, StoreError> {
    let row = sqlx::query(BY_EMAIL_KEY).bind(email.to_string()).fetch_optional(connection).await?;
    row.map(|row| Columns(&row).text("id")).transpose()
}
