//! `POST /payments`

use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode};
use trybuy_formats::limits;
use trybuy_formats::slug::Slug;

use crate::auth::ClientAddress;
use crate::clearinghouse::provider::{MessageError, ProviderMessage};
use crate::clearinghouse::{ClearinghouseState, payments};
use crate::error::ApiError;
use crate::store::{NewPayment, PaymentSource};

/// Takes what a payment provider tells. A payment that is confirmed is recorded once, however often the
/// message comes; what is about something else is passed over.
pub(super) async fn confirm_payment(
    State(clearinghouse): State<ClearinghouseState>,
    request: Request,
) -> Result<StatusCode, ApiError> {
    let Some(secret) = &clearinghouse.config.provider_secret else {
        return Err(ApiError::new(Slug::NotFound, "no payment provider confirms payments here")
            .help("set `payments.secret` in the clearinghouse's configuration"));
    };
    let (parts, body) = request.into_parts();
    let client = ClientAddress::of(&parts, &clearinghouse);
    let body = axum::body::to_bytes(body, limits::API_BODY).await;
    let body = body.map_err(|_| ApiError::body_too_large())?;
    let now = clearinghouse.clock.now();
    let message = ProviderMessage {
        id: field(&parts.headers, "webhook-id"),
        timestamp: field(&parts.headers, "webhook-timestamp"),
        signatures: field(&parts.headers, "webhook-signature"),
        body: &body,
    };
    let payment = message.verify(secret, now).map_err(|error| match error {
        MessageError::Signature => clearinghouse
            .failures
            .count(&client.network())
            .map_or_else(Into::into, |()| error.into()),
        error => ApiError::from(error).server_time(now),
    })?;
    if let Some(payment) = payment {
        let payment = NewPayment {
            order_id: payment.order_id,
            amount: payment.amount,
            currency: payment.currency,
            reference: payment.reference,
            source: PaymentSource::Provider,
            recorded_at: now,
        };
        payments::record(&clearinghouse.store, &clearinghouse.identity, &payment).await?;
    }
    Ok(StatusCode::NO_CONTENT)
}

/// A field that is missing or unreadable fits no signature.
fn field<'a>(headers: &'a HeaderMap, name: &str) -> &'a str {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}
