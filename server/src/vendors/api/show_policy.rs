//! `GET /vendor/applications/{id}/policy`

use axum::Json;
use axum::extract::State;
use trybuy_formats::api::PolicyAnswer;
use trybuy_formats::ids::ApplicationId;

use crate::app::AppState;
use crate::auth::Vendor;
use crate::error::ApiError;
use crate::extract::Path;
use crate::vendors::policy_of;

/// Shows the policy of an application's trials.
pub async fn show_policy(
    State(app): State<AppState>,
    Vendor(vendor): Vendor,
    Path(application): Path<ApplicationId>,
) -> Result<Json<PolicyAnswer>, ApiError> {
    Ok(Json(policy_of(&app, &vendor, &application).await?))
}
