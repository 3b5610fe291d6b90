//! `POST /builders/time`

use axum::Json;
use axum::extract::State;
use trybuy_formats::api::{AskTime, TimeAnswer};

use crate::app::AppState;
use crate::auth::SignedBuilder;
use crate::builders;
use crate::error::ApiError;

/// Signs the time for the question of a Builder.
pub async fn sign_time(
    State(app): State<AppState>,
    signed: SignedBuilder,
) -> Result<Json<TimeAnswer>, ApiError> {
    let AskTime { nonce } = signed.json()?;
    let signed_time = builders::sign_time(&app, &signed.builder, nonce)?;
    Ok(Json(TimeAnswer { signed_time }))
}
