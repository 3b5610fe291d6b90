//! `PUT /vendor/applications/{id}/policy`

use axum::extract::State;
use trybuy_formats::api::{PolicyAnswer, SetPolicy};
use trybuy_formats::ids::ApplicationId;

use crate::app::AppState;
use crate::auth::Vendor;
use crate::error::ApiError;
use crate::extract::{Json, Path};
use crate::vendors::change_policy;

/// Sets the policy of the trials to come.
pub async fn set_policy(
    State(app): State<AppState>,
    Vendor(vendor): Vendor,
    Path(application): Path<ApplicationId>,
    Json(SetPolicy { policy }): Json<SetPolicy>,
) -> Result<axum::Json<PolicyAnswer>, ApiError> {
    Ok(axum::Json(change_policy(&app, &vendor, application, policy).await?))
}
