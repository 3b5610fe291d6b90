//! Codes to be typed back as acceptance of the terms ("retype a verification code … presented by the
//! server").

use trybuy_formats::api::AcceptanceCode;
use trybuy_formats::ids::ApplicationId;
use trybuy_formats::instant::Span;
use trybuy_formats::slug::Slug;

use super::access_conditions::{self, ConditionA};
use crate::app::App;
use crate::refusal::Refusal;
use crate::store::{Builder, NewAcceptanceCode, StoreError};
use crate::typed_code;

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
    let code = typed_code::generate();
    let expires_at = now.plus(lifetime);
    let stored = NewAcceptanceCode {
        hash: typed_code::hash(&code),
        license_id: builder.facts.license_id,
        application,
        created_at: now,
        expires_at,
    };
    app.store.create_acceptance_code(&stored).await?;
    Ok(AcceptanceCode { code, expires_at })
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
