//! Codes to be typed back as acceptance of the terms ("retype a verification code … presented by the
//! server").

use trybuy_formats::api::AcceptanceCode;
use trybuy_formats::ids::{ApplicationId, Digest};
use trybuy_formats::instant::Span;
use trybuy_formats::primitives::{random, sha256};
use trybuy_formats::slug::Slug;
use trybuy_formats::typed_code;
use zeroize::Zeroizing;

use super::access_conditions::{self, ConditionA};
use crate::app::App;
use crate::refusal::Refusal;
use crate::store::{Builder, NewAcceptanceCode, StoreError};

/// The characters of a code: 40 random bits.
const LENGTH: usize = 8;
/// How long a code is accepted that is retyped at once.
pub const CODE_LIFETIME: Span = Span::seconds(15 * 60);

/// Why there is no code.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AcceptanceError {
    /// The Builder has no valid license.
    #[error(transparent)]
    Condition(#[from] ConditionA),
    /// There is no such application.
    #[error("there is no such application")]
    NoApplication,
    /// The store failed.
    #[error("the store failed")]
    Store(#[from] StoreError),
}

/// Gives out a code for an application's terms, which is accepted for so long.
///
/// # Errors
/// When the Builder's license is not valid or there is no such application.
pub async fn create_code(
    app: &App,
    builder: &Builder,
    application: ApplicationId,
    lifetime: Span,
) -> Result<AcceptanceCode, AcceptanceError> {
    let now = app.clock.now();
    access_conditions::builder_license(builder, now)?;
    if app.store.application(&application).await?.is_none() {
        return Err(AcceptanceError::NoApplication);
    }
    let code = generate();
    let expires_at = now.plus(lifetime);
    let stored = NewAcceptanceCode {
        hash: hash(&code),
        license_id: builder.facts.license_id,
        application,
        created_at: now,
        expires_at,
    };
    app.store.create_acceptance_code(&stored).await?;
    Ok(AcceptanceCode { code: code.to_string(), expires_at })
}

/// What is stored of a code that somebody typed; none if it cannot be a code.
pub(super) fn hash_of_typed(typed: &str) -> Option<Digest> {
    typed_code::read(typed, LENGTH).map(|code| hash(&code))
}

fn generate() -> Zeroizing<String> {
    let mut bytes = [0; LENGTH];
    random(&mut bytes);
    typed_code::spell(&bytes)
}

fn hash(code: &str) -> Digest {
    Digest::from_bytes(sha256(code.as_bytes()))
}

impl Refusal for AcceptanceError {
    fn slug(&self) -> Slug {
        match self {
            Self::Condition(refusal) => refusal.slug(),
            Self::NoApplication => Slug::NotFound,
            Self::Store(_) => Slug::ServerError,
        }
    }

    fn help(&self) -> Option<String> {
        match self {
            Self::Condition(refusal) => refusal.help(),
            Self::NoApplication => Some("look for it with `trybuy search`".to_owned()),
            Self::Store(_) => None,
        }
    }

    fn condition(&self) -> Option<trybuy_formats::api::AccessCondition> {
        match self {
            Self::Condition(refusal) => refusal.condition(),
            _ => None,
        }
    }
}
