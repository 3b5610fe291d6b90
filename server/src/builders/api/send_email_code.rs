//! `POST /builders/email-codes`

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use trybuy_formats::api::EmailCodeAnswer;
use trybuy_formats::keys::email_key;

use crate::app::AppState;
use crate::auth::{ClientAddress, SignedBuilder};
use crate::builders::{EmailError, send_code};
use crate::error::ApiError;
use crate::refusal::Refusal as _;

/// Sends a code to the e-mail address of the Builder that asks. Its mailbox is counted before anything is
/// known of it, so that an answer tells nothing about others who gave the same address.
pub async fn send_email_code(
    State(app): State<AppState>,
    client: ClientAddress,
    signed: SignedBuilder,
) -> Result<Json<EmailCodeAnswer>, ApiError> {
    app.rate_limits.email_codes.count(&client.network())?;
    app.rate_limits.mailboxes.count(&email_key(app.keys.master(), &signed.builder.facts.email))?;
    let sent = send_code(&app, &signed.builder).await;
    Ok(Json(sent.map_err(not_sent)?))
}

/// A mail that is not taken is a fault of the server, but one that its users are told.
fn not_sent(error: EmailError) -> ApiError {
    match error {
        EmailError::Mail(_) => {
            let (title, help) = (error.to_string(), error.help().unwrap_or_default());
            ApiError::fault(error).title(title).help(help).status(StatusCode::SERVICE_UNAVAILABLE)
        }
        other => other.into(),
    }
}
