//! `GET /vendor/releases`

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use trybuy_formats::api::ReleasesAnswer;
use trybuy_formats::ids::ApplicationId;

use super::answer::vendor_release;
use crate::app::AppState;
use crate::auth::Vendor;
use crate::error::ApiError;
use crate::extract::Query;

/// The query of a vendor's releases.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Parameters {
    application: Option<ApplicationId>,
}

/// Lists the vendor's releases, of one application or of all.
pub async fn list_releases(
    State(app): State<AppState>,
    Vendor(vendor): Vendor,
    Query(Parameters { application }): Query<Parameters>,
) -> Result<Json<ReleasesAnswer>, ApiError> {
    let releases = app.store.vendor_releases(vendor.id, application.as_ref()).await?;
    Ok(Json(ReleasesAnswer { releases: releases.into_iter().map(vendor_release).collect() }))
}
