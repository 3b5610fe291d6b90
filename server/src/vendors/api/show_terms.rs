//! `GET /vendor/applications/{id}/terms/{digest}`

use axum::Json;
use axum::extract::State;
use trybuy_formats::api::TermsAnswer;
use trybuy_formats::ids::{ApplicationId, Digest};
use trybuy_formats::slug::Slug;

use crate::app::AppState;
use crate::auth::Vendor;
use crate::error::ApiError;
use crate::extract::Path;
use crate::vendors::terms_of;

/// Shows the text that somebody accepted, long after another release replaced it.
pub async fn show_terms(
    State(app): State<AppState>,
    Vendor(vendor): Vendor,
    Path((application, digest)): Path<(ApplicationId, Digest)>,
) -> Result<Json<TermsAnswer>, ApiError> {
    let text = terms_of(&app, &vendor, &application, &digest).await?.ok_or_else(|| {
        ApiError::new(Slug::NotFound, "no release of this application had these terms")
            .help("use a `terms_digest` from the requests of this application")
    })?;
    Ok(Json(TermsAnswer { digest, text }))
}
