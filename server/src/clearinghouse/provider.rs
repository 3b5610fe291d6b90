//! Messages of a payment provider (Standard Webhooks).

use trybuy_formats::api::{ConfirmedPayment, PaymentMessage};
use trybuy_formats::instant::{Instant, Span};
use trybuy_formats::keys::ProviderSecret;
use trybuy_formats::slug::Slug;

use crate::refusal::Refusal;

/// How far a message's time may be from the clearinghouse's.
const WINDOW: Span = Span::seconds(300);

/// A message as it came.
pub(super) struct ProviderMessage<'a> {
    /// `webhook-id`
    pub(super) id: &'a str,
    /// `webhook-timestamp`
    pub(super) timestamp: &'a str,
    /// `webhook-signature`
    pub(super) signatures: &'a str,
    /// The body.
    pub(super) body: &'a [u8],
}

/// Why a message was refused.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub(super) enum MessageError {
    /// No signature fits.
    #[error("the message is not signed with the secret of the payment provider")]
    Signature,
    /// It is too old, or of the future.
    #[error("the time of the message is more than 5 minutes from the clearinghouse's")]
    Time,
    /// The signature fits, but it is not a message about a payment.
    #[error("the body is not a message about a payment")]
    Malformed,
}

impl ProviderMessage<'_> {
    /// The payment that is confirmed; none where the message is about something else.
    pub(super) fn verify(
        &self,
        secret: &ProviderSecret,
        now: Instant,
    ) -> Result<Option<ConfirmedPayment>, MessageError> {
        let head = format!("{}.{}.", self.id, self.timestamp);
        let message = [head.as_bytes(), self.body].concat();
        if !secret.is_signed(&message, self.signatures) {
            return Err(MessageError::Signature);
        }
        let sent = self.timestamp.parse().ok().and_then(Instant::from_unix);
        let sent = sent.ok_or(MessageError::Time)?;
        if now.since(sent).max(sent.since(now)) > WINDOW {
            return Err(MessageError::Time);
        }
        let message: PaymentMessage =
            serde_json::from_slice(self.body).map_err(|_| MessageError::Malformed)?;
        if message.event != PaymentMessage::CONFIRMED {
            return Ok(None);
        }
        serde_json::from_value(message.data).map(Some).map_err(|_| MessageError::Malformed)
    }
}

impl Refusal for MessageError {
    fn slug(&self) -> Slug {
        match self {
            Self::Signature => Slug::Unauthorized,
            Self::Time => Slug::ClockSkew,
            Self::Malformed => Slug::BadRequest,
        }
    }

    fn help(&self) -> Option<String> {
        let help = match self {
            Self::Signature => "sign it with the secret in the clearinghouse's configuration",
            Self::Time => "send it again with the time at which it is sent",
            Self::Malformed => "see the guide to licensing for the message",
        };
        Some(help.to_owned())
    }
}
