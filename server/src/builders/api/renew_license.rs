//! `POST /builders/license`

use axum::Json;
use axum::extract::State;
use trybuy_formats::api::{BuilderLicenseAnswer, RenewBuilderLicense};

use crate::app::AppState;
use crate::auth::SignedBuilder;
use crate::builders::renew;
use crate::error::ApiError;

/// Renews a Builder's license, also one that is over.
pub async fn renew_license(
    State(app): State<AppState>,
    signed: SignedBuilder,
) -> Result<Json<BuilderLicenseAnswer>, ApiError> {
    let RenewBuilderLicense { terms_digest } = signed.json()?;
    Ok(Json(renew(&app, &signed.builder, terms_digest).await?))
}
