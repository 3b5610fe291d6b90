//! Who asked for trials: step 310, "information about the user can be automatically provided to the
//! owners of the requested application program".

use trybuy_formats::api::RequestersAnswer;
use trybuy_formats::ids::{ApplicationId, Digest};

use super::policies::{PolicyError, own_application};
use crate::app::App;
use crate::store::{RequestCursor, Vendor};

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
    let next = last.map(|entry| RequestCursor::of(entry).to_string());
    Ok(RequestersAnswer { requests: page.entries, next })
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
