//! Codes to be retyped as acceptance of the terms (access condition C, `retype-code`).

use sqlx::AnyConnection;
use trybuy_formats::ids::{ApplicationId, Digest, LicenseId};
use trybuy_formats::instant::Instant;

use super::transaction::{Finish, Operation};
use super::{GrantRequest, Store, StoreError};

/// A code that was shown to somebody.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NewAcceptanceCode {
    /// SHA-256 of the code; the code itself is not stored.
    pub hash: Digest,
    /// The license of the Builder that asked for it.
    pub license_id: LicenseId,
    /// The application whose terms it accepts.
    pub application: ApplicationId,
    /// When it was made.
    pub created_at: Instant,
    /// Until when it is accepted, this second excluded.
    pub expires_at: Instant,
}

const INSERT: &str = "INSERT INTO acceptance_codes \
    (hash, license_id, application, created_at, expires_at) VALUES ($1, $2, $3, $4, $5)";
/// The newest code for an application replaces the others, and those of other applications go when
/// they have ended.
const REPLACE: &str = "DELETE FROM acceptance_codes WHERE license_id = $2 AND hash <> $1 \
    AND (application = $3 OR expires_at <= $4)";
const CONSUME: &str = "UPDATE acceptance_codes SET used_at = $4 WHERE hash = $1 \
    AND license_id = $2 AND application = $3 AND used_at IS NULL AND expires_at > $4";

impl Store {
    /// Stores a code. It replaces the one that the license had for the application.
    ///
    /// # Errors
    /// [`StoreError`]; a hash that is stored already is one, as codes are random.
    pub async fn create_acceptance_code(&self, code: &NewAcceptanceCode) -> Result<(), StoreError> {
        self.write(code).await
    }
}

impl Operation for NewAcceptanceCode {
    type Answer = ();

    async fn run(&self, connection: &mut AnyConnection) -> Result<Finish<()>, StoreError> {
        sqlx::query(INSERT)
            .bind(self.hash.to_string())
            .bind(self.license_id.to_string())
            .bind(self.application.as_str())
            .bind(self.created_at.unix())
            .bind(self.expires_at.unix())
            .execute(&mut *connection)
            .await?;
        sqlx::query(REPLACE)
            .bind(self.hash.to_string())
            .bind(self.license_id.to_string())
            .bind(self.application.as_str())
            .bind(self.created_at.unix())
            .execute(connection)
            .await?;
        Ok(Finish::Commit(()))
    }
}

/// Uses up the code of a grant. Answers whether it was there to be used: of several that try at
/// once, one does.
pub(super) async fn consume(
    connection: &mut AnyConnection,
    code: &Digest,
    grant: &GrantRequest,
) -> Result<bool, StoreError> {
    let facts = &grant.trial;
    let outcome = sqlx::query(CONSUME)
        .bind(code.to_string())
        .bind(facts.license_id.to_string())
        .bind(facts.application.as_str())
        .bind(facts.requested_at.unix())
        .execute(connection)
        .await?;
    Ok(outcome.rows_affected() == 1)
}
