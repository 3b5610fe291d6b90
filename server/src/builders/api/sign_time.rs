//! `POST /builders/time`

use axum::Json;
use axum::extract::State;
use trybuy_formats::api::{AskTime, TimeAnswer};
use trybuy_formats::signed::{self, FORMAT, SignError};
use trybuy_formats::signed_time::SignedTime;
use trybuy_formats::slug::Slug;

use crate::app::AppState;
use crate::auth::SignedBuilder;
use crate::error::ApiError;

/// Signs the time for one question (`ST-2`), also for a Builder whose license is over: its memory of
/// the time may be what is wrong.
pub async fn sign_time(
    State(app): State<AppState>,
    signed: SignedBuilder,
) -> Result<Json<TimeAnswer>, ApiError> {
    app.rate_limits.signed_times.count(&signed.builder.facts.license_id)?;
    let AskTime { nonce } = signed.json()?;
    let time = SignedTime { format: FORMAT, nonce, time: app.clock.now() };
    match signed::sign(app.keys.signature(), &time) {
        Ok(signed_time) => Ok(Json(TimeAnswer { signed_time })),
        Err(SignError::Invalid) => {
            Err(ApiError::new(Slug::BadRequest, "a nonce has 32 bytes, in base64url"))
        }
        Err(error) => Err(ApiError::fault(error.to_string())),
    }
}
