//! `/vendor/classes`

use axum::extract::State;
use axum::http::StatusCode;
use trybuy_formats::api::{ClassesAnswer, SetClass};
use trybuy_formats::ids::Label;
use trybuy_formats::subject::Subject;

use crate::app::AppState;
use crate::auth::Vendor;
use crate::error::ApiError;
use crate::extract::{Json, Path};
use crate::vendors;

/// Lists the vendor's classes with their members.
pub async fn list_classes(
    State(app): State<AppState>,
    Vendor(vendor): Vendor,
) -> Result<axum::Json<ClassesAnswer>, ApiError> {
    Ok(axum::Json(vendors::classes_of(&app, &vendor).await?))
}

/// Makes a class, or gives it another rank.
pub async fn set_class(
    State(app): State<AppState>,
    Vendor(vendor): Vendor,
    Path(class): Path<Label>,
    Json(SetClass { rank }): Json<SetClass>,
) -> Result<StatusCode, ApiError> {
    vendors::set_class(&app, &vendor, &class, rank).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Removes a class.
pub async fn remove_class(
    State(app): State<AppState>,
    Vendor(vendor): Vendor,
    Path(class): Path<Label>,
) -> Result<StatusCode, ApiError> {
    vendors::remove_class(&app, &vendor, &class).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Adds a member to a class.
pub async fn add_member(
    State(app): State<AppState>,
    Vendor(vendor): Vendor,
    Path((class, member)): Path<(Label, Subject)>,
) -> Result<StatusCode, ApiError> {
    vendors::add_member(&app, &vendor, &class, &member).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Takes a member out of a class.
pub async fn remove_member(
    State(app): State<AppState>,
    Vendor(vendor): Vendor,
    Path((class, member)): Path<(Label, Subject)>,
) -> Result<StatusCode, ApiError> {
    vendors::remove_member(&app, &vendor, &class, &member).await?;
    Ok(StatusCode::NO_CONTENT)
}
