//! `GET /applications`

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use trybuy_formats::api::ApplicationPage;
use trybuy_formats::ids::{ApplicationId, Platform};
use trybuy_formats::slug::Slug;

use crate::app::AppState;
use crate::catalog::catalog_page;
use crate::error::ApiError;
use crate::extract::{PageLimit, Query};
use crate::store::CatalogQuery;

/// The query of the catalog.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Parameters {
    #[serde(default)]
    q: String,
    platform: Option<Platform>,
    after: Option<ApplicationId>,
    #[serde(default)]
    limit: PageLimit,
}

/// Lists the applications in which all words occur.
pub async fn list_applications(
    State(app): State<AppState>,
    Query(parameters): Query<Parameters>,
) -> Result<Json<ApplicationPage>, ApiError> {
    let Parameters { q, platform, after, limit } = parameters;
    let words = q.parse().map_err(|wrong: crate::store::InvalidSearch| {
        ApiError::new(Slug::BadRequest, wrong.to_string()).help("search for fewer or shorter words")
    })?;
    let query = CatalogQuery { words, platform, after, limit: limit.rows() };
    Ok(Json(catalog_page(&app, &query).await?))
}
