//! Policies with a name, which a vendor sets for several applications.

use trybuy_formats::api::{Profile, ProfilesAnswer, SetProfile};
use trybuy_formats::ids::Label;
use trybuy_formats::policy::InvalidPolicy;
use trybuy_formats::slug::Slug;

use crate::app::App;
use crate::refusal::Refusal;
use crate::store::{ProfileUpdate, ProfileUpdated, StoreError, Vendor};

use super::policies::CHANGED;

/// Why a profile is not changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProfileError {
    /// There is none of that name.
    #[error("there is no profile `{0}`")]
    NoProfile(Label),
    /// Somebody else changed it meanwhile.
    #[error("the profile `{0}` was changed meanwhile")]
    Changed(Label),
    /// A vendor has at most 1000 profiles.
    #[error("there are 1000 profiles, and no room for another one")]
    Full,
    /// A value is out of its range.
    #[error(transparent)]
    Invalid(#[from] InvalidPolicy),
    /// The store failed.
    #[error("the store failed")]
    Store(#[from] StoreError),
}

/// The profiles of a vendor.
///
/// # Errors
/// When the store fails.
pub async fn profiles_of(app: &App, vendor: &Vendor) -> Result<ProfilesAnswer, ProfileError> {
    Ok(ProfilesAnswer { profiles: app.store.profiles(vendor.id).await? })
}

/// Makes or changes a profile. What was set from it before stays as it is.
///
/// # Errors
/// When a value is out of its range, there is no room, or it was changed meanwhile.
pub async fn set_profile(
    app: &App,
    vendor: &Vendor,
    name: Label,
    change: SetProfile,
) -> Result<Profile, ProfileError> {
    let SetProfile { policy, in_place_of } = change;
    policy.validate()?;
    let profile = Profile { name, policy, changed_at: app.clock.now() };
    let update = ProfileUpdate { vendor: vendor.id, profile, in_place_of };
    match app.store.update_profile(&update).await? {
        ProfileUpdated::Done => Ok(update.profile),
        ProfileUpdated::Other => Err(ProfileError::Changed(update.profile.name)),
        ProfileUpdated::Full => Err(ProfileError::Full),
    }
}

/// Removes a profile. What was set from it stays as it is.
///
/// # Errors
/// When there is none.
pub async fn remove_profile(app: &App, vendor: &Vendor, name: &Label) -> Result<(), ProfileError> {
    let removed = app.store.remove_profile(vendor.id, name).await?;
    if removed { Ok(()) } else { Err(ProfileError::NoProfile(name.clone())) }
}

impl Refusal for ProfileError {
    fn slug(&self) -> Slug {
        match self {
            Self::NoProfile(_) => Slug::NotFound,
            Self::Changed(_) => Slug::PolicyChanged,
            Self::Full => Slug::TooLarge,
            Self::Invalid(_) => Slug::InvalidManifest,
            Self::Store(_) => Slug::ServerError,
        }
    }

    fn help(&self) -> Option<String> {
        let help = match self {
            Self::NoProfile(_) => "`trybuy-vendor profile list` shows all",
            Self::Full => "remove one that is not needed with `trybuy-vendor profile remove`",
            Self::Changed(_) => CHANGED,
            Self::Invalid(_) => "correct it in the policy",
            Self::Store(_) => return None,
        };
        Some(help.to_owned())
    }
}
