//! `PUT /vendor/applications/{id}/releases/{version}/{platform}`

use std::time::Duration;

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use http_body_util::BodyExt as _;
use trybuy_formats::api::PublishAnswer;
use trybuy_formats::ids::{ApplicationId, Platform, Version};
use trybuy_formats::policy::TrialPolicy;
use trybuy_formats::slug::Slug;

use super::answer::vendor_release;
use crate::app::AppState;
use crate::auth::Vendor;
use crate::blobs::SpooledFile;
use crate::error::ApiError;
use crate::extract::Path;
use crate::vendors::{Address, ReceiveError, Receiver, may_publish, publish};

/// The longest `Trial-Policy`, in bytes.
const POLICY: usize = 4 << 10;

/// Publishes a release. The body is the release in the server format; it is received in constant memory.
pub async fn publish_release(
    State(app): State<AppState>,
    Vendor(vendor): Vendor,
    Path((application, version, platform)): Path<(ApplicationId, Version, Platform)>,
    headers: HeaderMap,
    body: Body,
) -> Result<(StatusCode, Json<PublishAnswer>), ApiError> {
    let policy = trial_policy(&headers)?;
    may_publish(&app, &vendor, &application, policy.as_ref()).await?;
    let slot = app.uploads.begin(vendor.id)?;
    let upload = receive(&app, &headers, body).await?;
    let address = Address { application, version, platform };
    // A task of its own, so that a vendor who hangs up now does not leave a blob without its release.
    let publishing = tokio::spawn(async move {
        let published = publish(&app, vendor, address, policy, upload).await;
        drop(slot);
        published
    });
    let published = publishing.await.map_err(ApiError::fault)??;
    let status = if published.is_new { StatusCode::CREATED } else { StatusCode::OK };
    let answer = PublishAnswer {
        release: vendor_release(published.release),
        created_application: published.created_application,
        policy: published.policy,
    };
    Ok((status, Json(answer)))
}

/// The policy in the header `Trial-Policy`.
fn trial_policy(headers: &HeaderMap) -> Result<Option<TrialPolicy>, ApiError> {
    let Some(field) = headers.get("trial-policy") else {
        return Ok(None);
    };
    let wrong = |detail: String| {
        ApiError::new(Slug::InvalidManifest, "the header `Trial-Policy` is not a policy")
            .detail(detail)
    };
    if field.len() > POLICY {
        return Err(wrong(format!("it has more than {POLICY} bytes")));
    }
    let policy: TrialPolicy =
        serde_json::from_slice(field.as_bytes()).map_err(|error| wrong(error.to_string()))?;
    policy.validate().map_err(|error| wrong(error.to_string()))?;
    Ok(Some(policy))
}

async fn receive(app: &AppState, headers: &HeaderMap, body: Body) -> Result<SpooledFile, ApiError> {
    let maximum = app.config.uploads.maximum_size;
    let announced = headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok());
    if announced
        .and_then(|length| length.parse::<u64>().ok())
        .is_some_and(|length| length > maximum)
    {
        return Err(ReceiveError::TooLarge(maximum).into());
    }
    let mut receiver = Receiver::begin(app.blobs.spool(), maximum)?;
    copy(body, &mut receiver, app.config.http.idle_timeout).await?;
    Ok(receiver.finish().await?)
}

/// Receives the body until its end. One that stands still for too long is given up.
async fn copy(mut body: Body, receiver: &mut Receiver, idle: Duration) -> Result<(), ApiError> {
    loop {
        let frame = tokio::time::timeout(idle, body.frame()).await.map_err(|_| stalled())?;
        match frame {
            None => return Ok(()),
            Some(frame) => {
                if let Ok(bytes) = frame.map_err(|_| cut_off())?.into_data() {
                    receiver.write(&bytes).await?;
                }
            }
        }
    }
}

fn stalled() -> ApiError {
    ApiError::new(Slug::BadRequest, "the upload stood still for too long")
        .help("upload it again")
        .status(StatusCode::REQUEST_TIMEOUT)
}

fn cut_off() -> ApiError {
    ApiError::new(Slug::BadRequest, "the upload was cut off").help("upload it again")
}
