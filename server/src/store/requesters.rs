//! Who asked for trials (T&B step 310), for the application's owner.

use std::fmt;
use std::str::FromStr;

use trybuy_formats::api::Requester;
use trybuy_formats::ids::{ApplicationId, TrialId};
use trybuy_formats::instant::Instant;

use super::columns::Columns;
use super::{PAGE_LIMIT, Page, Store, StoreError};

/// The place of a request in the list, written `SECONDS.TRIAL`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct RequestCursor {
    requested_at: Instant,
    trial_id: TrialId,
}

/// A text that is not a [`RequestCursor`].
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("not a cursor of a list of requests")]
pub struct InvalidCursor;

const PAGE: &str = "SELECT trials.id, trials.licensee_id, builders.name, builders.email, \
    builders.email_verified_at, trials.platform, releases.version, trials.requested_at, \
    trials.ends_at, trials.terms_digest, trials.accepted_as, trials.delivered_at, \
    trials.first_run_on, trials.purchased_at, trials.counted, \
    CASE WHEN EXISTS (SELECT 1 FROM trials AS bought \
        WHERE bought.application = trials.application AND bought.licensee_id = trials.licensee_id \
        AND bought.purchased_at IS NOT NULL) THEN 1 ELSE 0 END AS converted, \
    (SELECT first.version FROM releases AS first WHERE first.application = trials.application \
        AND first.terms_digest = trials.terms_digest ORDER BY first.version_key LIMIT 1) \
        AS terms_version FROM trials \
    JOIN builders ON builders.license_id = trials.license_id \
    JOIN releases ON releases.id = trials.release_id \
    WHERE trials.application = $1 AND (trials.requested_at, trials.id) > ($2, $3) \
    ORDER BY trials.requested_at, trials.id LIMIT $4";

impl Store {
    /// A page of the requests for an application, the oldest first. The next one begins after the
    /// cursor of its last entry.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn requests(
        &self,
        application: &ApplicationId,
        after: Option<RequestCursor>,
        limit: u32,
    ) -> Result<Page<Requester>, StoreError> {
        let limit = limit.min(PAGE_LIMIT);
        let query = sqlx::query(PAGE)
            .bind(application.as_str())
            .bind(after.map_or(0, |cursor| cursor.requested_at.unix()))
            .bind(after.map_or(String::new(), |cursor| cursor.trial_id.to_string()))
            .bind(i64::from(limit) + 1);
        let rows = self.fetch_all(query).await?;
        let entries: Result<_, _> = rows.iter().map(|row| requester(Columns(row))).collect();
        Ok(Page::new(entries?, limit))
    }
}

impl RequestCursor {
    /// The place of a request.
    pub fn of(request: &Requester) -> Self {
        Self { requested_at: request.requested_at, trial_id: request.trial_id }
    }
}

fn requester(columns: Columns<'_>) -> Result<Requester, StoreError> {
    Ok(Requester {
        trial_id: columns.text("id")?,
        licensee_id: columns.text("licensee_id")?,
        name: columns.text("name")?,
        email: columns.text("email")?,
        email_verified_at: columns.optional_instant("email_verified_at")?,
        platform: columns.text("platform")?,
        version: columns.text("version")?,
        requested_at: columns.instant("requested_at")?,
        ends_at: columns.optional_instant("ends_at")?,
        terms_digest: columns.text("terms_digest")?,
        terms_version: columns.optional_text("terms_version")?,
        accepted_as: columns.optional_text("accepted_as")?,
        delivered_at: columns.optional_instant("delivered_at")?,
        first_run_on: columns.optional_instant("first_run_on")?,
        purchased_at: columns.optional_instant("purchased_at")?,
        converted: columns.number::<u8>("converted")? == 1,
        counted: columns.number::<u8>("counted")? == 1,
    })
}

impl fmt::Display for RequestCursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.requested_at.unix(), self.trial_id)
    }
}

impl FromStr for RequestCursor {
    type Err = InvalidCursor;

    fn from_str(text: &str) -> Result<Self, InvalidCursor> {
        let (seconds, trial) = text.split_once('.').ok_or(InvalidCursor)?;
        let seconds = seconds.parse().map_err(|_| InvalidCursor)?;
        Ok(Self {
            requested_at: Instant::from_unix(seconds).ok_or(InvalidCursor)?,
            trial_id: trial.parse().map_err(|_| InvalidCursor)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cursors_are_read_as_they_are_written() {
        let cursor = RequestCursor {
            requested_at: Instant::from_unix(1_800_000_000).expect("in range"),
            trial_id: TrialId::new(),
        };
        assert_eq!(cursor.to_string().parse(), Ok(cursor));
        for bad in ["", "1", "1.", "x.y", "-1.00000000-0000-0000-0000-000000000000"] {
            assert_eq!(bad.parse::<RequestCursor>(), Err(InvalidCursor), "{bad}");
        }
    }
}
