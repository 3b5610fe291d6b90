//! `POST /builders/email-codes`

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use trybuy_formats::api::EmailCodeAnswer;

use crate::app::AppState;
use crate::auth::{ClientAddress, SignedBuilder};
use crate::builders::{EmailError, WayBack, send_code};
use crate::error::ApiError;
use crate::refusal::Refusal as _;

/// Sends a code to the e-mail address of the Builder that asks.
pub async fn send_email_code(
    State(app): State<AppState>,
    client: ClientAddress,
    signed: SignedBuilder,
) -> Result<Json<EmailCodeAnswer>, ApiError> {
    let sent = send_code(&app, client.network(), &signed.builder, WayBack::Online).await;
    Ok(Json(sent.map_err(not_sent)?))
}

/// A mail that is not taken is a fault of the server, but one that its users are told.
pub(crate) fn not_sent(error: EmailError) -> ApiError {
    match error {
        EmailError::Mail(_) => {
            let (title, help) = (error.to_string(), error.help().unwrap_or_default());
            ApiError::fault(error).title(title).help(help).status(StatusCode::SERVICE_UNAVAILABLE)
        }
        other => other.into(),
    }
}
