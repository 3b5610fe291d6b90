//! `POST /vendor/applications/{id}/grants`

use axum::extract::State;
use trybuy_formats::api::{GiftAnswer, GiveLicensee};
use trybuy_formats::ids::ApplicationId;

use crate::app::AppState;
use crate::auth::Actor;
use crate::error::ApiError;
use crate::extract::{Json, Path};
use crate::vendors;

/// Gives something to one licensee.
pub async fn give(
    State(app): State<AppState>,
    Actor(by): Actor,
    Path(application): Path<ApplicationId>,
    Json(request): Json<GiveLicensee>,
) -> Result<axum::Json<GiftAnswer>, ApiError> {
    Ok(axum::Json(vendors::give(&app, &by, application, request).await?))
}
