//! `DELETE /vendor/blocks/{subject}`

use axum::extract::State;
use axum::http::StatusCode;
use trybuy_formats::subject::Subject;

use crate::app::AppState;
use crate::auth::Vendor;
use crate::error::ApiError;
use crate::extract::Path;
use crate::vendors;

/// Takes a block away.
pub async fn delete_block(
    State(app): State<AppState>,
    Vendor(vendor): Vendor,
    Path(subject): Path<Subject>,
) -> Result<StatusCode, ApiError> {
    vendors::delete_block(&app, &vendor, subject).await?;
    Ok(StatusCode::NO_CONTENT)
}
