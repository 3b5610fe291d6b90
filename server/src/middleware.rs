//! All middleware, in one function.

use std::time::Instant;

use axum::Router;
use axum::extract::{DefaultBodyLimit, MatchedPath, Request, State};
use axum::http::{HeaderName, HeaderValue, StatusCode, Version, header};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use tower_http::catch_panic::CatchPanicLayer;
use tracing::Instrument as _;
use trybuy_formats::limits;
use trybuy_formats::slug::Slug;

use crate::app::RoleState;
use crate::error::ApiError;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// What every answer carries: none of them is a page, so nothing may be loaded, framed or guessed.
const SECURITY: [(HeaderName, HeaderValue); 4] = [
    (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
    (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    (
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'; sandbox"),
    ),
];

/// Puts the middleware around the routes: around `short` ones a time limit and a cap on bodies, around
/// all of them what every answer needs. `long` ones are uploads and downloads, which have their own.
pub fn apply<S: RoleState>(short: Router<S>, long: Router<S>, state: &S) -> Router {
    let short = short
        .layer(DefaultBodyLimit::max(limits::API_BODY))
        .layer(from_fn_with_state(state.clone(), limit_time::<S>));
    short
        .merge(long.layer(DefaultBodyLimit::disable()))
        .fallback(not_found::<S>)
        .method_not_allowed_fallback(method_not_allowed)
        .layer(from_fn(require_host))
        .layer(from_fn(secure))
        .layer(CatchPanicLayer::custom(answer_panic))
        .layer(from_fn(observe))
        .with_state(state.clone())
}

/// Ends a request that takes too long.
async fn limit_time<S: RoleState>(
    State(state): State<S>,
    request: Request,
    next: Next,
) -> Response {
    let answer = tokio::time::timeout(state.http().request_timeout, next.run(request)).await;
    answer.unwrap_or_else(|_| {
        ApiError::new(Slug::ServerError, "the server took too long to answer")
            .help("try again later")
            .status(StatusCode::SERVICE_UNAVAILABLE)
            .into_response()
    })
}

/// Gives the request an id and logs its answer. Of the address only the route is logged, as a download's
/// address is a secret; of the rest nothing.
async fn observe(request: Request, next: Next) -> Response {
    let started = Instant::now();
    let id = uuid::Uuid::now_v7().hyphenated().to_string();
    let route = request.extensions().get::<MatchedPath>().map_or("none", MatchedPath::as_str);
    let span = tracing::info_span!("request", id, method = %request.method(), route);
    let mut response = next.run(request).instrument(span.clone()).await;
    let status = response.status().as_u16();
    let milliseconds = started.elapsed().as_secs_f64() * 1000.0;
    span.in_scope(|| tracing::info!(status, milliseconds, "answered"));
    if let Ok(id) = HeaderValue::try_from(id) {
        response.headers_mut().insert(REQUEST_ID, id);
    }
    response
}

/// Refuses a request of HTTP/1.1 without exactly one Host (RFC 9112, 3.2).
async fn require_host(request: Request, next: Next) -> Response {
    let hosts = request.headers().get_all(header::HOST).iter().count();
    if hosts == 1 || (hosts == 0 && request.version() < Version::HTTP_11) {
        return next.run(request).await;
    }
    ApiError::new(Slug::BadRequest, "a request of HTTP/1.1 has one Host field").into_response()
}

async fn secure(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    for (name, value) in SECURITY {
        response.headers_mut().entry(name).or_insert(value);
    }
    response
        .headers_mut()
        .entry(header::CACHE_CONTROL)
        .or_insert(HeaderValue::from_static("no-store"));
    response
}

fn answer_panic(panic: Box<dyn std::any::Any + Send>) -> Response {
    let text = panic
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| panic.downcast_ref::<&str>().copied());
    ApiError::fault(text.unwrap_or("a panic").to_owned()).into_response()
}

async fn not_found<S: RoleState>() -> ApiError {
    ApiError::new(Slug::NotFound, "there is nothing at this address").help(S::DESCRIBED)
}

async fn method_not_allowed() -> ApiError {
    ApiError::new(Slug::BadRequest, "this address does not answer this method")
        .status(StatusCode::METHOD_NOT_ALLOWED)
}
