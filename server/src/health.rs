//! How a server is: for load balancers, which go by the status code, and for operators, who watch the word.

use std::io;
use std::path::Path;
use std::time::Duration;

use axum::http::StatusCode;
use serde::Serialize;
use trybuy_formats::slug::Slug;

use crate::data_dir;
use crate::error::ApiError;
use crate::refusal::Refusal;
use crate::store::Store;

/// How long the store has for a sign of life.
const PATIENCE: Duration = Duration::from_secs(2);

/// How a server is that can answer.
#[derive(Serialize)]
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

    /// By whether anything can be written in the data directory.
    pub(crate) async fn of_directory(directory: &Path) -> Self {
        let directory = directory.to_owned();
        let tried = tokio::task::spawn_blocking(move || data_dir::try_writing(&directory)).await;
        match tried.map_err(io::Error::other).flatten() {
            Ok(()) => Self::good(),
            Err(error) => {
                let help = data_dir::help_for(&error).to_owned();
                Self::degraded(data_dir::slug_of(&error).as_str(), Some(help))
            }
        }
    }
}

/// Asks the store.
pub(crate) async fn of(store: &Store) -> Result<Health, ApiError> {
    match tokio::time::timeout(PATIENCE, store.ping()).await {
        Ok(Ok(())) => Ok(Health::good()),
        _ => Err(ApiError::new(Slug::ServerError, "the database does not answer")
            .help("try again later")
            .status(StatusCode::SERVICE_UNAVAILABLE)),
    }
}
