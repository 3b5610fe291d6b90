//! Who asked for trials: step 310, "information about the user can be automatically provided to the
//! owners of the requested application program".

use trybuy_formats::api::{Requester, RequestersAnswer};
use trybuy_formats::ids::{ApplicationId, Digest};

use super::policies::{PolicyError, own_application};
use crate::app::App;
use crate::store::{RequestCursor, RequestRecord, Vendor};

/// A page of the requests for a vendor's application, the oldest first.
///
/// # Errors
/// When the vendor has no such application.
pub async fn requests_page(
    app: &App,
    vendor: &Vendor,
    application: &ApplicationId,
    after: Option<RequestCursor>,
    limit: u32,
) -> Result<RequestersAnswer, PolicyError> {
    own_application(app, vendor, application).await?;
    let page = app.store.requests(application, after, limit).await?;
    let last = page.entries.last().filter(|_| page.more);
    let next = last.map(|entry| entry.cursor().to_string());
    Ok(RequestersAnswer { requests: page.entries.into_iter().map(requester).collect(), next })
}

/// The text of terms that a release of a vendor's application had; none if none had them.
///
/// # Errors
/// When the vendor has no such application.
pub async fn terms_of(
    app: &App,
    vendor: &Vendor,
    application: &ApplicationId,
    digest: &Digest,
) -> Result<Option<String>, PolicyError> {
    own_application(app, vendor, application).await?;
    Ok(app.store.terms(application, digest).await?)
}

fn requester(record: RequestRecord) -> Requester {
    Requester {
        trial_id: record.trial_id,
        licensee_id: record.licensee_id,
        name: record.name,
        email: record.email,
        email_verified_at: record.email_verified_at,
        platform: record.platform,
        version: record.version,
        requested_at: record.requested_at,
        ends_at: record.ends_at,
        terms_digest: record.terms_digest,
        terms_version: record.terms_version,
        accepted_as: record.accepted_as,
        delivered_at: record.delivered_at,
        first_run_on: record.first_run_on,
        purchased_at: record.purchased_at,
        counted: record.counted,
    }
}
