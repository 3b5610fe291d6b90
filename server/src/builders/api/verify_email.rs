//! `POST /builders/email`

use axum::Json;
use axum::extract::State;
use trybuy_formats::api::{VerifiedEmail, VerifyEmail};

use crate::app::AppState;
use crate::auth::SignedBuilder;
use crate::builders::verify;
use crate::error::ApiError;

/// Verifies the e-mail address of the Builder that asks, with the code that was sent there.
pub async fn verify_email(
    State(app): State<AppState>,
    signed: SignedBuilder,
) -> Result<Json<VerifiedEmail>, ApiError> {
    let VerifyEmail { code } = signed.json()?;
    Ok(Json(verify(&app, &signed.builder, &code).await?))
}
