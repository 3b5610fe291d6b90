//! The policies of a vendor's applications.

use trybuy_formats::api::PolicyAnswer;
use trybuy_formats::ids::ApplicationId;
use trybuy_formats::policy::{InvalidPolicy, TrialPolicy};
use trybuy_formats::slug::Slug;

use crate::app::App;
use crate::refusal::Refusal;
use crate::store::{Application, StoreError, Vendor};

/// Why a policy is not shown or set.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PolicyError {
    /// There is no such application.
    #[error("there is no such application")]
    NoApplication,
    /// The application is another vendor's.
    #[error("the application belongs to another vendor")]
    NotYours,
    /// A value is out of its range.
    #[error(transparent)]
    Invalid(#[from] InvalidPolicy),
    /// The store failed.
    #[error("the store failed")]
    Store(#[from] StoreError),
}

/// The policy of an application.
///
/// # Errors
/// When the vendor has no such application.
pub async fn policy_of(
    app: &App,
    vendor: &Vendor,
    application: &ApplicationId,
) -> Result<PolicyAnswer, PolicyError> {
    let found = own_application(app, vendor, application).await?;
    Ok(PolicyAnswer {
        application: found.id,
        policy: found.policy,
        changed_at: found.policy_changed_at,
    })
}

/// Sets the policy of the trials to come; those that were granted keep theirs.
///
/// # Errors
/// When the vendor has no such application, or a value is out of its range.
pub async fn change_policy(
    app: &App,
    vendor: &Vendor,
    application: ApplicationId,
    policy: TrialPolicy,
) -> Result<PolicyAnswer, PolicyError> {
    policy.validate()?;
    own_application(app, vendor, &application).await?;
    let changed_at = app.clock.now();
    if !app.store.set_policy(vendor.id, &application, &policy, changed_at).await? {
        return Err(PolicyError::NoApplication);
    }
    Ok(PolicyAnswer { application, policy, changed_at })
}

/// An application of this vendor.
pub(super) async fn own_application(
    app: &App,
    vendor: &Vendor,
    id: &ApplicationId,
) -> Result<Application, PolicyError> {
    let application = app.store.application(id).await?.ok_or(PolicyError::NoApplication)?;
    if application.vendor.id == vendor.id { Ok(application) } else { Err(PolicyError::NotYours) }
}

impl Refusal for PolicyError {
    fn slug(&self) -> Slug {
        match self {
            Self::NoApplication => Slug::NotFound,
            Self::NotYours => Slug::Forbidden,
            Self::Invalid(_) => Slug::InvalidManifest,
            Self::Store(_) => Slug::ServerError,
        }
    }

    fn help(&self) -> Option<String> {
        let help = match self {
            Self::NoApplication => "`trybuy-vendor releases` lists what you have published",
            Self::NotYours => "use the token of the vendor that it belongs to",
            Self::Invalid(_) => "correct it in the policy",
            Self::Store(_) => return None,
        };
        Some(help.to_owned())
    }
}
