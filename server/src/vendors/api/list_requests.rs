//! `GET /vendor/applications/{id}/requests`

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse as _, Response};
use trybuy_formats::api::RequestersAnswer;
use trybuy_formats::ids::ApplicationId;

use super::csv;
use crate::app::AppState;
use crate::auth::Vendor;
use crate::error::ApiError;
use crate::extract::{PageQuery, Path, Query};
use crate::vendors::requests_page;

/// Lists who asked for trials, in JSON, or with `Accept: text/csv` as a table whose next page is in `Link`.
pub async fn list_requests(
    State(app): State<AppState>,
    Vendor(vendor): Vendor,
    Path(application): Path<ApplicationId>,
    Query(query): Query<PageQuery>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let limit = query.limit.rows();
    let page = requests_page(&app, &vendor, &application, query.after()?, limit).await?;
    if wants_csv(&headers) { as_table(&page, limit) } else { Ok(Json(page).into_response()) }
}

fn wants_csv(headers: &HeaderMap) -> bool {
    let accept =
        headers.get(header::ACCEPT).and_then(|accept| accept.to_str().ok()).unwrap_or_default();
    let types = accept.split(',').map(|range| range.split(';').next().unwrap_or_default().trim());
    types.into_iter().any(|name| name.eq_ignore_ascii_case("text/csv"))
}

fn as_table(page: &RequestersAnswer, limit: u32) -> Result<Response, ApiError> {
    const CSV: HeaderValue = HeaderValue::from_static("text/csv; charset=utf-8; header=present");
    let mut response = ([(header::CONTENT_TYPE, CSV)], csv::table(&page.requests)).into_response();
    if let Some(next) = &page.next {
        let link = format!("<?after={next}&limit={limit}>; rel=\"next\"");
        response
            .headers_mut()
            .insert(header::LINK, HeaderValue::try_from(link).map_err(ApiError::fault)?);
    }
    Ok(response)
}
