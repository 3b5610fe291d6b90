//! `GET /vendor/blocks`

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use trybuy_formats::api::BlocksAnswer;

use crate::app::AppState;
use crate::auth::Vendor;
use crate::error::ApiError;
use crate::extract::{PageLimit, Query};
use crate::vendors::blocks_page;

/// The query of the blocks.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Parameters {
    after: Option<String>,
    #[serde(default)]
    limit: PageLimit,
}

/// Lists whom the vendor blocks.
pub async fn list_blocks(
    State(app): State<AppState>,
    Vendor(vendor): Vendor,
    Query(Parameters { after, limit }): Query<Parameters>,
) -> Result<Json<BlocksAnswer>, ApiError> {
    Ok(Json(blocks_page(&app, &vendor, after.as_deref(), limit.rows()).await?))
}
