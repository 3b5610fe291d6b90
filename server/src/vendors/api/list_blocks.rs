//! `GET /vendor/blocks`

use axum::Json;
use axum::extract::State;
use trybuy_formats::api::BlocksAnswer;
use trybuy_formats::subject::Subject;

use crate::app::AppState;
use crate::auth::Vendor;
use crate::error::ApiError;
use crate::extract::{PageQuery, Query};
use crate::vendors::blocks_page;

/// Lists whom the vendor blocks.
pub async fn list_blocks(
    State(app): State<AppState>,
    Vendor(vendor): Vendor,
    Query(page): Query<PageQuery>,
) -> Result<Json<BlocksAnswer>, ApiError> {
    let after: Option<Subject> = page.after()?;
    Ok(Json(blocks_page(&app, &vendor, after.as_ref(), page.limit.rows()).await?))
}
