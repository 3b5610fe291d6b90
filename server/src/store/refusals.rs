//! Who was refused another trial, because all of them were used.

use trybuy_formats::ids::{ApplicationId, LicenseId, LicenseeId};
use trybuy_formats::instant::{DAY, Instant};
use uuid::Uuid;

use super::{Store, StoreError};

/// Nothing is written where nobody is told, and at most once a day for a licensee and application, so
/// that somebody who asks again and again costs nothing.
const RECORD: &str = "INSERT INTO refusals \
    (id, application, licensee_id, license_id, refused_at, times) \
    SELECT $1, $2, $3, $4, $5, 1 FROM applications WHERE applications.id = $2 \
    AND EXISTS (SELECT 1 FROM webhooks WHERE webhooks.vendor_id = applications.vendor_id \
        AND webhooks.disabled_at IS NULL) \
    ON CONFLICT (application, licensee_id) DO UPDATE SET license_id = excluded.license_id, \
        refused_at = excluded.refused_at, times = refusals.times + 1 \
    WHERE refusals.refused_at <= $6";

impl Store {
    /// Remembers that a licensee was refused another trial of an application.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn record_refusal(
        &self,
        application: &ApplicationId,
        licensee: LicenseeId,
        license: LicenseId,
        now: Instant,
    ) -> Result<(), StoreError> {
        let query = sqlx::query(RECORD)
            .bind(Uuid::now_v7().to_string())
            .bind(application.as_str())
            .bind(licensee.to_string())
            .bind(license.to_string())
            .bind(now.unix())
            .bind(now.minus(DAY).unix());
        self.execute(query).await.map(drop)
    }
}
