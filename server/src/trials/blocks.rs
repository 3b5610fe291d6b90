//! Licensees that vendors block.

use trybuy_formats::ids::ApplicationId;

use super::licensing::LicensingError;
use crate::app::App;
use crate::store::{Builder, Subjects};

/// Refuses a licensee whom the application's vendor blocks: by licensee id, address or domain.
///
/// # Errors
/// [`LicensingError::Blocked`].
pub(super) async fn refuse_blocked(
    app: &App,
    builder: &Builder,
    application: &ApplicationId,
) -> Result<(), LicensingError> {
    let subjects = Subjects::of(builder.facts.licensee_id, &builder.facts.email);
    let blocked = app.store.is_blocked(application, &subjects).await?;
    if blocked { Err(LicensingError::Blocked) } else { Ok(()) }
}
