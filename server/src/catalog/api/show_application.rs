//! `GET /applications/{id}`

use axum::Json;
use axum::extract::State;
use trybuy_formats::api::ApplicationDetails;
use trybuy_formats::ids::ApplicationId;

use crate::app::AppState;
use crate::catalog::application_details;
use crate::error::ApiError;
use crate::extract::Path;

/// Shows one application with its texts and releases.
pub async fn show_application(
    State(app): State<AppState>,
    Path(id): Path<ApplicationId>,
) -> Result<Json<ApplicationDetails>, ApiError> {
    Ok(Json(application_details(&app, &id).await?))
}
