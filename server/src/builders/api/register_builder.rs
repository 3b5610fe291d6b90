//! `POST /builders`

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use trybuy_formats::api::{BuilderLicenseAnswer, RegisterBuilder};
use trybuy_formats::slug::Slug;

use crate::app::AppState;
use crate::auth::SignedBody;
use crate::builders::register;
use crate::error::ApiError;

/// Registers a Builder. There is no license yet to name as the signer, so the request is signed with the
/// key that it registers (`RQ-2`): that proves that the Builder has it.
pub async fn register_builder(
    State(app): State<AppState>,
    signed: SignedBody,
) -> Result<(StatusCode, Json<BuilderLicenseAnswer>), ApiError> {
    app.rate_limits.registrations.count(&signed.client().network())?;
    let request: RegisterBuilder = signed.json()?;
    let request_key: [u8; 32] =
        request.request_key.as_slice().try_into().map_err(|_| other_key())?;
    if URL_SAFE_NO_PAD.encode(request_key) != signed.key_id() {
        return Err(other_key());
    }
    signed.verify(&app, &request_key)?;
    let issued = register(&app, request, request_key).await?;
    let status = if issued.is_new { StatusCode::CREATED } else { StatusCode::OK };
    Ok((status, Json(issued.answer)))
}

fn other_key() -> ApiError {
    ApiError::new(
        Slug::BadRequest,
        "the request is not signed with the request key that it registers",
    )
}
