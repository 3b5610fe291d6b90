//! `POST /trials/{id}/first-run`

use axum::Json;
use axum::extract::State;
use trybuy_formats::api::FirstRun;
use trybuy_formats::ids::TrialId;

use crate::app::AppState;
use crate::auth::SignedBuilder;
use crate::error::ApiError;
use crate::extract::Path;
use crate::trials::first_run;

/// Takes note of the day on which a trial was run for the first time.
pub async fn report_first_run(
    State(app): State<AppState>,
    Path(trial): Path<TrialId>,
    signed: SignedBuilder,
) -> Result<Json<FirstRun>, ApiError> {
    let FirstRun { on } = signed.json()?;
    let on = first_run::report(&app, &signed.builder, trial, on).await?;
    Ok(Json(FirstRun { on }))
}
