//! Purchase keys: `/vendor/applications/{id}/keys` and `/vendor/keys`

use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use trybuy_formats::api::{CreateKeys, KeysAnswer};
use trybuy_formats::ids::ApplicationId;

use crate::app::AppState;
use crate::auth::Vendor;
use crate::error::ApiError;
use crate::extract::{Json, PageQuery, Path, Query};
use crate::vendors;

/// The query of a revocation.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Revocation {
    #[serde(default)]
    end_licenses: bool,
}

/// Lists purchase keys.
pub async fn list_keys(
    State(app): State<AppState>,
    Vendor(vendor): Vendor,
    Path(application): Path<ApplicationId>,
    Query(page): Query<PageQuery>,
) -> Result<axum::Json<KeysAnswer>, ApiError> {
    let (after, limit) = (page.after()?, page.limit.rows());
    Ok(axum::Json(vendors::keys_page(&app, &vendor, &application, after, limit).await?))
}

/// Makes purchase keys.
pub async fn create_keys(
    State(app): State<AppState>,
    Vendor(vendor): Vendor,
    Path(application): Path<ApplicationId>,
    Json(wanted): Json<CreateKeys>,
) -> Result<(StatusCode, axum::Json<KeysAnswer>), ApiError> {
    let keys = vendors::create_keys(&app, &vendor, application, wanted).await?;
    Ok((StatusCode::CREATED, axum::Json(keys)))
}

/// Revokes a purchase key.
pub async fn revoke_key(
    State(app): State<AppState>,
    Vendor(vendor): Vendor,
    Path(id): Path<String>,
    Query(Revocation { end_licenses }): Query<Revocation>,
) -> Result<StatusCode, ApiError> {
    let id = id.parse().map_err(|_| vendors::KeyError::NoKey)?;
    vendors::revoke_key(&app, &vendor, id, end_licenses).await?;
    Ok(StatusCode::NO_CONTENT)
}
