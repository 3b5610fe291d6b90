//! `POST /applications/{id}/trials`

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use trybuy_formats::api::TrialAnswer;
use trybuy_formats::ids::ApplicationId;

use super::answer::trial_answer;
use crate::app::AppState;
use crate::auth::SignedBuilder;
use crate::error::ApiError;
use crate::extract::Path;
use crate::trials::license_trial;

/// Requests a trial (step 408).
pub async fn request_trial(
    State(app): State<AppState>,
    Path(application): Path<ApplicationId>,
    signed: SignedBuilder,
) -> Result<(StatusCode, Json<TrialAnswer>), ApiError> {
    let request = signed.json()?;
    let licensed = license_trial(&app, &signed.builder, &application, &request).await?;
    let status = if licensed.is_new { StatusCode::CREATED } else { StatusCode::OK };
    Ok((status, Json(trial_answer(&app, licensed.file))))
}
