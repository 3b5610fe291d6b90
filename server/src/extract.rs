//! Extractors whose rejections are problem documents.

use std::str::FromStr;

use axum::extract::rejection::{JsonRejection, PathRejection, QueryRejection};
use axum::extract::{FromRequest, FromRequestParts};
use axum::http::StatusCode;
use serde::Deserialize;
use trybuy_formats::slug::Slug;

use crate::error::ApiError;

/// The parameters in the path. One that is malformed names nothing that is there.
#[derive(FromRequestParts)]
#[from_request(via(axum::extract::Path), rejection(ApiError))]
pub struct Path<T>(pub T);

/// The query.
#[derive(FromRequestParts)]
#[from_request(via(axum::extract::Query), rejection(ApiError))]
pub struct Query<T>(pub T);

/// A body in JSON.
#[derive(FromRequest)]
#[from_request(via(axum::Json), rejection(ApiError))]
pub struct Json<T>(pub T);

impl From<PathRejection> for ApiError {
    fn from(rejection: PathRejection) -> Self {
        Self::new(Slug::NotFound, "there is nothing at this address").detail(rejection.body_text())
    }
}

impl From<QueryRejection> for ApiError {
    fn from(rejection: QueryRejection) -> Self {
        Self::new(Slug::BadRequest, "the query is not one this address understands")
            .detail(rejection.body_text())
    }
}

impl From<JsonRejection> for ApiError {
    fn from(rejection: JsonRejection) -> Self {
        if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE {
            return Self::body_too_large();
        }
        Self::new(Slug::BadRequest, "the body is not the JSON this address expects")
            .detail(rejection.body_text())
    }
}

impl ApiError {
    /// The answer to a body above its cap.
    pub fn body_too_large() -> Self {
        Self::new(Slug::TooLarge, "the body of the request is too large")
    }
}

/// How many rows a page has: 1 to 100, default 50.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(try_from = "u32")]
pub struct PageLimit(u32);

/// The query of a list that has pages and nothing else to choose.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PageQuery {
    after: Option<String>,
    /// How many rows it has.
    #[serde(default)]
    pub limit: PageLimit,
}

impl PageQuery {
    /// After which entry the page begins; none on the first one.
    ///
    /// # Errors
    /// `bad-request` when it is no place in such a list.
    pub fn after<T: FromStr>(&self) -> Result<Option<T>, ApiError> {
        let after = self.after.as_deref().map(str::parse).transpose();
        after.map_err(|_| {
            ApiError::new(Slug::BadRequest, "`after` is not a place in this list")
                .help("use `next` of the page before")
        })
    }
}

impl PageLimit {
    /// The number.
    pub fn rows(self) -> u32 {
        self.0
    }
}

impl Default for PageLimit {
    fn default() -> Self {
        Self(50)
    }
}

impl TryFrom<u32> for PageLimit {
    type Error = &'static str;

    fn try_from(rows: u32) -> Result<Self, Self::Error> {
        if (1..=100).contains(&rows) { Ok(Self(rows)) } else { Err("a page has 1 to 100 rows") }
    }
}
