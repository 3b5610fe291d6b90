//! The time, signed for one question of a Builder (`ST`).

use trybuy_formats::signed::{self, FORMAT, SignError};
use trybuy_formats::signed_time::SignedTime;
use trybuy_formats::slug::Slug;

use crate::app::App;
use crate::rate_limits::TooManyRequests;
use crate::refusal::Refusal;
use crate::store::Builder;

/// Why no time was signed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TimeError {
    /// The Builder asks too often.
    #[error(transparent)]
    TooMany(#[from] TooManyRequests),
    /// The random number of the question is none.
    #[error("a nonce has 32 bytes, in base64url")]
    Nonce,
    /// The time could not be signed.
    #[error("the time could not be signed")]
    Sign(#[source] SignError),
}

/// Signs the time for one question (`ST-2`), also for a Builder whose license is over: its memory of
/// the time may be what is wrong.
///
/// # Errors
/// When it asks too often, or the question is none.
pub fn sign_time(app: &App, builder: &Builder, nonce: Vec<u8>) -> Result<String, TimeError> {
    app.rate_limits.signed_times.count(&builder.facts.license_id)?;
    let time = SignedTime { format: FORMAT, nonce, time: app.clock.now() };
    signed::sign(app.keys.signature(), &time).map_err(|error| match error {
        SignError::Invalid => TimeError::Nonce,
        other => TimeError::Sign(other),
    })
}

impl Refusal for TimeError {
    fn slug(&self) -> Slug {
        match self {
            Self::TooMany(refusal) => refusal.slug(),
            Self::Nonce => Slug::BadRequest,
            Self::Sign(_) => Slug::ServerError,
        }
    }

    fn help(&self) -> Option<String> {
        match self {
            Self::TooMany(refusal) => refusal.help(),
            Self::Nonce | Self::Sign(_) => None,
        }
    }

    fn wait(&self) -> Option<std::time::Duration> {
        match self {
            Self::TooMany(refusal) => refusal.wait(),
            Self::Nonce | Self::Sign(_) => None,
        }
    }
}
