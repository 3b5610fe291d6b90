//! `GET /vendor/applications/{id}/requests`

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse as _, Response};
use serde::Deserialize;
use trybuy_formats::api::RequestersAnswer;
use trybuy_formats::ids::ApplicationId;
use trybuy_formats::slug::Slug;

use super::csv;
use crate::app::AppState;
use crate::auth::Vendor;
use crate::error::ApiError;
use crate::extract::{PageLimit, Path, Query};
use crate::store::{InvalidCursor, RequestCursor};
use crate::vendors::requests_page;

/// The query of the requests.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Parameters {
    after: Option<String>,
    #[serde(default)]
    limit: PageLimit,
}

/// Lists who asked for trials, in JSON, or with `Accept: text/csv` as a table whose next page is in `Link`.
pub async fn list_requests(
    State(app): State<AppState>,
    Vendor(vendor): Vendor,
    Path(application): Path<ApplicationId>,
    Query(Parameters { after, limit }): Query<Parameters>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let after: Option<RequestCursor> =
        after.map(|cursor| cursor.parse()).transpose().map_err(|wrong: InvalidCursor| {
            ApiError::new(Slug::BadRequest, wrong.to_string()).help("use `next` of the page before")
        })?;
    let page = requests_page(&app, &vendor, &application, after, limit.rows()).await?;
    if wants_csv(&headers) { as_table(&page, limit) } else { Ok(Json(page).into_response()) }
}

fn wants_csv(headers: &HeaderMap) -> bool {
    let accept =
        headers.get(header::ACCEPT).and_then(|accept| accept.to_str().ok()).unwrap_or_default();
    let types = accept.split(',').map(|range| range.split(';').next().unwrap_or_default().trim());
    types.into_iter().any(|name| name.eq_ignore_ascii_case("text/csv"))
}

fn as_table(page: &RequestersAnswer, limit: PageLimit) -> Result<Response, ApiError> {
    const CSV: HeaderValue = HeaderValue::from_static("text/csv; charset=utf-8; header=present");
    let mut response = ([(header::CONTENT_TYPE, CSV)], csv::table(&page.requests)).into_response();
    if let Some(next) = &page.next {
        let link = format!("<?after={next}&limit={}>; rel=\"next\"", limit.rows());
        response
            .headers_mut()
            .insert(header::LINK, HeaderValue::try_from(link).map_err(ApiError::fault)?);
    }
    Ok(response)
}
