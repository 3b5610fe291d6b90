//! `GET /trials`

use axum::Json;
use axum::extract::State;
use trybuy_formats::api::TrialsAnswer;

use super::answer::trial_summary;
use crate::app::AppState;
use crate::auth::SignedBuilder;
use crate::error::ApiError;
use crate::store::TrialRecord;
use crate::trials::own_trials;

/// Lists the trials of the Builder that asks, the newest 1000.
pub async fn list_trials(
    State(app): State<AppState>,
    signed: SignedBuilder,
) -> Result<Json<TrialsAnswer>, ApiError> {
    let records = own_trials(&app, &signed.builder).await?;
    let trials = records.into_iter().map(with_head_due).map(trial_summary).collect();
    Ok(Json(TrialsAnswer { trials }))
}

/// The head that is due is the one that the Builder gets when it asks.
fn with_head_due(record: TrialRecord) -> TrialRecord {
    TrialRecord { head_number: record.head_due, ..record }
}
