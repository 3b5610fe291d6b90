//! `GET /d/{capability}`

use std::ops::Range;

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use trybuy_formats::slug::Slug;

use super::range::{Selection, select};
use super::transmission_body::TransmissionBody;
use crate::app::AppState;
use crate::error::ApiError;
use crate::extract::Path;
use crate::trials::{TransmissionFile, deliver, open_file};

const OCTETS: HeaderValue = HeaderValue::from_static("application/octet-stream");

/// Sends a transmission file or a part of it (step 420). It needs no signature: the address is a secret,
/// and the file is useless to anybody but the Builder it is for.
pub async fn download_file(
    State(app): State<AppState>,
    Path(address): Path<String>,
    method: Method,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let file = open_file(&app, &address).await?;
    let length = file.version.length();
    if method == Method::GET {
        deliver(&app, &file).await?;
    }
    send(&app, file, &method, &headers, length)
}

/// Sends the first `length` bytes of a file, or of those the part that is asked for.
pub(super) fn send(
    app: &AppState,
    file: TransmissionFile,
    method: &Method,
    headers: &HeaderMap,
    length: u64,
) -> Result<Response, ApiError> {
    let etag = field(file.etag.clone())?;
    let mut response = match select(method, headers, &file.etag, length) {
        Selection::Whole => bytes(app, file, method, 0..length)?,
        Selection::Part(range) => {
            let content_range = format!("bytes {}-{}/{length}", range.start, range.end - 1);
            let mut response = bytes(app, file, method, range)?;
            *response.status_mut() = StatusCode::PARTIAL_CONTENT;
            response.headers_mut().insert(header::CONTENT_RANGE, field(content_range)?);
            response
        }
        Selection::NotModified => StatusCode::NOT_MODIFIED.into_response(),
        Selection::PreconditionFailed => precondition_failed().into_response(),
        Selection::Unsatisfiable => {
            let mut response = unsatisfiable().into_response();
            response
                .headers_mut()
                .insert(header::CONTENT_RANGE, field(format!("bytes */{length}"))?);
            response
        }
    };
    let fields = response.headers_mut();
    fields.insert(header::ETAG, etag);
    fields.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    fields.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-store"));
    Ok(response)
}

/// An answer with a range of the file's bytes.
fn bytes(
    app: &AppState,
    file: TransmissionFile,
    method: &Method,
    range: Range<u64>,
) -> Result<Response, ApiError> {
    let length = range.end - range.start;
    let name = file_name(&file);
    let body = if method == Method::HEAD {
        Body::empty()
    } else {
        let blob =
            app.blobs.reader(&file.blob_key()?, file.stored_size).map_err(ApiError::fault)?;
        let offset = file.sections_offset;
        Body::new(TransmissionBody::new(file.version, blob, offset, range, app.buffers.clone()))
    };
    let mut response = Response::new(body);
    let fields = response.headers_mut();
    fields.insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    fields.insert(header::CONTENT_TYPE, OCTETS);
    fields.insert(header::CONTENT_DISPOSITION, field(format!("attachment; filename=\"{name}\""))?);
    Ok(response)
}

/// Application, version and platform: their types allow nothing that a file name or a header may not have.
fn file_name(file: &TransmissionFile) -> String {
    let trial = &file.trial.trial;
    format!("{}-{}-{}.trybuy", trial.application, file.trial.version, trial.platform)
}

fn field(text: String) -> Result<HeaderValue, ApiError> {
    HeaderValue::try_from(text).map_err(ApiError::fault)
}

fn precondition_failed() -> ApiError {
    ApiError::new(Slug::BadRequest, "the file is not the one that is asked for")
        .help("download the file anew, without If-Match")
        .status(StatusCode::PRECONDITION_FAILED)
}

fn unsatisfiable() -> ApiError {
    ApiError::new(Slug::BadRequest, "the file does not have the range of bytes that is asked for")
        .help("ask for a range within the length in Content-Range")
        .status(StatusCode::RANGE_NOT_SATISFIABLE)
}
