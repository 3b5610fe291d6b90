//! `GET /trials`

use axum::Json;
use axum::extract::State;
use trybuy_formats::api::TrialsAnswer;

use super::answer::trial_summary;
use crate::app::AppState;
use crate::auth::SignedBuilder;
use crate::error::ApiError;

/// Lists the trials of the Builder that asks, the newest 1000.
pub async fn list_trials(
    State(app): State<AppState>,
    signed: SignedBuilder,
) -> Result<Json<TrialsAnswer>, ApiError> {
    let records = app.store.trials_of(signed.builder.facts.license_id).await?;
    Ok(Json(TrialsAnswer { trials: records.into_iter().map(trial_summary).collect() }))
}
