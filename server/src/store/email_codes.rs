//! Codes that were sent to e-mail addresses, and addresses that were verified with them.

use sqlx::AnyConnection;
use trybuy_formats::ids::{Digest, LicenseId};
use trybuy_formats::instant::Instant;

use super::transaction::{Finish, Operation};
use super::{Store, StoreError};

/// How often a code may be tried.
pub const EMAIL_CODE_TRIES: u32 = 5;

/// A code that was sent to the address of a Builder.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NewEmailCode {
    /// The license of the Builder.
    pub license_id: LicenseId,
    /// SHA-256 of the code; the code itself is not stored.
    pub hash: Digest,
    /// Until when it is accepted, this second excluded.
    pub expires_at: Instant,
}

/// A code that was typed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct EmailCodeTry {
    /// The license of the Builder it came from.
    pub license_id: LicenseId,
    /// SHA-256 of what was typed; none if that cannot be a code.
    pub hash: Option<Digest>,
    /// When.
    pub now: Instant,
}

/// How a try ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum EmailVerification {
    /// The address is verified, and the code is used up.
    Verified,
    /// It is not the code. The try was counted.
    WrongCode,
    /// There is no code that can be tried: none was sent, it expired, or it was tried too often.
    NoCode,
}

/// The newest code replaces the one before it, with its tries.
const PUT: &str = "INSERT INTO email_codes (license_id, hash, tries, expires_at) \
    VALUES ($1, $2, 0, $3) ON CONFLICT (license_id) \
    DO UPDATE SET hash = excluded.hash, tries = 0, expires_at = excluded.expires_at";
const COUNT: &str = "UPDATE email_codes SET tries = tries + 1 \
    WHERE license_id = $1 AND expires_at > $2 AND tries < $3";
/// Takes the code away if it is this one.
const USE_UP: &str = "DELETE FROM email_codes WHERE license_id = $1 AND hash = $2";
const VERIFY: &str = "UPDATE builders SET email_verified_at = $2 \
    WHERE license_id = $1 AND revoked_at IS NULL";

impl Store {
    /// Stores a code. It replaces the one that the Builder had.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn put_email_code(&self, code: &NewEmailCode) -> Result<(), StoreError> {
        let query = sqlx::query(PUT)
            .bind(code.license_id.to_string())
            .bind(code.hash.to_string())
            .bind(code.expires_at.unix());
        self.execute(query).await.map(drop)
    }

    /// Tries a code, and verifies the Builder's address if it is the right one.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn verify_email(
        &self,
        typed: &EmailCodeTry,
    ) -> Result<EmailVerification, StoreError> {
        self.write(typed).await
    }
}

impl Operation for EmailCodeTry {
    type Answer = EmailVerification;

    async fn run(
        &self,
        connection: &mut AnyConnection,
    ) -> Result<Finish<EmailVerification>, StoreError> {
        let license = self.license_id.to_string();
        let counted = sqlx::query(COUNT)
            .bind(license.as_str())
            .bind(self.now.unix())
            .bind(i64::from(EMAIL_CODE_TRIES))
            .execute(&mut *connection)
            .await?;
        if counted.rows_affected() == 0 {
            return Ok(Finish::RollBack(EmailVerification::NoCode));
        }
        let Some(hash) = &self.hash else {
            return Ok(Finish::Commit(EmailVerification::WrongCode));
        };
        let used = sqlx::query(USE_UP)
            .bind(license.as_str())
            .bind(hash.to_string())
            .execute(&mut *connection)
            .await?;
        if used.rows_affected() == 0 {
            return Ok(Finish::Commit(EmailVerification::WrongCode));
        }
        sqlx::query(VERIFY).bind(license).bind(self.now.unix()).execute(connection).await?;
        Ok(Finish::Commit(EmailVerification::Verified))
    }
}
