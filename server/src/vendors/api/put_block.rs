//! `PUT /vendor/blocks/{subject}`

use axum::extract::State;
use trybuy_formats::api::{Block, PutBlock};
use trybuy_formats::subject::Subject;

use crate::app::AppState;
use crate::auth::Vendor;
use crate::error::ApiError;
use crate::extract::{Json, Path};
use crate::vendors;

/// Blocks somebody for new trials of the vendor's applications.
pub async fn put_block(
    State(app): State<AppState>,
    Vendor(vendor): Vendor,
    Path(subject): Path<Subject>,
    Json(PutBlock { reason }): Json<PutBlock>,
) -> Result<axum::Json<Block>, ApiError> {
    Ok(axum::Json(vendors::put_block(&app, &vendor, &subject, reason.as_ref()).await?))
}
