//! `/vendor/profiles`

use axum::extract::State;
use axum::http::StatusCode;
use trybuy_formats::api::{Profile, ProfilesAnswer, SetProfile};
use trybuy_formats::ids::Label;

use crate::app::AppState;
use crate::auth::Vendor;
use crate::error::ApiError;
use crate::extract::{Json, Path};
use crate::vendors;

/// Lists the vendor's profiles.
pub async fn list_profiles(
    State(app): State<AppState>,
    Vendor(vendor): Vendor,
) -> Result<axum::Json<ProfilesAnswer>, ApiError> {
    Ok(axum::Json(vendors::profiles_of(&app, &vendor).await?))
}

/// Makes or changes a profile.
pub async fn set_profile(
    State(app): State<AppState>,
    Vendor(vendor): Vendor,
    Path(name): Path<Label>,
    Json(change): Json<SetProfile>,
) -> Result<axum::Json<Profile>, ApiError> {
    Ok(axum::Json(vendors::set_profile(&app, &vendor, name, change).await?))
}

/// Removes a profile.
pub async fn remove_profile(
    State(app): State<AppState>,
    Vendor(vendor): Vendor,
    Path(name): Path<Label>,
) -> Result<StatusCode, ApiError> {
    vendors::remove_profile(&app, &vendor, &name).await?;
    Ok(StatusCode::NO_CONTENT)
}
