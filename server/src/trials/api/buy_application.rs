//! `POST /applications/{id}/purchases`

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
use crate::trials::buy;

/// Redeems a purchase key.
pub async fn buy_application(
    State(app): State<AppState>,
    Path(application): Path<ApplicationId>,
    signed: SignedBuilder,
) -> Result<(StatusCode, Json<TrialAnswer>), ApiError> {
    app.rate_limits.purchases.count(&signed.builder.facts.license_id)?;
    let request = signed.json()?;
    let licensed = buy(&app, &signed.builder, &application, &request).await?;
    let status = if licensed.is_new { StatusCode::CREATED } else { StatusCode::OK };
    Ok((status, Json(trial_answer(&app, licensed.file))))
}
