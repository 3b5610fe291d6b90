//! `GET /d/{capability}/head`

use axum::extract::State;
use axum::http::{HeaderMap, Method};
use axum::response::Response;
use trybuy_formats::policy::Layout;
use trybuy_formats::slug::Slug;

use super::download_file::send;
use crate::app::AppState;
use crate::error::ApiError;
use crate::extract::Path;
use crate::trials::{deliver, open_head};

/// Sends the head of a file alone, to be put in place of an older one before the same body (`TF-7`).
pub async fn download_head(
    State(app): State<AppState>,
    Path(address): Path<String>,
    method: Method,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let file = open_head(&app, &address).await?;
    if file.version.head.layout() == Layout::Dispersed {
        return Err(ApiError::new(
            Slug::NotFound,
            "a file in the dispersed layout has no head of its own",
        )
        .help("download the whole file again"));
    }
    if method == Method::GET {
        deliver(&app, &file).await?;
    }
    let length = file.version.head.head().len() as u64;
    send(&app, file, &method, &headers, length)
}
