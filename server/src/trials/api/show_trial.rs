//! `GET /trials/{id}`

use axum::Json;
use axum::extract::State;
use trybuy_formats::api::TrialAnswer;
use trybuy_formats::ids::TrialId;

use super::answer::trial_answer;
use crate::app::AppState;
use crate::auth::SignedBuilder;
use crate::error::ApiError;
use crate::extract::Path;
use crate::trials::own_trial;

/// Shows one of the Builder's trials with the address of its file.
pub async fn show_trial(
    State(app): State<AppState>,
    Path(trial): Path<TrialId>,
    signed: SignedBuilder,
) -> Result<Json<TrialAnswer>, ApiError> {
    let file = own_trial(&app, &signed.builder, trial).await?;
    Ok(Json(trial_answer(&app, file)))
}
