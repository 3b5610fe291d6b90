//! How a server is: for load balancers, which go by the status code, and for operators, who watch the word.

mod disk;

use std::time::Duration;

use axum::http::StatusCode;
use serde::Serialize;
use trybuy_formats::slug::Slug;

use crate::error::ApiError;
use crate::refusal::Refusal;
use crate::store::{Store, StoreError};

pub use self::disk::Disk;

/// How long the store has for a sign of life.
const PATIENCE: Duration = Duration::from_secs(2);

/// How a server is that can answer.
#[derive(Clone, Serialize)]
pub struct Health {
    status: &'static str,
    version: &'static str,
    /// What to do, where not all is well.
    #[serde(skip_serializing_if = "Option::is_none")]
    help: Option<String>,
}

impl Health {
    /// All is well.
    pub(crate) fn good() -> Self {
        Self { status: "ok", version: env!("CARGO_PKG_VERSION"), help: None }
    }

    /// It answers, and somebody has to see to something.
    pub(crate) fn degraded(status: &'static str, help: Option<String>) -> Self {
        Self { status, help, ..Self::good() }
    }

    /// The same, by what was refused.
    pub(crate) fn refused(refusal: &impl Refusal) -> Self {
        Self::degraded(refusal.slug().as_str(), refusal.help())
    }
}

/// Asks the store for a sign of life.
pub(crate) async fn of(store: &Store) -> Result<Health, ApiError> {
    answered(store.ping()).await.map(|()| Health::good())
}

/// What the store answers in time.
pub(crate) async fn answered<T>(
    asked: impl Future<Output = Result<T, StoreError>>,
) -> Result<T, ApiError> {
    match tokio::time::timeout(PATIENCE, asked).await {
        Ok(Ok(answer)) => Ok(answer),
        // It answers, and somebody removed or altered what it has.
        Ok(Err(error @ (StoreError::RowMissing | StoreError::Corrupt { .. }))) => Err(error.into()),
        _ => Err(ApiError::new(Slug::ServerError, "the database does not answer")
            .help("try again later")
            .status(StatusCode::SERVICE_UNAVAILABLE)),
    }
}
