//! `POST /applications/{id}/acceptance-codes`

use axum::Json;
use axum::extract::State;
use trybuy_formats::api::AcceptanceCode;
use trybuy_formats::ids::ApplicationId;

use crate::app::AppState;
use crate::auth::SignedBuilder;
use crate::error::ApiError;
use crate::extract::Path;
use crate::trials::{CODE_LIFETIME, create_code};

/// Shows a code to be typed back, where the vendor asks for that.
pub async fn create_acceptance_code(
    State(app): State<AppState>,
    Path(application): Path<ApplicationId>,
    signed: SignedBuilder,
) -> Result<Json<AcceptanceCode>, ApiError> {
    app.rate_limits.acceptance_codes.count(&signed.builder.facts.license_id)?;
    Ok(Json(create_code(&app, &signed.builder, application, CODE_LIFETIME).await?))
}
